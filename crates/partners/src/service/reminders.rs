//! E-mails that tell a company that one of its keys ends soon.

use comporta_jobs::{Context, EnqueueError, EnqueueOptions, Job, JobError, Queue};
use comporta_kernel::{Timestamp, Zone};
use comporta_mail::{Body, Mailer, Message};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Partners;
use crate::store::reminders::Ending;
use crate::{CompanyStatus, Error, Key, KeyId, KeyState};

/// Keys looked at in one turn.
const PAGE: u16 = 200;

/// Looks for keys that end soon, and enqueues a letter for each step that is reached: once for each key, end and step.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemindOfKeys {}

/// Tells a company that a key ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendKeyReminder {
    key_id: KeyId,
    ends_at: Timestamp,
    days: u16,
}

impl Job for RemindOfKeys {
    const NAME: &'static str = "remind_of_keys";
    /// The days before its end at which a key's company is told.
    type State = (Partners, Queue, Vec<u16>);

    async fn run(&self, context: &Context<Self::State>) -> Result<(), JobError> {
        let (partners, queue, steps) = &context.state;
        let told = partners.remind_of_keys(queue, steps).await.map_err(as_job_error)?;
        tracing::info!(told, "companies are told of keys that end");
        Ok(())
    }
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
        let now = partners.clock.now();
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

impl Partners {
    pub(crate) async fn remind_of_keys(&self, queue: &Queue, steps: &[u16]) -> Result<u32, Error> {
        let Some(longest) = steps.iter().max() else { return Ok(0) };
        let now = self.clock.now();
        let until = now.checked_add(days(*longest)).unwrap_or(Timestamp::MAX);
        let (mut after, mut told) = (None, 0);
        loop {
            let ending = self.reminders.ending(now, until, after, PAGE).await?;
            let mut tx = self.db.begin().await?;
            for key in &ending {
                let Some(days) = step(key, steps, now) else { continue };
                if self.reminders.note(&mut tx, key, days, now).await? {
                    let job = SendKeyReminder { key_id: key.id, ends_at: key.ends_at, days };
                    match queue.enqueue_in(&mut tx, &job, EnqueueOptions::default()).await {
                        Ok(_) => told += 1,
                        Err(EnqueueError::Db(error)) => return Err(error.into()),
                        Err(error @ EnqueueError::Encode { .. }) => tracing::error!(%error, "a job is lost"),
                    }
                }
            }
            tx.commit().await?;
            let full = ending.len() == usize::from(PAGE);
            after = ending.last().filter(|_| full).map(|last| (last.ends_at, last.id));
            if after.is_none() {
                return Ok(told);
            }
        }
    }
}

/// The step that a key has reached: the least one that its end is within. A key that was made to live no longer than
/// that is not spoken of.
fn step(key: &Ending, steps: &[u16], now: Timestamp) -> Option<u16> {
    let (left, life) = (key.ends_at.duration_since(now), key.ends_at.duration_since(key.made_at));
    let reached = steps.iter().copied().filter(|step| left <= days(*step)).min()?;
    (life > days(reached)).then_some(reached)
}

const fn days(number: u16) -> SignedDuration {
    SignedDuration::from_hours(number as i64 * 24)
}

fn as_job_error(error: Error) -> JobError {
    match error {
        Error::Db(error) => error.into(),
        error => JobError::give_up(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_step_reached_counts_and_a_key_made_for_less_is_not_spoken_of() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let ending = |made: &str, ends: &str| Ending {
            id: "key_00000000000000000000000001".parse().unwrap(),
            made_at: at(made),
            ends_at: at(ends),
        };
        let yearly = ending("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        for (now, reached) in [
            ("2026-12-01T23:59:59Z", None),
            ("2026-12-02T00:00:00Z", Some(30)),
            ("2026-12-24T23:00:00Z", Some(30)),
            ("2026-12-25T00:00:00Z", Some(7)),
            ("2026-12-31T00:00:00Z", Some(1)),
        ] {
            assert_eq!(step(&yearly, &[30, 7, 1], at(now)), reached, "{now}");
        }
        let weekly = ending("2026-12-25T00:00:00Z", "2027-01-01T00:00:00Z");
        assert_eq!(step(&weekly, &[30, 7, 1], at("2026-12-26T00:00:00Z")), None);
        assert_eq!(step(&weekly, &[30, 7, 1], at("2026-12-31T12:00:00Z")), Some(1));
    }
}
