//! What the capability asks of a database.

pub(crate) mod audit;
#[cfg(test)]
mod contract;
pub(crate) mod invoices;
pub(crate) mod plans;
mod postgres;
pub(crate) mod quotas;
pub(crate) mod reminders;
pub(crate) mod request_log;
mod sqlite;
mod statements;
pub(crate) mod usage;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Tx};
use comporta_kernel::{CompanyId, Timestamp, Uuid};

use crate::model::{Digest, Holding, Rehash, Rotation, Standing, Use};
use crate::{Company, CompanyChange, Error, Key, KeyChange, KeyId, PepperId, PlanInForce};

/// Up to where changes were followed: what comes after has a later epoch, or the same and a later id.
pub(crate) type Followed = (i64, Uuid);

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
    /// The company as it was and as it is now. Another plan is held from the given instant on.
    async fn change_company(
        &self,
        tx: &mut Tx,
        id: CompanyId,
        change: CompanyChange,
        at: Timestamp,
    ) -> Result<(Company, Company), Error>;

    async fn insert_key(&self, tx: &mut Tx, key: &Key, secret: &Digest) -> Result<(), Error>;
    async fn key(&self, id: KeyId) -> Result<Option<Key>, Error>;
    /// At most `limit` of a company's keys, oldest first, from after the given one on.
    async fn keys(&self, company: CompanyId, after: Option<KeyId>, limit: u16) -> Result<Vec<Key>, Error>;
    /// The new key and the old one as it is from now on.
    async fn rotate_key(&self, tx: &mut Tx, rotation: Rotation) -> Result<(Key, Key), Error>;
    /// The key, and whether it was not revoked before.
    async fn revoke_key(&self, tx: &mut Tx, id: KeyId, at: Timestamp) -> Result<(Key, bool), Error>;
    /// The key as it was and as it is now.
    async fn change_key(
        &self,
        tx: &mut Tx,
        id: KeyId,
        change: KeyChange,
        at: Timestamp,
    ) -> Result<(Key, Key), Error>;
    /// Puts other digests in the place of those that are as they were.
    async fn rehash(&self, rehashes: &[Rehash]) -> Result<(), Error>;
    /// Notes when keys were used, never earlier than noted before; gives those that it noted. Whom somebody else is
    /// just changing it passes over.
    async fn note_uses(&self, uses: &[Use]) -> Result<Vec<KeyId>, Error>;
    /// How many good keys are under each pepper; `None` for those that name none.
    async fn keys_by_pepper(&self, at: Timestamp) -> Result<Vec<(Option<PepperId>, u64)>, Error>;

    /// The epoch of the last change.
    async fn epoch(&self) -> Result<i64, Error>;
    /// At most `limit` of what has changed since, in the order of the changes.
    async fn changed_keys(&self, after: Followed, limit: u16) -> Result<Vec<Holding>, Error>;
    async fn changed_companies(&self, after: Followed, limit: u16) -> Result<Vec<Standing>, Error>;
    async fn changed_plans(&self, epoch: i64) -> Result<Vec<PlanInForce>, Error>;
    async fn holding(&self, id: KeyId) -> Result<Option<Holding>, Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn Store> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresStore(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteStore(db.clone())),
    }
}

/// The addresses as they are kept: none for a key that may be used from anywhere.
fn addresses(key: &Key) -> Option<String> {
    let addresses = &key.allowed_addresses;
    (!addresses.is_empty()).then(|| addresses.to_string())
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32], comporta_db::Error> {
    bytes.try_into().map_err(|_| comporta_db::Error::Corrupt { column: "api_key.digest" })
}
