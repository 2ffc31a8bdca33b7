//! What the capability asks of a database.

#[cfg(test)]
mod contract;
mod postgres;
mod sqlite;
mod statements;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Tx};

use crate::model::KeptKey;
use crate::{Error, NewStaff, SigningKeyId, Staff, StaffEmail, StaffId};

/// Whole use cases, each atomic.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    async fn insert(&self, tx: &mut Tx, new: &NewStaff) -> Result<(), Error>;
    async fn set_password(&self, email: &StaffEmail, hash: &str) -> Result<Staff, Error>;
    async fn set_token(&self, id: StaffId, digest: &[u8; 32]) -> Result<(), Error>;
    /// A staff user and its password's hash.
    async fn by_email(&self, email: &StaffEmail) -> Result<Option<(Staff, String)>, Error>;
    /// A staff user who has an admin token, and the token's digest.
    async fn by_id(&self, id: StaffId) -> Result<Option<(Staff, Vec<u8>)>, Error>;

    /// Every signing key, those of one algorithm together and oldest first.
    async fn signing_keys(&self) -> Result<Vec<KeptKey>, Error>;
    /// Whether the key took its place: its algorithm's generation may have another one by now.
    async fn insert_signing_key(&self, key: &KeptKey) -> Result<bool, Error>;
    /// Puts what was sealed anew in the place of what lies there, unless somebody was first.
    async fn reseal_signing_key(&self, id: SigningKeyId, old: &[u8], new: &[u8]) -> Result<(), Error>;
    /// Deletes keys; those that are not there are no error.
    async fn delete_signing_keys(&self, ids: &[SigningKeyId]) -> Result<(), Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn Store> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresStore(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteStore(db.clone())),
    }
}

/// The e-mail address is the one thing that two staff users might want alike.
fn refused(error: sqlx::Error) -> Error {
    let error = comporta_db::Error::from(error);
    match error.constraint() {
        Some("staff_email_key" | "staff.email") => Error::EmailTaken,
        _ => error.into(),
    }
}
