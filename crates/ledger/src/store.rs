//! What the ledger asks of a database: whole use cases, each atomic, the same on both engines.

#[cfg(test)]
mod contract;
mod postgres;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Error, Tx};
use comporta_kernel::{BusinessDate, CompanyId, Month, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::{Account, AccountId, Entry, EntryId, Kind, Movement, Movements, Outcome, Posting};

/// Which entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryFilter {
    pub(crate) from: Option<BusinessDate>,
    pub(crate) to: Option<BusinessDate>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) kind: Option<Kind>,
    pub(crate) category: Option<String>,
    pub(crate) external_id: Option<String>,
    /// Part of the description; ASCII letters match either case.
    pub(crate) q: Option<String>,
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

/// The deltas of postings: one per account, day and category, in the order of their keys. A sum that would not
/// fit its column becomes two deltas.
pub(crate) fn deltas<'a>(postings: impl Iterator<Item = &'a Posting>) -> Vec<Delta<'a>> {
    let mut all: std::collections::BTreeMap<
        (CompanyId, AccountId, BusinessDate, &str),
        Vec<(i64, i64, i64)>,
    > = Default::default();
    for posting in postings {
        for entry in &posting.entries {
            let key = (
                posting.company_id,
                entry.account_id,
                entry.business_date,
                entry.category.as_deref().unwrap_or_default(),
            );
            let (credit, debit) = match entry.kind {
                Kind::Credit => (entry.amount.centavos(), 0),
                Kind::Debit => (0, entry.amount.centavos()),
            };
            let sums = all.entry(key).or_default();
            let grown = sums
                .last()
                .and_then(|(c, d, n)| Some((c.checked_add(credit)?, d.checked_add(debit)?, n + 1)));
            match (grown, sums.last_mut()) {
                (Some(grown), Some(last)) => *last = grown,
                _ => sums.push((credit, debit, 1)),
            }
        }
    }
    let rows = all.into_iter().flat_map(|((company, account, day, category), sums)| {
        sums.into_iter().map(move |(credits, debits, entries)| Delta {
            company,
            account,
            day,
            category,
            credits,
            debits,
            entries,
        })
    });
    rows.collect()
}

/// What a group of postings adds to one account, day and category.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Delta<'a> {
    pub(crate) company: CompanyId,
    pub(crate) account: AccountId,
    pub(crate) day: BusinessDate,
    pub(crate) category: &'a str,
    pub(crate) credits: i64,
    pub(crate) debits: i64,
    pub(crate) entries: i64,
}
