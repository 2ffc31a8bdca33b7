//! Where books are kept: one trait, two engines.

mod postgres;
mod sqlite;

#[cfg(test)]
mod contract;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Tx};
use comporta_kernel::{CompanyId, Timestamp};

use crate::{Book, BookId, BookKey, Change, Details, Error, Expected, Listing, ShelfNumber};

/// A book about to be added.
#[derive(Debug)]
pub(crate) struct NewBook {
    pub(crate) id: BookId,
    /// The number the caller chose; else the next one of the company's shelf.
    pub(crate) number: Option<ShelfNumber>,
    pub(crate) details: Details,
    pub(crate) at: Timestamp,
}

/// A book about to be changed.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) change: Change,
    pub(crate) expected: Expected,
    pub(crate) at: Timestamp,
}

/// The catalogue's statements. Each method is one use case; those that write do so in the caller's transaction, so
/// that the answer to an idempotent request is kept with the work it answers.
#[async_trait]
pub(crate) trait Store: std::fmt::Debug + Send + Sync {
    /// Adds a book; [`Error::NumberTaken`] when the number it chose is another's.
    async fn add(&self, tx: &mut Tx, company: CompanyId, new: NewBook) -> Result<Book, Error>;
    /// The book, if the company has it.
    async fn find(&self, company: CompanyId, key: BookKey) -> Result<Option<Book>, Error>;
    /// Books by number; may lag behind on a replica.
    async fn list(&self, company: CompanyId, listing: &Listing) -> Result<Vec<Book>, Error>;
    /// The same as a transaction sees it, its own writes too.
    async fn list_in(&self, tx: &mut Tx, company: CompanyId, listing: &Listing) -> Result<Vec<Book>, Error>;
    /// Changes a book that no one else changes meanwhile, and gives it as it is now.
    async fn revise(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        key: BookKey,
        revision: Revision,
    ) -> Result<Book, Error>;
    /// Removes a book. Its number is not given again, unless a caller chooses it.
    async fn remove(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        key: BookKey,
        expected: &Expected,
    ) -> Result<(), Error>;
}

/// The store for a database's engine.
pub(crate) fn open(db: &Db) -> Arc<dyn Store> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresBooks::new(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteBooks::new(db.clone())),
    }
}

impl NewBook {
    /// The book once it has its number.
    fn numbered(self, number: i64) -> Book {
        Book {
            id: self.id,
            number,
            version: crate::Version::FIRST,
            details: self.details,
            created_at: self.at,
            updated_at: self.at,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}
