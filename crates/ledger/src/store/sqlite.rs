//! The ledger on SQLite.

mod accounts;
mod balances;
mod consolidate;
mod drift;
mod entries;
mod post;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Connection, Error, Sqlite, Tx};
use comporta_kernel::{BusinessDate, CompanyId, Month, Timestamp};
use sqlx::SqliteConnection;

use super::{Drift, EntryFilter, EntryPlace, Pending, Store};
use crate::model::{Account, AccountId, Entry, EntryId, Movement, Movements, Outcome, Posting};

#[derive(Debug)]
pub(super) struct SqliteStore {
    db: Sqlite,
}

impl SqliteStore {
    pub(super) const fn new(db: Sqlite) -> Self {
        Self { db }
    }
}

fn connection(tx: &mut Tx) -> Result<&mut SqliteConnection, Error> {
    match tx.connection() {
        Connection::Sqlite(db) => Ok(db),
        Connection::Postgres(_) => Err(Error::WrongEngine),
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn open_ledger(&self, tx: &mut Tx, main: &Account) -> Result<(), Error> {
        accounts::open_ledger(connection(tx)?, main).await
    }

    async fn insert_account(&self, tx: &mut Tx, account: &Account) -> Result<(), Error> {
        accounts::insert(connection(tx)?, account).await
    }

    async fn main_account(&self, company: CompanyId) -> Result<Option<Account>, Error> {
        accounts::find_main(self.db.readers(), company).await
    }

    async fn account(&self, company: CompanyId, id: AccountId) -> Result<Option<Account>, Error> {
        accounts::find(self.db.readers(), company, id).await
    }

    async fn accounts(
        &self,
        company: CompanyId,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<Account>, Error> {
        accounts::list(self.db.readers(), company, after, limit).await
    }

    async fn all_accounts(
        &self,
        after: Option<(CompanyId, AccountId)>,
        limit: u16,
    ) -> Result<Vec<Account>, Error> {
        accounts::list_all(self.db.readers(), after, limit).await
    }

    async fn post(&self, group: &[Arc<Posting>]) -> Result<Vec<Outcome>, Error> {
        let mut tx = self.db.write().await?;
        let outcomes = post::post(&mut tx, group).await?;
        tx.commit().await?;
        Ok(outcomes)
    }

    async fn entry(&self, company: CompanyId, id: EntryId) -> Result<Option<Entry>, Error> {
        entries::find(self.db.readers(), company, id).await
    }

    async fn entries(
        &self,
        company: CompanyId,
        filter: &EntryFilter,
        after: Option<EntryPlace>,
        limit: u16,
    ) -> Result<Vec<Entry>, Error> {
        entries::list(self.db.scans(), company, filter, after, limit).await
    }

    async fn credits(
        &self,
        company: CompanyId,
        after: Option<EntryId>,
        limit: u16,
    ) -> Result<Vec<Entry>, Error> {
        entries::list_credits(self.db.scans(), company, after, limit).await
    }

    async fn movements(
        &self,
        company: CompanyId,
        account: AccountId,
        from: BusinessDate,
        to: BusinessDate,
    ) -> Result<Movements, Error> {
        balances::movements(self.db.readers(), company, account, from, to).await
    }

    async fn movements_by_category(
        &self,
        company: CompanyId,
        account: AccountId,
        from: BusinessDate,
        to: BusinessDate,
    ) -> Result<(Movements, Vec<(String, Movement)>), Error> {
        let mut snapshot = self.db.snapshot().await?;
        let movements = balances::movements(&mut *snapshot, company, account, from, to).await?;
        let categories = balances::by_category(&mut *snapshot, company, account, from, to).await?;
        Ok((movements, categories))
    }

    async fn set_period(
        &self,
        company: CompanyId,
        month: Month,
        closed: bool,
        at: Timestamp,
        by: &str,
    ) -> Result<bool, Error> {
        let mut tx = self.db.write().await?;
        let changed = post::set_period(&mut tx, company, month, closed, at, by).await?;
        tx.commit().await?;
        Ok(changed)
    }

    async fn consolidate(&self, limit: u32) -> Result<u64, Error> {
        consolidate::consolidate(&self.db, limit).await
    }

    async fn pending(&self) -> Result<Pending, Error> {
        consolidate::pending(self.db.readers()).await
    }

    async fn drifts(&self, company: CompanyId, account: AccountId) -> Result<Vec<Drift>, Error> {
        drift::find(self.db.scans(), company, account).await
    }

    async fn mend(&self, company: CompanyId, account: AccountId) -> Result<Vec<Drift>, Error> {
        let mut tx = self.db.write().await?;
        let mended = drift::mend(&mut tx, company, account).await?;
        tx.commit().await?;
        Ok(mended)
    }
}
