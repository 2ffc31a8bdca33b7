//! The e-mail that tells a company how much of its quota is in use.

use comporta_jobs::{Context, Job, JobError};
use comporta_kernel::{CompanyId, Timestamp};
use comporta_mail::{Body, Mailer, Message};
use serde::{Deserialize, Serialize};

use crate::model::Ask;
use crate::{Company, Email, Error, Partners};

/// Tells a company that so much of its quota is in use. One per company, period and threshold: enqueued in the
/// transaction of the grant that crosses it.
#[derive(Debug, Serialize, Deserialize)]
pub struct WarnOfQuota {
    company_id: CompanyId,
    period: String,
    percent: u8,
    requests: u64,
    ends_at: Timestamp,
}

impl WarnOfQuota {
    pub(crate) fn of(ask: &Ask, percent: u8) -> Self {
        Self {
            company_id: ask.company_id,
            period: ask.period.name.to_string(),
            percent,
            requests: ask.quota,
            ends_at: ask.period.ends_at,
        }
    }

    fn letter(&self, company: &Company, to: &Email) -> Message {
        let Self { company_id, period, percent, requests, ends_at } = self;
        let name = &company.name;
        let (subject, refused, refused_in_english) = match percent {
            100.. => (
                format!("Cota de {period} esgotada / Quota of {period} used up"),
                format!("Novas chamadas são recusadas (429) até {ends_at}."),
                format!("Further calls are refused (429) until {ends_at}."),
            ),
            _ => (
                format!("{percent}% da cota de {period} em uso / {percent}% of the quota of {period} in use"),
                format!("Esgotada a cota, novas chamadas serão recusadas (429) até {ends_at}."),
                format!("Once it is used up, further calls are refused (429) until {ends_at}."),
            ),
        };
        let portuguese = format!(
            "Olá, {name}.\n\n{percent}% da sua cota de {requests} chamadas do período {period} está em uso. {refused}"
        );
        let english = format!(
            "Hello, {name}.\n\n{percent}% of your quota of {requests} calls in {period} is in use. {refused_in_english}"
        );
        let id = format!("quota-{percent}-{company_id}-{period}");
        Message::new(id, to.as_str(), subject, Body::in_both(&portuguese, &english))
    }
}

impl Job for WarnOfQuota {
    const NAME: &'static str = "warn_of_quota";
    type State = (Partners, Mailer);

    async fn run(&self, context: &Context<Self::State>) -> Result<(), JobError> {
        let (partners, mailer) = &context.state;
        let company = match partners.company(self.company_id).await {
            Ok(company) => company,
            Err(Error::Db(error)) => return Err(error.into()),
            Err(error) => return Err(JobError::give_up(error)),
        };
        let Some(to) = &company.email else {
            tracing::info!(company_id = %company.id, "a company without an e-mail address is not warned");
            return Ok(());
        };
        match mailer.send(&self.letter(&company, to)).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_permanent() => Err(JobError::give_up(error)),
            // The server may have it already, but the same letter again does less harm than none.
            Err(error) => Err(JobError::retry(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CompanyStatus;

    #[test]
    fn a_warning_says_how_much_is_in_use_in_both_languages_and_has_one_name() {
        let id: CompanyId = "cmp_00000000000000000000000000".parse().unwrap();
        let company = Company {
            id,
            name: "Padaria Aurora".parse().unwrap(),
            document: None,
            email: None,
            address: None,
            plan: None,
            status: CompanyStatus::Active,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let ends_at = "2026-12-01T03:00:00Z".parse().unwrap();
        let warning = |percent| WarnOfQuota {
            company_id: id,
            period: "2026-11".to_owned(),
            percent,
            requests: 10_000,
            ends_at,
        };
        let to = "ana@example.com".parse().unwrap();
        let letter = warning(80).letter(&company, &to);
        assert_eq!(letter.id(), "quota-80-cmp_00000000000000000000000000-2026-11");
        let text = format!("{letter:?}");
        for part in ["80% da sua cota de 10000 chamadas", "80% of your quota", "2026-12-01T03:00:00Z"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            format!("{:?}", warning(100).letter(&company, &to))
                .contains("esgotada / Quota of 2026-11 used up")
        );
    }
}
