//! What the capability asks of a database.

#[cfg(test)]
mod contract;
mod postgres;
mod sqlite;
mod statements;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Tx};

use crate::{Error, NewStaff, Staff, StaffEmail, StaffId};

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
