//! Closing and reopening months.

use comporta_kernel::{CompanyId, Month};

use super::Ledger;
use crate::error::Error;

impl Ledger {
    /// Closes a month for all of a company's accounts: from now on it takes no entry. Closing it again changes
    /// nothing.
    pub(crate) async fn close_period(&self, company: CompanyId, month: Month, by: &str) -> Result<(), Error> {
        self.set_period(company, month, true, by).await
    }

    /// Opens a closed month again. Opening an open one changes nothing.
    pub(crate) async fn reopen_period(
        &self,
        company: CompanyId,
        month: Month,
        by: &str,
    ) -> Result<(), Error> {
        self.set_period(company, month, false, by).await
    }

    async fn set_period(
        &self,
        company: CompanyId,
        month: Month,
        closed: bool,
        by: &str,
    ) -> Result<(), Error> {
        let changed = self.store().set_period(company, month, closed, self.0.clock.now(), by).await?;
        if changed {
            tracing::info!(%company, %month, closed, by, "a month was closed or reopened");
        }
        Ok(())
    }
}
