//! Making and finding accounts.

use std::sync::Arc;

use comporta_db::Tx;
use comporta_http::Remembered;
use comporta_kernel::{BusinessDate, CompanyId, Money, RequestKey, Timestamp, Total};

use super::Ledger;
use crate::error::Error;
use crate::model::{Account, AccountId, MAIN, NewAccount};

/// An account made now, or the answer given when the same request made it before.
#[derive(Debug)]
pub(crate) enum CreatedAccount {
    Now(Account, Total),
    Before(Remembered),
}

impl Ledger {
    /// Makes a company's ledger and its `main` account in the transaction that makes the company.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_in(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        at: Timestamp,
    ) -> Result<(), comporta_db::Error> {
        let options = &self.0.options;
        let main = Account {
            company_id: company,
            id: self.0.ids.next(),
            name: MAIN.to_owned(),
            currency: options.currency,
            time_zone: options.time_zone.clone(),
            opening_balance: Money::ZERO,
            opening_date: options.time_zone.date_of(at).unwrap_or(BusinessDate::MAX),
            created_at: at,
        };
        self.store().open_ledger(tx, &main).await
    }

    /// Adds an account to a company. `answer` says what to remember under the request's key.
    pub(crate) async fn create_account(
        &self,
        company: CompanyId,
        new: NewAccount,
        key: Option<&RequestKey>,
        answer: impl Fn(&Account, Total) -> Remembered + Send,
    ) -> Result<CreatedAccount, Error> {
        let mut tx = self.0.db.begin().await?;
        if let Some(key) = key
            && let Some(before) = self.0.idempotency.claim(&mut tx, company, key).await?
        {
            return Ok(CreatedAccount::Before(before));
        }
        let account = self.account_from(company, new);
        let inserted = self.store().insert_account(&mut tx, &account).await;
        inserted.map_err(
            |error| if error.is_unique_violation() { Error::AccountNameTaken } else { error.into() },
        )?;
        let balance = opened_balance(&account, self.today(&account));
        if let Some(key) = key {
            self.0.idempotency.remember(&mut tx, company, key, &answer(&account, balance)).await?;
        }
        tx.commit().await?;
        Ok(CreatedAccount::Now(account, balance))
    }

    fn account_from(&self, company: CompanyId, new: NewAccount) -> Account {
        let options = &self.0.options;
        let time_zone = new.time_zone.unwrap_or_else(|| options.time_zone.clone());
        let now = self.0.clock.now();
        Account {
            company_id: company,
            id: self.0.ids.next(),
            name: new.name.into_string(),
            currency: new.currency.unwrap_or(options.currency),
            opening_balance: new.opening_balance.unwrap_or(Money::ZERO),
            opening_date: new.opening_date.or_else(|| time_zone.date_of(now)).unwrap_or(BusinessDate::MAX),
            time_zone,
            created_at: now,
        }
    }

    /// An account and what it holds at the end of today, by its own calendar.
    pub(crate) async fn account(
        &self,
        company: CompanyId,
        id: AccountId,
    ) -> Result<(Arc<Account>, Total), Error> {
        let account = self.resolve(company, Some(id)).await?;
        let balance = self.balance_today(&account).await?;
        Ok((account, balance))
    }

    /// A company's accounts in the order they were made, each with its balance.
    pub(crate) async fn accounts(
        &self,
        company: CompanyId,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<(Account, Total)>, Error> {
        let accounts = self.store().accounts(company, after, limit).await?;
        let mut all = Vec::with_capacity(accounts.len());
        for account in accounts {
            let balance = self.balance_today(&account).await?;
            all.push((account, balance));
        }
        Ok(all)
    }

    async fn balance_today(&self, account: &Account) -> Result<Total, Error> {
        let today = self.today(account);
        let movements = self.store().movements(account.company_id, account.id, today, today).await?;
        let days = movements.balances(account, today, today);
        Ok(days.last().map_or(Total::ZERO, crate::model::DayBalance::closing))
    }
}

/// What an account without entries holds at the end of a day.
fn opened_balance(account: &Account, day: BusinessDate) -> Total {
    if account.opening_date <= day { account.opening_balance.into() } else { Total::ZERO }
}
