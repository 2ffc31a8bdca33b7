//! Boletos on PostgreSQL.

mod bank_accounts;
mod boletos;
mod copy;
mod delivery;
mod imports;

use std::time::Duration;

use comporta_db::{Connection, Error, Postgres, Tx};
use sqlx::PgConnection;

use super::{Pace, Store};

/// Several chunks are written at once. Turns short enough that two which meet in a debt do not wait long for each
/// other, long enough that commits do not count.
const PACE: Pace = Pace { chunk_bytes: 8 * 1024 * 1024, rows: 3_000, turn: Duration::from_millis(200) };

#[derive(Debug)]
pub(super) struct PostgresStore {
    db: Postgres,
}

impl PostgresStore {
    pub(super) const fn new(db: Postgres) -> Self {
        Self { db }
    }
}

impl Store for PostgresStore {
    fn pace(&self) -> Pace {
        PACE
    }
}

fn connection(tx: &mut Tx) -> Result<&mut PgConnection, Error> {
    match tx.connection() {
        Connection::Postgres(db) => Ok(db),
        Connection::Sqlite(_) => Err(Error::WrongEngine),
    }
}
