//! The e-mail that tells a company how much of its quota is in use.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_jobs::{Context, Job, JobError};
use comporta_kernel::{CompanyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::Ask;
use crate::{CompanyName, Email, Error, Partners};

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

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaNotice {
    /// To whom.
    pub to: Email,
    /// The company that it is about.
    pub company: CompanyName,
    /// Tells this notice from every other: a second one of the same name need not be sent.
    pub name: String,
    /// One line, Portuguese and English.
    pub subject: String,
    /// Plain text, Portuguese, then English.
    pub text: String,
}

/// Who sends notices to companies.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Sends one, or says why not.
    ///
    /// # Errors
    /// Whatever may pass, or never will.
    async fn send(&self, notice: QuotaNotice) -> Result<(), JobError>;
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

    fn notice(&self, to: Email, company: CompanyName) -> QuotaNotice {
        let Self { company_id, period, percent, requests, ends_at } = self;
        let (subject, used_up) = match percent {
            100.. => (
                format!("Cota de {period} esgotada / Quota of {period} used up"),
                [
                    format!("Novas chamadas são recusadas (429) até {ends_at}."),
                    format!("Further calls are refused (429) until {ends_at}."),
                ],
            ),
            _ => (
                format!("{percent}% da cota de {period} em uso / {percent}% of the quota of {period} in use"),
                [
                    format!("Esgotada a cota, novas chamadas serão recusadas (429) até {ends_at}."),
                    format!("Once it is used up, further calls are refused (429) until {ends_at}."),
                ],
            ),
        };
        let [refused, refused_in_english] = used_up;
        let text = format!(
            "Olá, {company}.\n\n\
             {percent}% da sua cota de {requests} chamadas do período {period} está em uso.\n{refused}\n\
             \n--\n\n\
             Hello, {company}.\n\n\
             {percent}% of your quota of {requests} calls in {period} is in use.\n{refused_in_english}\n"
        );
        QuotaNotice { to, company, name: format!("quota@{company_id}@{period}@{percent}"), subject, text }
    }
}

impl Job for WarnOfQuota {
    const NAME: &'static str = "warn_of_quota";
    type State = (Partners, Arc<dyn Notices>);

    async fn run(&self, context: &Context<Self::State>) -> Result<(), JobError> {
        let (partners, notices) = &context.state;
        let company = match partners.company(self.company_id).await {
            Ok(company) => company,
            Err(Error::Db(error)) => return Err(error.into()),
            Err(error) => return Err(JobError::give_up(error)),
        };
        match company.email {
            Some(to) => notices.send(self.notice(to, company.name)).await,
            None => {
                tracing::info!(company_id = %company.id, "a company without an e-mail address is not warned");
                Ok(())
            }
        }
    }
}
