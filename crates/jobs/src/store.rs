//! The job table: each function is one whole step of a job's life, on either engine.

#[cfg(test)]
mod contract;
mod postgres;
mod sqlite;

use comporta_db::{Connection, Db, Engine, Error, Tx};
use comporta_kernel::{Timestamp, Uuid};

use crate::Backlog;

/// So many due jobs are counted at most: some tens of milliseconds.
const MOST_COUNTED: i64 = 100_000;

/// A job as it is written down.
#[derive(Debug)]
pub(crate) struct NewJob<'a> {
    pub(crate) id: Uuid,
    pub(crate) name: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) unique_key: Option<&'a str>,
    pub(crate) due_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

/// A job that is ours until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) payload: String,
    /// From 1. It also tells this lease from any later one of the same job.
    pub(crate) attempt: u32,
}

/// What became of a claimed job.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done { at: Timestamp },
    Failed { at: Timestamp, error: String },
    Retry { due_at: Timestamp, error: String },
}

/// What a claim asks for.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) names: &'a [String],
    pub(crate) now: Timestamp,
    pub(crate) leased_until: Timestamp,
    pub(crate) limit: i64,
}

/// The table in one database.
#[derive(Clone, Debug)]
pub(crate) struct Store(Db);

/// Writes a job down; gives whether its unique key was free.
pub(crate) async fn insert(tx: &mut Tx, job: &NewJob<'_>) -> Result<bool, Error> {
    match tx.connection() {
        Connection::Postgres(db) => postgres::insert(db, job).await,
        Connection::Sqlite(db) => sqlite::insert(db, job).await,
    }
}

impl Store {
    pub(crate) const fn new(db: Db) -> Self {
        Self(db)
    }

    pub(crate) const fn db(&self) -> &Db {
        &self.0
    }

    /// Takes the jobs that have been due longest; no other process gets them before their leases end.
    pub(crate) async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<Claimed>, Error> {
        match self.0.engine() {
            Engine::Postgres(db) => postgres::claim(db, claim).await,
            Engine::Sqlite(db) => sqlite::claim(db, claim).await,
        }
    }

    /// Prolongs a lease; `false` when it was lost.
    pub(crate) async fn renew(&self, job: &Claimed, until: Timestamp) -> Result<bool, Error> {
        match self.0.engine() {
            Engine::Postgres(db) => postgres::renew(db, job, until).await,
            Engine::Sqlite(db) => sqlite::renew(db, job, until).await,
        }
    }

    /// Writes down what became of a job; `false` when its lease was lost, and with it the say.
    pub(crate) async fn settle(&self, job: &Claimed, outcome: &Outcome) -> Result<bool, Error> {
        match self.0.engine() {
            Engine::Postgres(db) => postgres::settle(db, job, outcome).await,
            Engine::Sqlite(db) => sqlite::settle(db, job, outcome).await,
        }
    }

    /// Due jobs that nobody has, those of processes that died among them.
    pub(crate) async fn backlog(&self, now: Timestamp) -> Result<Backlog, Error> {
        match self.0.engine() {
            Engine::Postgres(db) => postgres::backlog(db, now, MOST_COUNTED).await,
            Engine::Sqlite(db) => sqlite::backlog(db, now, MOST_COUNTED).await,
        }
    }

    /// Deletes jobs done before `oldest`, so many at most; gives how many.
    pub(crate) async fn purge(&self, oldest: Timestamp, limit: i64) -> Result<u64, Error> {
        match self.0.engine() {
            Engine::Postgres(db) => postgres::purge(db, oldest, limit).await,
            Engine::Sqlite(db) => sqlite::purge(db, oldest, limit).await,
        }
    }
}

impl Claimed {
    /// The attempt as the column has it.
    fn attempt_column(&self) -> i32 {
        i32::try_from(self.attempt).unwrap_or(i32::MAX)
    }
}

impl Outcome {
    const fn status(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Retry { .. } => "waiting",
        }
    }

    /// When it may run again, for one that is not over.
    const fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Retry { due_at, .. } => Some(*due_at),
            Self::Done { .. } | Self::Failed { .. } => None,
        }
    }

    const fn finished_at(&self) -> Option<Timestamp> {
        match self {
            Self::Done { at } | Self::Failed { at, .. } => Some(*at),
            Self::Retry { .. } => None,
        }
    }

    fn error(&self) -> Option<&str> {
        match self {
            Self::Done { .. } => None,
            Self::Failed { error, .. } | Self::Retry { error, .. } => Some(error),
        }
    }
}
