//! What the ledger asks of a database: whole use cases, each atomic, the same on both engines.

#[cfg(test)]
mod contract;
mod deltas;
mod postgres;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Error, Tx};
use comporta_kernel::{BusinessDate, CompanyId, Month, Timestamp};
use serde::{Deserialize, Serialize};

use self::deltas::deltas;
use crate::model::{
    Account, AccountId, Category, Entry, EntryId, ExternalId, Kind, Movement, Movements, Outcome, Posting,
    Text,
};

/// Which entries to list. Its texts are checked ones, because a cursor brings them back from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryFilter {
    pub(crate) from: Option<BusinessDate>,
    pub(crate) to: Option<BusinessDate>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) kind: Option<Kind>,
    pub(crate) category: Option<Category>,
    pub(crate) external_id: Option<ExternalId>,
    /// Part of the description; ASCII letters match either case.
    pub(crate) q: Option<Text<500>>,
}

impl EntryFilter {
    /// The last day that may still come, for a page that goes on from a place.
    fn last_day(&self, after: Option<EntryPlace>) -> Option<BusinessDate> {
        let from_place = after.map(|place| place.day);
        [self.to, from_place].into_iter().flatten().min()
    }
}

/// Where a list of entries goes on: newest day first, newest id first within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryPlace {
    pub(crate) day: BusinessDate,
    pub(crate) id: EntryId,
}

/// How the roll-up stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pending {
    /// Deltas not yet folded in.
    pub(crate) deltas: u64,
}

/// A sum that is not the sum of its entries: entries less what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drift {
    /// The table at fault: `daily_balance`, `monthly_balance` or `daily_category`.
    pub(crate) table: &'static str,
    /// The day, or the first of the month.
    pub(crate) day: BusinessDate,
    /// The category, for `daily_category`.
    pub(crate) category: String,
    /// What is missing (negative: what is too much).
    pub(crate) missing: SignedMovement,
}

/// A movement that may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SignedMovement {
    pub(crate) credits: comporta_kernel::Total,
    pub(crate) debits: comporta_kernel::Total,
    pub(crate) entries: i64,
}

#[async_trait]
pub(crate) trait Store: Send + Sync + std::fmt::Debug {
    /// Makes a company's ledger with its `main` account.
    async fn open_ledger(&self, tx: &mut Tx, main: &Account) -> Result<(), Error>;
    /// Adds an account; a taken name is a unique violation.
    async fn insert_account(&self, tx: &mut Tx, account: &Account) -> Result<(), Error>;
    async fn main_account(&self, company: CompanyId) -> Result<Option<Account>, Error>;
    async fn account(&self, company: CompanyId, id: AccountId) -> Result<Option<Account>, Error>;
    async fn accounts(
        &self,
        company: CompanyId,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<Account>, Error>;
    /// Every account there is, for reconciliation, in the order of (company, id).
    async fn all_accounts(
        &self,
        after: Option<(CompanyId, AccountId)>,
        limit: u16,
    ) -> Result<Vec<Account>, Error>;

    /// Writes those postings of a group that may stand, with their deltas, in one transaction.
    async fn post(&self, group: &[Arc<Posting>]) -> Result<Vec<Outcome>, Error>;
    async fn entry(&self, company: CompanyId, id: EntryId) -> Result<Option<Entry>, Error>;
    async fn entries(
        &self,
        company: CompanyId,
        filter: &EntryFilter,
        after: Option<EntryPlace>,
        limit: u16,
    ) -> Result<Vec<Entry>, Error>;
    /// Credits in the order they were recorded.
    async fn credits(
        &self,
        company: CompanyId,
        after: Option<EntryId>,
        limit: u16,
    ) -> Result<Vec<Entry>, Error>;

    /// All that moved in an account up to `to`, read in one statement: exact and current, rolled up or not.
    async fn movements(
        &self,
        company: CompanyId,
        account: AccountId,
        from: BusinessDate,
        to: BusinessDate,
    ) -> Result<Movements, Error>;
    /// The same, and by category what moved within the days (entries without one under the empty name): both at
    /// one instant.
    async fn movements_by_category(
        &self,
        company: CompanyId,
        account: AccountId,
        from: BusinessDate,
        to: BusinessDate,
    ) -> Result<(Movements, Vec<(String, Movement)>), Error>;

    /// Closes or reopens a month; false when it already stood so. Waits for entries being written.
    async fn set_period(
        &self,
        company: CompanyId,
        month: Month,
        closed: bool,
        at: Timestamp,
        by: &str,
    ) -> Result<bool, Error>;

    /// Folds up to `limit` waiting deltas into the sums, in one transaction; gives how many.
    async fn consolidate(&self, limit: u32) -> Result<u64, Error>;
    async fn pending(&self) -> Result<Pending, Error>;
    /// Every sum of an account that is not the sum of its entries. Changes nothing.
    async fn drifts(&self, company: CompanyId, account: AccountId) -> Result<Vec<Drift>, Error>;
    /// Sets every sum of an account right, in one transaction; gives what it mended.
    async fn mend(&self, company: CompanyId, account: AccountId) -> Result<Vec<Drift>, Error>;
}

/// The store for the engine that is open.
pub(crate) fn open(db: &Db) -> Arc<dyn Store> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresStore::new(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteStore::new(db.clone())),
    }
}
