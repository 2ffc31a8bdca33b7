//! The two database engines, on which every story holds alike.

use comporta_neighbours::{fresh_postgres_url, fresh_sqlite_url};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// An embedded file, always with `synchronous=FULL`.
    Sqlite,
    /// A server, here one that does not sync to disk: for stories in which nobody kills it.
    Postgres,
}

impl Engine {
    /// The URL of an empty database.
    #[must_use]
    pub fn fresh_url(self) -> String {
        match self {
            Self::Sqlite => fresh_sqlite_url(),
            Self::Postgres => fresh_postgres_url(),
        }
    }
}
