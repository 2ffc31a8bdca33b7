//! Moves SQLite's log into its file beside the writer, so that a turn pays for its own sync and no more.
//!
//! Left to itself, SQLite does this within a commit whenever the log has a thousand pages: everybody waits while a few
//! megabytes are written and synced twice. A connection of its own does the same while others write. A log that is written
//! to without a pause is never at its end, though, and would grow for ever: once it is long, and little of it is left, the
//! writer is held up for that little, and begins the log anew.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Executor, Sqlite, SqlitePool};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// How long writes gather before they are moved.
const PAUSE: Duration = Duration::from_millis(100);
/// Pages of a log that is to begin anew, 32 MiB.
const LONG: i64 = 8_192;
/// Pages that the writer may be held up for.
const FEW: i64 = 1_024;
/// Pages after which a commit moves the log itself, should the keeper not come to it: 64 MiB.
pub(super) const LONGEST: u32 = 16_384;

/// Sees to the log as long as it lives.
#[derive(Debug)]
pub(super) struct LogKeeper {
    written: Arc<Notify>,
    own: SqlitePool,
    task: AbortHandle,
}

/// Where a log stands.
struct Log {
    pages: i64,
    /// Of these are not in the file yet.
    left: i64,
}

impl LogKeeper {
    /// `own` is a connection that nobody else uses.
    pub(super) fn start(own: SqlitePool, writer: SqlitePool) -> Self {
        let written = Arc::new(Notify::new());
        let keeping = keep(Arc::clone(&written), own.clone(), writer);
        Self { written, own, task: tokio::spawn(keeping).abort_handle() }
    }

    /// Whom to tell that something was written.
    pub(super) fn written(&self) -> Arc<Notify> {
        Arc::clone(&self.written)
    }

    /// Leaves the log to the others.
    pub(super) async fn stop(&self) {
        self.task.abort();
        self.own.close().await;
    }
}

impl Drop for LogKeeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(written: Arc<Notify>, own: SqlitePool, writer: SqlitePool) {
    loop {
        written.notified().await;
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = shorten(&own, &writer).await {
            // The commits move it then, later.
            tracing::debug!(%error, "the log of SQLite could not be moved into its file");
        }
    }
}

async fn shorten(own: &SqlitePool, writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut log = move_pages(own).await?;
    while log.left >= FEW {
        let before = log.left;
        log = move_pages(own).await?;
        if log.left >= before {
            // Somebody reads what is old, or writes as fast as this: at the next occasion.
            return Ok(());
        }
    }
    if log.pages >= LONG {
        move_pages(writer).await?;
    }
    Ok(())
}

/// Moves what no reader needs, waiting for nobody (`PASSIVE`).
async fn move_pages(db: impl Executor<'_, Database = Sqlite>) -> Result<Log, sqlx::Error> {
    let row: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(db).await?;
    let (_, pages, moved) = row;
    Ok(Log { pages, left: pages - moved })
}
