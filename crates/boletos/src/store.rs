//! What boletos ask of a database: whole steps, the same on both engines.

pub(crate) mod bank_accounts;
pub(crate) mod boletos;
#[cfg(test)]
pub(crate) mod contract;
pub(crate) mod delivery;
pub(crate) mod imports;
mod postgres;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use comporta_db::{Db, Engine};

use bank_accounts::BankAccounts;
use boletos::KeepsBoletos;
use delivery::Delivers;
use imports::Imports;

/// How an engine likes its work: what one transaction of an import takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Bytes of a file that are sorted and written as one chunk.
    pub(crate) chunk_bytes: u64,
    /// Rows of a transaction, at the beginning and at most.
    pub(crate) rows: usize,
    /// How long a transaction should take: the next one has as many rows as fit into that.
    pub(crate) turn: Duration,
}

pub(crate) trait Store: BankAccounts + KeepsBoletos + Delivers + Imports {
    fn pace(&self) -> Pace;
}

/// The store for the engine that is open.
pub(crate) fn open(db: &Db) -> Arc<dyn Store> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresStore::new(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteStore::new(db.clone())),
    }
}
