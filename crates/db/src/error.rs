//! What can go wrong between Comporta and its database.

/// A failure of the database, told apart by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be opened.
    #[error("cannot open the database {url}")]
    Open {
        /// The address, without its password.
        url: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought to this version.
    #[error("cannot migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error("a statement failed")]
    Sql(#[from] sqlx::Error),
    /// A transaction of one engine was handed to a store of the other.
    #[error("a transaction of another engine was given")]
    WrongEngine,
    /// A row holds what this version cannot read.
    #[error("column {column} holds what cannot be read")]
    Corrupt {
        /// The column.
        column: &'static str,
    },
}

impl Error {
    /// Whether the database could not be reached or lost the connection, so that the same call may work later.
    /// After a commit this also means that its outcome is not known.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Open { source, .. } | Self::Sql(source) if is_unavailable(source))
    }

    /// What went wrong, in a word of few.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Open { source, .. } | Self::Sql(source) => kind(source),
            Self::Migrate(_) => "migration",
            Self::WrongEngine => "wrong_engine",
            Self::Corrupt { .. } => "corrupt",
        }
    }

    /// Whether a unique constraint refused the write.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(db)) if db.is_unique_violation())
    }

    /// Whether the write lost a race with another one (deadlock, serialization) and nothing of it was done.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Sql(source) if is_conflict(source))
    }

    /// The name of the constraint (PostgreSQL), or the columns (SQLite), that refused the write.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Sql(sqlx::Error::Database(db)) => db
                .constraint()
                .or_else(|| db.message().split_once("constraint failed: ").map(|(_, columns)| columns)),
            _ => None,
        }
    }
}

/// What went wrong, in a word of few.
pub(crate) fn kind(error: &sqlx::Error) -> &'static str {
    match error {
        error if is_unavailable(error) => "unavailable",
        error if is_conflict(error) => "conflict",
        sqlx::Error::Database(db) if db.is_unique_violation() => "unique_violation",
        _ => "statement_failed",
    }
}

fn is_conflict(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(db) if db.code().is_some_and(|code| code == "40P01" || code == "40001"))
}

fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => true,
        // PostgreSQL classes 08 connection, 28 a password that is being changed, 53 resources, 57P operator
        // intervention, 58 system, and 25006 a primary that became a replica; SQLite 5 busy, 10 I/O, 13 full.
        sqlx::Error::Database(db) => db.code().is_some_and(|code| {
            ["08", "28", "53", "57P", "58", "25006"]
                .iter()
                .any(|class| code.starts_with(class) && code.len() == 5)
                || code.parse::<i32>().is_ok_and(|code| code < 10_000 && matches!(code & 0xFF, 5 | 10 | 13))
        }),
        _ => false,
    }
}
