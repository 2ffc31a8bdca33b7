//! Bills of the month before.

use comporta_jobs::{Context, Job, JobError};
use serde::{Deserialize, Serialize};

use crate::{Bills, Error};

/// Each day: issues what is not yet issued of the month before. On the first of a month that is the month's bills; on
/// any other day, what a failure left.
#[derive(Debug, Serialize, Deserialize)]
pub struct IssueInvoices {}

impl Job for IssueInvoices {
    const NAME: &'static str = "issue_invoices";
    type State = Bills;

    async fn run(&self, context: &Context<Bills>) -> Result<(), JobError> {
        let bills = &context.state;
        let Some(month) = bills.last_month() else { return Ok(()) };
        match bills.run(month, None).await {
            // The companies that failed were told one by one; the next day tries them again.
            Ok(_) => Ok(()),
            Err(Error::NoBiller) => {
                tracing::warn!(%month, "nothing was billed: billing.company_id is not set");
                Ok(())
            }
            Err(error) => Err(JobError::retry(error)),
        }
    }
}
