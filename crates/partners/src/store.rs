//! What the capability asks of a database.

#[cfg(test)]
mod contract;
pub(crate) mod plans;
mod postgres;
pub(crate) mod quotas;
mod sqlite;
mod statements;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Tx};
use comporta_kernel::{CompanyId, Timestamp};

use crate::model::{Changes, Holding, Rotation};
use crate::{Company, CompanyChange, Error, Key, KeyId};

/// Whole use cases, each atomic. Every change to a key or a company raises the one epoch first: the row's lock puts the
/// changes one after the other, so that who has seen an epoch has seen all that came before it.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// Whether there is any company; nobody else can make the first one until the transaction ends.
    async fn has_companies(&self, tx: &mut Tx) -> Result<bool, Error>;
    async fn insert_company(&self, tx: &mut Tx, company: &Company) -> Result<(), Error>;
    async fn company(&self, id: CompanyId) -> Result<Option<Company>, Error>;
    /// At most `limit` companies, oldest first, from after the given one on.
    async fn companies(&self, after: Option<CompanyId>, limit: u16) -> Result<Vec<Company>, Error>;
    async fn change_company(&self, id: CompanyId, change: CompanyChange) -> Result<Company, Error>;

    async fn insert_key(&self, tx: &mut Tx, key: &Key, digest: &[u8; 32]) -> Result<(), Error>;
    async fn key(&self, id: KeyId) -> Result<Option<Key>, Error>;
    /// At most `limit` of a company's keys, oldest first, from after the given one on.
    async fn keys(&self, company: CompanyId, after: Option<KeyId>, limit: u16) -> Result<Vec<Key>, Error>;
    /// The new key and the old one as it is from now on.
    async fn rotate_key(&self, rotation: Rotation) -> Result<(Key, Key), Error>;
    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<Key, Error>;

    /// What has changed after an epoch.
    async fn changes_since(&self, epoch: i64) -> Result<Changes, Error>;
    async fn holding(&self, id: KeyId) -> Result<Option<Holding>, Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn Store> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresStore(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteStore(db.clone())),
    }
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32], comporta_db::Error> {
    bytes.try_into().map_err(|_| comporta_db::Error::Corrupt { column: "api_key.digest" })
}
