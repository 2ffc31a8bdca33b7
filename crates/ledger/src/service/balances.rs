//! Daily balances and the cash-flow report.

use std::sync::Arc;

use comporta_kernel::{BusinessDate, CompanyId};

use super::Ledger;
use crate::error::Error;
use crate::model::{Account, AccountId, CashFlow, DayBalance, GroupBy, Movement, group};

/// Days of a range at most: ten years.
const LONGEST_RANGE: i32 = 3_660;

/// A cash-flow report.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) account: Arc<Account>,
    pub(crate) cash_flow: CashFlow,
    /// Instead of the rows by time, when the report is by category.
    pub(crate) categories: Option<Vec<(String, Movement)>>,
}

impl Ledger {
    /// Every calendar day from `from` to `to` (by default the thirty-one days up to today), quiet ones too.
    pub(crate) async fn daily_balances(
        &self,
        company: CompanyId,
        account: Option<AccountId>,
        from: Option<BusinessDate>,
        to: Option<BusinessDate>,
    ) -> Result<(Arc<Account>, Vec<DayBalance>), Error> {
        let account = self.resolve(company, account).await?;
        let (from, to) = self.range(&account, from, to)?;
        let movements = self.store().movements(company, account.id, from, to).await?;
        let days = movements.balances(&account, from, to);
        Ok((account, days))
    }

    /// The cash-flow report of a range.
    pub(crate) async fn report(
        &self,
        company: CompanyId,
        account: Option<AccountId>,
        from: Option<BusinessDate>,
        to: Option<BusinessDate>,
        by: GroupBy,
    ) -> Result<Report, Error> {
        let account = self.resolve(company, account).await?;
        let (from, to) = self.range(&account, from, to)?;
        let (movements, categories) = match by {
            GroupBy::Category => {
                let (movements, categories) =
                    self.store().movements_by_category(company, account.id, from, to).await?;
                (movements, Some(categories))
            }
            GroupBy::Day | GroupBy::Week | GroupBy::Month => {
                (self.store().movements(company, account.id, from, to).await?, None)
            }
        };
        let days = movements.balances(&account, from, to);
        let cash_flow =
            group(&days, by).ok_or_else(|| Error::field("?to", "expected a day not before from"))?;
        Ok(Report { account, cash_flow, categories })
    }

    fn range(
        &self,
        account: &Account,
        from: Option<BusinessDate>,
        to: Option<BusinessDate>,
    ) -> Result<(BusinessDate, BusinessDate), Error> {
        let to = to.unwrap_or_else(|| from.map_or(self.today(account), |from| from.max(self.today(account))));
        let from = from.unwrap_or_else(|| to.plus_days(-30));
        if from > to {
            return Err(Error::field("?to", "expected a day not before from"));
        }
        if from.days_until(to) >= LONGEST_RANGE {
            return Err(Error::field("?to", format!("expected a range of at most {LONGEST_RANGE} days")));
        }
        Ok((from, to))
    }
}
