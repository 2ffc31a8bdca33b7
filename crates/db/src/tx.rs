//! One transaction across capabilities: opaque, except to a store.

use sqlx::{PgConnection, SqliteConnection};

use crate::{Error, Turn, WriteTurn};

/// A transaction that services pass to each other; only code under a `store/` looks inside. Rolls back when
/// dropped without [`Tx::commit`].
#[derive(Debug)]
pub struct Tx(Inner);

#[derive(Debug)]
enum Inner {
    Postgres(Turn<sqlx::Postgres>),
    Sqlite(WriteTurn),
}

/// The connection in a [`Tx`], for a store.
#[derive(Debug)]
pub enum Connection<'a> {
    /// PostgreSQL's.
    Postgres(&'a mut PgConnection),
    /// SQLite's.
    Sqlite(&'a mut SqliteConnection),
}

impl Tx {
    pub(crate) const fn postgres(turn: Turn<sqlx::Postgres>) -> Self {
        Self(Inner::Postgres(turn))
    }

    pub(crate) const fn sqlite(turn: WriteTurn) -> Self {
        Self(Inner::Sqlite(turn))
    }

    /// The connection, for a store that handles both engines.
    #[must_use]
    pub fn connection(&mut self) -> Connection<'_> {
        match &mut self.0 {
            Inner::Postgres(turn) => Connection::Postgres(turn),
            Inner::Sqlite(turn) => Connection::Sqlite(turn),
        }
    }

    /// Makes all its work durable at once.
    ///
    /// # Errors
    /// [`Error::Sql`]. When that [is unavailability](Error::is_unavailable) the outcome is not known;
    /// otherwise nothing was written.
    pub async fn commit(self) -> Result<(), Error> {
        match self.0 {
            Inner::Postgres(turn) => turn.commit().await,
            Inner::Sqlite(turn) => turn.commit().await,
        }
    }
}
