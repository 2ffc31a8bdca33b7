//! What the audit trail asks of a database.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Tx};
use comporta_kernel::Timestamp;

use super::{postgres, sqlite};
use crate::{AuditEntry, AuditFilter, AuditId, Error};

pub(super) const INSERT: &str =
    "INSERT INTO audit (id, at, actor, action, subject, company_id, request_id, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
pub(super) const COLUMNS: &str =
    "SELECT id, at, actor, action, subject, company_id, request_id, detail FROM audit WHERE ";

/// Entries are written and read, nothing else: the tables refuse it.
#[async_trait]
pub(crate) trait AuditStore: Send + Sync {
    async fn insert(&self, tx: &mut Tx, entry: &AuditEntry) -> Result<(), Error>;
    /// At most `limit` entries, newest first, from after the given one on.
    async fn list(
        &self,
        filter: &AuditFilter,
        after: Option<(Timestamp, AuditId)>,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn AuditStore> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresStore(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteStore(db.clone())),
    }
}
