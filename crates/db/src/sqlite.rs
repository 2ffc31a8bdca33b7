//! SQLite: one connection that writes, in turns, and a few that only read.

mod log_keeper;

use std::fs::{DirBuilder, OpenOptions};
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::Notify;

use crate::{Error, Lent, Place, Turn};
use log_keeper::LogKeeper;

/// Other processes (the command line beside a server) may hold the file's lock for this long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// A turn longer than this stalls everybody's entries, and is told.
const LONG_TURN: Duration = Duration::from_millis(50);
const READERS: u32 = 4;
const SCANS: u32 = 2;

/// An SQLite file: the write queue and the readers.
#[derive(Clone, Debug)]
pub struct Sqlite {
    /// A pool of one: its fair queue is the queue for the one writer that SQLite has.
    writer: SqlitePool,
    readers: SqlitePool,
    scans: SqlitePool,
    place: Place,
    log: Arc<LogKeeper>,
}

/// A turn as the one writer: a transaction that rolls back unless it is committed. Keep it under 50 ms.
#[derive(Debug)]
pub struct WriteTurn {
    turn: Turn<sqlx::Sqlite>,
    written: Arc<Notify>,
    began: Instant,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path) -> Result<Self, Error> {
        let open_error = |source| Error::Open { url: format!("sqlite:{}", path.display()), source };
        make_private(path).map_err(|error| open_error(error.into()))?;
        let base = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL syncs the log at each commit: an acknowledged entry survives the loss of power.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", log_keeper::LONGEST.to_string())
            .statement_cache_capacity(256);
        // On a full disk SQLite rolls back by itself, and the driver, which cannot do it again, takes the connection to be
        // within a transaction for ever: another one is opened.
        let writer = pool(1)
            .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
            .connect_with(base.clone().create_if_missing(true))
            .await
            .map_err(open_error)?;
        let keeper = pool(1).min_connections(0).connect_lazy_with(base.clone());
        let log = Arc::new(LogKeeper::start(keeper, writer.clone()));
        let reading = base.read_only(true);
        let readers = pool(READERS).connect_with(reading.clone()).await.map_err(open_error)?;
        let scans = pool(SCANS).min_connections(0).connect_lazy_with(reading);
        Ok(Self { writer, readers, scans, place: Place::sqlite(), log })
    }

    /// Waits for a turn as the writer. Turns are given in the order they were asked for.
    ///
    /// # Errors
    /// [`Error::Sql`] when another process holds the file for more than ten seconds.
    pub async fn write(&self) -> Result<WriteTurn, Error> {
        // IMMEDIATE takes the lock now: a transaction that reads first and then upgrades fails at once when
        // another process wrote in between, whatever the busy timeout.
        let turn = Turn::begin(Lent::new(&self.writer, &self.place), Some("BEGIN IMMEDIATE")).await?;
        Ok(WriteTurn { turn, written: self.log.written(), began: Instant::now() })
    }

    /// Connections that only read; each statement sees everything committed before it began.
    #[must_use]
    pub const fn readers(&self) -> Lent<'_, sqlx::Sqlite> {
        Lent::new(&self.readers, &self.place)
    }

    /// A transaction that only reads, and sees one state in all of its statements.
    ///
    /// # Errors
    /// [`Error::Sql`] when no connection can be had in time.
    pub async fn snapshot(&self) -> Result<Turn<sqlx::Sqlite>, Error> {
        Turn::begin(self.readers(), None).await
    }

    /// Connections for what may walk many rows, lists and reconciliation: however long they take, a balance or a
    /// key's check never waits for one.
    #[must_use]
    pub const fn scans(&self) -> Lent<'_, sqlx::Sqlite> {
        Lent::new(&self.scans, &self.place)
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) const fn writer_pool(&self) -> &SqlitePool {
        &self.writer
    }

    pub(crate) async fn close(&self) {
        // Readers first, so that the writer is the last connection and can fold the log into the file.
        self.log.stop().await;
        self.scans.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The file holds every company's money: it is made for its owner's eyes only, and SQLite gives its log the same
/// mode. One that is there already keeps the mode that somebody gave it.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

impl WriteTurn {
    /// Makes the turn's work durable and ends it.
    ///
    /// # Errors
    /// [`Error::Sql`]; the work is then undone.
    pub async fn commit(self) -> Result<(), Error> {
        self.turn.commit().await?;
        self.written.notify_one();
        let length = self.began.elapsed();
        metrics::histogram!("comporta_sqlite_turn_seconds").record(length);
        if length > LONG_TURN {
            tracing::debug!(milliseconds = length.as_millis(), "a long turn of the SQLite writer");
        }
        Ok(())
    }
}

impl Deref for WriteTurn {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        &self.turn
    }
}

impl DerefMut for WriteTurn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_that_is_written_without_a_pause_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let db = Sqlite::open(&path).await.unwrap();
        sqlx::query("CREATE TABLE page (bytes BLOB)").execute(db.writer_pool()).await.unwrap();
        let log = folder.path().join("x.db-wal");
        let (mut longest, mut written) = (0, 0);
        // A turn of 2 MiB, 320 MiB in all: five times what a log may be at most.
        for _ in 0..160 {
            let mut turn = db.write().await.unwrap();
            sqlx::query("INSERT INTO page VALUES (randomblob(2097152))").execute(&mut *turn).await.unwrap();
            turn.commit().await.unwrap();
            written += 2 << 20;
            longest = longest.max(std::fs::metadata(&log).unwrap().len());
        }
        assert!(longest < 80 << 20 && longest < written, "{longest} bytes of log");
        db.close().await;
        assert!(!log.exists(), "at the end all of it is in the file");
    }

    #[tokio::test]
    async fn once_a_full_file_has_room_again_it_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&folder.path().join("x.db")).await.unwrap();
        let mut turn = db.write().await.unwrap();
        sqlx::query("CREATE TABLE page (bytes BLOB)").execute(&mut *turn).await.unwrap();
        turn.commit().await.unwrap();
        // The limit is the connection's own: a new one has room.
        let mut turn = db.write().await.unwrap();
        sqlx::query("PRAGMA max_page_count = 4").fetch_all(&mut *turn).await.unwrap();
        let full = sqlx::query("INSERT INTO page VALUES (randomblob(1048576))").execute(&mut *turn).await;
        assert!(Error::from(full.unwrap_err()).is_unavailable());
        drop(turn);
        let mut turn = db.write().await.unwrap();
        sqlx::query("INSERT INTO page VALUES (randomblob(1048576))").execute(&mut *turn).await.unwrap();
        turn.commit().await.unwrap();
        db.close().await;
    }

    #[tokio::test]
    async fn the_log_is_moved_by_itself_soon_after_a_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let db = Sqlite::open(&path).await.unwrap();
        let before = std::fs::metadata(&path).unwrap().len();
        let mut turn = db.write().await.unwrap();
        sqlx::query("CREATE TABLE page (bytes BLOB)").execute(&mut *turn).await.unwrap();
        sqlx::query("INSERT INTO page VALUES (randomblob(1048576))").execute(&mut *turn).await.unwrap();
        turn.commit().await.unwrap();
        let began = Instant::now();
        while std::fs::metadata(&path).unwrap().len() < before + (1 << 20) {
            assert!(began.elapsed() < Duration::from_secs(20), "it stays in the log");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        db.close().await;
    }
}
