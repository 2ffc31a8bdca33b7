//! The e-mail that tells a company that one of its keys ends.

use comporta_jobs::{Context, Job, JobError};
use comporta_kernel::{Timestamp, Zone};
use comporta_mail::{Body, Mailer, Message};
use serde::{Deserialize, Serialize};

use crate::{CompanyStatus, Error, Key, KeyId, KeyState, Partners};

/// Tells a company that a key ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendKeyReminder {
    pub(crate) key_id: KeyId,
    pub(crate) ends_at: Timestamp,
    pub(crate) days: u16,
}

impl Job for SendKeyReminder {
    const NAME: &'static str = "send_key_reminder";
    type State = (Partners, Mailer, Zone);

    async fn run(&self, context: &Context<Self::State>) -> Result<(), JobError> {
        let (partners, mailer, zone) = &context.state;
        let Some(message) = self.message(partners, zone).await.map_err(as_job_error)? else { return Ok(()) };
        match mailer.send(&message).await {
            Err(error) if error.is_permanent() => Err(JobError::give_up(error)),
            // A reminder that comes twice does no harm; one that does not come, does.
            sent => sent.map_err(JobError::retry),
        }
    }
}

impl SendKeyReminder {
    /// The letter, unless by now nobody needs it.
    async fn message(&self, partners: &Partners, zone: &Zone) -> Result<Option<Message>, Error> {
        let key = partners.key(self.key_id).await?;
        let company = partners.company(key.company_id).await?;
        let now = partners.clock().now();
        let needed = key.state(now) == KeyState::Active
            && key.replaced_by.is_none()
            && key.expires_at == Some(self.ends_at)
            && company.status == CompanyStatus::Active;
        Ok(company.email.filter(|_| needed).map(|email| self.written(&key, email.as_str(), zone, now)))
    }

    fn written(&self, key: &Key, to: &str, zone: &Zone, now: Timestamp) -> Message {
        let local =
            self.ends_at.in_tz(zone.name()).map(|local| local.strftime("%d/%m/%Y %H:%M (%Z)").to_string());
        let end = local.unwrap_or_else(|_| self.ends_at.to_string());
        let (id, name) = (key.id, &key.name);
        let days = (self.ends_at.duration_since(now).as_hours() + 23) / 24;
        let (dias, days) = match days {
            ..=1 => ("em até um dia".to_owned(), "within a day".to_owned()),
            days => (format!("em {days} dias"), format!("in {days} days")),
        };
        Message::new(
            format!("key-{id}-{}-{}", self.ends_at.as_second(), self.days),
            to,
            format!("A chave de API \"{name}\" expira {dias} / The API key \"{name}\" ends {days}"),
            Body::in_both(
                &format!(
                    "A chave de API \"{name}\" ({id}) expira {dias}: {end}.\n\n\
                     A partir desse momento as chamadas feitas com ela serão recusadas. Peça a troca da chave antes \
                     disso: a nova e a antiga podem valer juntas por algum tempo."
                ),
                &format!(
                    "The API key \"{name}\" ({id}) ends {days}: {end}.\n\n\
                     From then on calls made with it are refused. Ask for its rotation before: the new key and the \
                     old one can work side by side for a while."
                ),
            ),
        )
    }
}

/// A database that fails may answer again; what is not there will not come back.
pub(super) fn as_job_error(error: Error) -> JobError {
    match error {
        Error::Db(error) => error.into(),
        error => JobError::give_up(error),
    }
}
