//! Boletos on SQLite.

mod bank_accounts;
mod boletos;
mod delivery;
mod imports;
mod values;

use std::time::Duration;

use comporta_db::{Connection, Error, Sqlite, Tx};
use sqlx::SqliteConnection;

use super::{Pace, Store};

/// There is one writer, so turns are short for the others' sake. A chunk is large, because each of its turns writes debts
/// that lie together: the larger it is, the fewer pages of the index each turn touches.
const PACE: Pace = Pace { chunk_bytes: 12 * 1024 * 1024, rows: 1_000, turn: Duration::from_millis(15) };

#[derive(Debug)]
pub(super) struct SqliteStore {
    db: Sqlite,
}

impl SqliteStore {
    pub(super) const fn new(db: Sqlite) -> Self {
        Self { db }
    }
}

impl Store for SqliteStore {
    fn pace(&self) -> Pace {
        PACE
    }
}

fn connection(tx: &mut Tx) -> Result<&mut SqliteConnection, Error> {
    match tx.connection() {
        Connection::Sqlite(db) => Ok(db),
        Connection::Postgres(_) => Err(Error::WrongEngine),
    }
}
