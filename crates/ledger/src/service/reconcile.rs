//! Reconciliation: every sum against the entries themselves; it repairs and tells.

use std::fmt;

use super::Ledger;
use crate::error::Error;
use crate::model::Account;
use crate::store::Drift;

const ACCOUNTS_AT_ONCE: u16 = 500;

/// A sum that was not the sum of its entries.
#[derive(Debug, Clone)]
pub struct Difference {
    account: Account,
    drift: Drift,
}

/// What a reconciliation found.
#[derive(Debug, Clone, Default)]
pub struct Repairs {
    /// Accounts compared.
    pub accounts: u64,
    /// What was wrong.
    pub differences: Vec<Difference>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Drift { table, day, category, missing } = &self.drift;
        write!(f, "{} {} {table} {day}", self.account.company_id, self.account.id)?;
        if !category.is_empty() {
            write!(f, " category {category:?}")?;
        }
        write!(
            f,
            ": missing credits {}, debits {}, entries {}",
            missing.credits, missing.debits, missing.entries
        )
    }
}

impl Ledger {
    /// Compares every sum with its entries and changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify(&self) -> Result<Repairs, Error> {
        self.walk(false).await
    }

    /// Compares every sum with its entries, sets right what differs, and logs each difference as an error.
    ///
    /// # Errors
    /// When the database fails; what was mended before stays mended.
    pub async fn reconcile(&self) -> Result<Repairs, Error> {
        let repairs = self.walk(true).await?;
        metrics::counter!("comporta_ledger_repaired_sums_total").increment(repairs.differences.len() as u64);
        tracing::info!(
            accounts = repairs.accounts,
            repaired = repairs.differences.len(),
            "balances were reconciled"
        );
        Ok(repairs)
    }

    async fn walk(&self, mend: bool) -> Result<Repairs, Error> {
        let mut repairs = Repairs::default();
        let mut after = None;
        loop {
            let accounts = self.store().all_accounts(after, ACCOUNTS_AT_ONCE).await?;
            let Some(last) = accounts.last() else { return Ok(repairs) };
            after = Some((last.company_id, last.id));
            for account in accounts {
                repairs.accounts += 1;
                let drifts = self.compare(&account, mend).await?;
                repairs
                    .differences
                    .extend(drifts.into_iter().map(|drift| Difference { account: account.clone(), drift }));
            }
        }
    }

    async fn compare(&self, account: &Account, mend: bool) -> Result<Vec<Drift>, Error> {
        let (company, id) = (account.company_id, account.id);
        let drifts = self.store().drifts(company, id).await?;
        if drifts.is_empty() || !mend {
            return Ok(drifts);
        }
        let mended = self.store().mend(company, id).await?;
        for drift in &mended {
            let difference = Difference { account: account.clone(), drift: drift.clone() };
            tracing::error!(%difference, "a balance was not the sum of its entries and was repaired");
        }
        Ok(mended)
    }
}
