//! The request log: what is written into it, how it is searched, and how it is kept within its bounds.

use std::sync::Arc;
use std::time::Duration;

use comporta_db::Db;
use comporta_kernel::{Clock, Timestamp};

use crate::store::request_log::{self, RequestLogStore};
use crate::{Error, LoggedRequest, LoggedRequestId, Search, Whose};

/// For how long and how many requests are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// What began longer ago is not shown any more, and goes.
    pub keep: Duration,
    /// Rows at most; beyond that the oldest go.
    pub max_rows: u64,
}

/// Requests as they were answered. Cheap to clone.
#[derive(Clone)]
pub struct RequestLog {
    store: Arc<dyn RequestLogStore>,
    clock: Clock,
    retention: Retention,
}

impl RequestLog {
    /// The log in a database.
    #[must_use]
    pub fn new(db: &Db, clock: Clock, retention: Retention) -> Self {
        Self { store: request_log::of(db), clock, retention }
    }

    /// Writes requests, all or none. Those that are there already are passed over, so a batch whose outcome is not known
    /// may be written again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&self, batch: &[LoggedRequest]) -> Result<(), Error> {
        if batch.is_empty() { Ok(()) } else { self.store.insert(batch).await }
    }

    /// At most `limit` requests, the newest first, without their details.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(&self, search: &Search, limit: u16) -> Result<Vec<LoggedRequest>, Error> {
        let oldest = self.oldest();
        let from = search.from.map_or(oldest, |from| from.max(oldest));
        self.store.list(&Search { from: Some(from), ..search.clone() }, limit).await
    }

    /// A request with its details: by the row's id, or by its own, of which the newest is given.
    ///
    /// # Errors
    /// [`Error::NoSuchRequest`], also for a company's that is not asked for.
    pub async fn show(&self, whose: Whose, id: &str) -> Result<LoggedRequest, Error> {
        let oldest = self.oldest();
        let found = match id.parse::<LoggedRequestId>() {
            Ok(row) => self.store.by_id(whose, row).await?,
            Err(_) => self.store.by_request_id(whose, id).await?,
        };
        found.filter(|request| request.at >= oldest).ok_or(Error::NoSuchRequest)
    }

    /// Makes room for the days to come, and lets go of what is too old or too much. Gives how many rows went.
    ///
    /// # Errors
    /// When the database fails; what was done by then stays done.
    pub async fn keep_within_bounds(&self) -> Result<u64, Error> {
        self.store.prepare(self.clock.now()).await?;
        let aged = self.store.forget_before(self.oldest()).await?;
        Ok(aged + self.store.forget_beyond(self.retention.max_rows).await?)
    }

    fn oldest(&self) -> Timestamp {
        let now = self.clock.now();
        now.checked_sub(self.retention.keep).unwrap_or(Timestamp::MIN)
    }
}

impl std::fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestLog").field("retention", &self.retention).finish_non_exhaustive()
    }
}
