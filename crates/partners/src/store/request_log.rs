//! What the request log asks of a database.

#[cfg(test)]
mod contract;
mod postgres;
mod row;
mod search;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine};
use comporta_kernel::Timestamp;

use crate::{Error, LoggedRequest, LoggedRequestId, Search, Whose};

/// The log's rows.
#[async_trait]
pub(crate) trait RequestLogStore: Send + Sync {
    /// All or none; rows that are there already are passed over.
    async fn insert(&self, batch: &[LoggedRequest]) -> Result<(), Error>;
    /// At most so many rows, the newest first, without their details.
    async fn list(&self, search: &Search, limit: u16) -> Result<Vec<LoggedRequest>, Error>;
    /// A row with its details.
    async fn by_id(&self, whose: Whose, id: LoggedRequestId) -> Result<Option<LoggedRequest>, Error>;
    /// The newest row with this request id, with its details.
    async fn by_request_id(&self, whose: Whose, id: &str) -> Result<Option<LoggedRequest>, Error>;
    /// Makes room for the days to come.
    async fn prepare(&self, now: Timestamp) -> Result<(), Error>;
    /// Lets go of rows that are older, as far as that is cheap: by the day where days have tables. Gives how many went.
    async fn forget_before(&self, oldest: Timestamp) -> Result<u64, Error>;
    /// Lets go of the oldest beyond so many rows. Gives how many went.
    async fn forget_beyond(&self, most: u64) -> Result<u64, Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn RequestLogStore> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresLog(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteLog(db.clone())),
    }
}
