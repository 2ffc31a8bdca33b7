//! [`Ledger`]: the only door to accounts, entries and balances.

mod accounts;
mod balances;
mod entries;
mod periods;
mod reconcile;

use std::sync::Arc;

use comporta_db::Db;
use comporta_http::Idempotency;
use comporta_kernel::{BusinessDate, Clock, CompanyId, Currency, IdSource, Zone};
use quick_cache::sync::Cache;

use crate::commit::Committer;
use crate::error::Error;
use crate::model::{Account, AccountId};
use crate::store::{self, Store};

pub(crate) use accounts::CreatedAccount;
pub(crate) use balances::Report;
pub(crate) use entries::{Posted, Refused};
pub use reconcile::{Difference, Repairs};

/// Accounts remembered at once: their facts never change, so the hot path need not ask for them.
const CACHED_ACCOUNTS: usize = 10_000;

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Options {
    /// The zone of accounts that name none.
    pub time_zone: Zone,
    /// The currency of accounts that name none.
    pub currency: Currency,
    /// Postings that may wait to be written; more are refused with 503.
    pub queue: usize,
    /// Postings per commit at most; 1 turns group commit off.
    pub commit_max: usize,
}

/// Accounts, entries, daily balances and closed months of every company. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    store: Arc<dyn Store>,
    committer: Committer,
    idempotency: Idempotency,
    clock: Clock,
    ids: IdSource,
    options: Options,
    accounts: Cache<(CompanyId, AccountId), Arc<Account>>,
    mains: Cache<CompanyId, Arc<Account>>,
}

impl Ledger {
    /// Opens the ledger on a database and starts its writers on the current runtime.
    #[must_use]
    pub fn new(db: Db, clock: Clock, ids: IdSource, options: Options) -> Self {
        let store = store::open(&db);
        let committer = Committer::start(&store, db.place(), options.queue, options.commit_max);
        let idempotency = Idempotency::new(clock.clone());
        let (accounts, mains) = (Cache::new(CACHED_ACCOUNTS), Cache::new(CACHED_ACCOUNTS));
        Self(Arc::new(Inner { db, store, committer, idempotency, clock, ids, options, accounts, mains }))
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    /// Today by the account's calendar.
    fn today(&self, account: &Account) -> BusinessDate {
        account.time_zone.date_of(self.0.clock.now()).unwrap_or(BusinessDate::MAX)
    }

    /// The account named, or the company's `main`.
    async fn resolve(&self, company: CompanyId, id: Option<AccountId>) -> Result<Arc<Account>, Error> {
        let store = &self.0.store;
        let (known, found) = match id {
            Some(id) => match self.0.accounts.get(&(company, id)) {
                Some(account) => (true, Some(account)),
                None => (false, store.account(company, id).await?.map(Arc::new)),
            },
            None => match self.0.mains.get(&company) {
                Some(account) => (true, Some(account)),
                None => (false, store.main_account(company).await?.map(Arc::new)),
            },
        };
        let account = found.ok_or(Error::NoSuchAccount)?;
        if !known {
            self.0.accounts.insert((company, account.id), Arc::clone(&account));
            if id.is_none() {
                self.0.mains.insert(company, Arc::clone(&account));
            }
        }
        Ok(account)
    }
}
