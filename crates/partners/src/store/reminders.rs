//! What reminders of keys that end ask of a database.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Tx};
use comporta_kernel::Timestamp;

use super::{postgres, sqlite};
use crate::{Error, KeyId};

/// Keys that work and were not replaced, of companies that are active and have an address.
pub(super) const ENDING: &str = "SELECT k.id, k.created_at, k.expires_at
    FROM api_key k JOIN company c ON c.id = k.company_id
    WHERE (k.expires_at, k.id) > ($1, $2) AND k.expires_at <= $3 AND k.expires_at IS NOT NULL
        AND k.revoked_at IS NULL AND k.replaced_by IS NULL AND c.status = 'active' AND c.email IS NOT NULL
    ORDER BY k.expires_at, k.id LIMIT $4";
pub(super) const NOTE: &str = "INSERT INTO key_reminder (key_id, ends_at, days, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

/// A key that ends, of whom its company is to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) id: KeyId,
    pub(crate) made_at: Timestamp,
    pub(crate) ends_at: Timestamp,
}

/// Whole use cases, each atomic.
#[async_trait]
pub(crate) trait ReminderStore: Send + Sync {
    /// At most `limit` keys that end after `from` and up to `to`, the next to end first, from after the given one on.
    async fn ending(
        &self,
        from: Timestamp,
        to: Timestamp,
        after: Option<(Timestamp, KeyId)>,
        limit: u16,
    ) -> Result<Vec<Ending>, Error>;
    /// Whether the reminder so many days before that end is the first one.
    async fn note(&self, tx: &mut Tx, key: &Ending, days: u16, at: Timestamp) -> Result<bool, Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn ReminderStore> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresStore(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteStore(db.clone())),
    }
}
