//! The catalogue's only door: each method is one use case of a company's books.

use std::sync::Arc;

use comporta_db::{Db, Tx};
use comporta_http::{Idempotency, Remembered, RequestKey};
use comporta_kernel::{Clock, CompanyId, IdSource};

use crate::store::{self, NewBook, Revision, Store};
use crate::{Book, BookKey, Change, Details, Error, Expected, Listing, ShelfNumber};

/// The books of every company; each call sees one company's. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Catalogue {
    db: Db,
    store: Arc<dyn Store>,
    idempotency: Idempotency,
    clock: Clock,
    ids: IdSource,
}

/// A book to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// What is said about it.
    pub details: Details,
    /// Its number on the shelf, if the caller chooses one.
    pub number: Option<ShelfNumber>,
}

/// What came of a request that may have been sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The work was done now.
    Done(T),
    /// It was done before; this was the answer then.
    Repeated(Remembered),
}

impl Catalogue {
    /// The catalogue kept in `db`.
    #[must_use]
    pub fn new(db: Db, clock: Clock, ids: IdSource) -> Self {
        let store = store::open(&db);
        Self { db, store, idempotency: Idempotency::new(clock.clone()), clock, ids }
    }

    /// Adds a book. Under a request key, `answer` says what is to be told again when the request is repeated.
    ///
    /// # Errors
    /// [`Error::NumberTaken`], [`Error::Idempotency`], [`Error::Db`].
    #[tracing::instrument(name = "catalogue.add_book", skip_all)]
    pub async fn add(
        &self,
        company: CompanyId,
        addition: Addition,
        key: Option<&RequestKey>,
        answer: impl Fn(&Book) -> Remembered + Send,
    ) -> Result<Outcome<Book>, Error> {
        let mut tx = self.db.begin().await?;
        if let Some(before) = self.claim(&mut tx, company, key).await? {
            return Ok(Outcome::Repeated(before));
        }
        let book = self.add_in(&mut tx, company, addition).await?;
        if let Some(key) = key {
            self.idempotency.remember(&mut tx, company, key, &answer(&book)).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done(book))
    }

    /// Adds a book and lists the books as they then are, in one step. `answer` is as for [`Catalogue::add`].
    ///
    /// # Errors
    /// [`Error::NumberTaken`], [`Error::Idempotency`], [`Error::Db`].
    #[tracing::instrument(name = "catalogue.add_book_and_list", skip_all)]
    pub async fn add_and_list(
        &self,
        company: CompanyId,
        addition: Addition,
        listing: &Listing,
        key: Option<&RequestKey>,
        answer: impl Fn(&[Book]) -> Remembered + Send,
    ) -> Result<Outcome<Vec<Book>>, Error> {
        let mut tx = self.db.begin().await?;
        if let Some(before) = self.claim(&mut tx, company, key).await? {
            return Ok(Outcome::Repeated(before));
        }
        self.add_in(&mut tx, company, addition).await?;
        let books = self.store.list_in(&mut tx, company, listing).await?;
        if let Some(key) = key {
            self.idempotency.remember(&mut tx, company, key, &answer(&books)).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done(books))
    }

    /// A book.
    ///
    /// # Errors
    /// [`Error::NoSuchBook`], [`Error::Db`].
    #[tracing::instrument(name = "catalogue.find_book", skip_all)]
    pub async fn find(&self, company: CompanyId, key: BookKey) -> Result<Book, Error> {
        self.store.find(company, key).await?.ok_or(Error::NoSuchBook)
    }

    /// Books by number, which is the order they were added in unless callers chose the numbers.
    ///
    /// # Errors
    /// [`Error::Db`].
    #[tracing::instrument(name = "catalogue.list_books", skip_all)]
    pub async fn list(&self, company: CompanyId, listing: &Listing) -> Result<Vec<Book>, Error> {
        self.store.list(company, listing).await
    }

    /// Changes a book that is at an expected version.
    ///
    /// # Errors
    /// [`Error::NoSuchBook`], [`Error::ChangedSince`], [`Error::Db`].
    #[tracing::instrument(name = "catalogue.revise_book", skip_all)]
    pub async fn revise(
        &self,
        company: CompanyId,
        key: BookKey,
        change: Change,
        expected: Expected,
    ) -> Result<Book, Error> {
        let mut tx = self.db.begin().await?;
        let revision = Revision { change, expected, at: self.clock.now() };
        let book = self.store.revise(&mut tx, company, key, revision).await?;
        tx.commit().await?;
        Ok(book)
    }

    /// Removes a book that is at an expected version.
    ///
    /// # Errors
    /// [`Error::NoSuchBook`], [`Error::ChangedSince`], [`Error::Db`].
    #[tracing::instrument(name = "catalogue.remove_book", skip_all)]
    pub async fn remove(&self, company: CompanyId, key: BookKey, expected: &Expected) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        self.store.remove(&mut tx, company, key, expected).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a book and lists the books as they then are, in one step.
    ///
    /// # Errors
    /// [`Error::NoSuchBook`], [`Error::Db`].
    #[tracing::instrument(name = "catalogue.remove_book_and_list", skip_all)]
    pub async fn remove_and_list(
        &self,
        company: CompanyId,
        key: BookKey,
        listing: &Listing,
    ) -> Result<Vec<Book>, Error> {
        let mut tx = self.db.begin().await?;
        self.store.remove(&mut tx, company, key, &Expected::Any).await?;
        let books = self.store.list_in(&mut tx, company, listing).await?;
        tx.commit().await?;
        Ok(books)
    }

    async fn claim(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        key: Option<&RequestKey>,
    ) -> Result<Option<Remembered>, Error> {
        match key {
            Some(key) => Ok(self.idempotency.claim(tx, company, key).await?),
            None => Ok(None),
        }
    }

    async fn add_in(&self, tx: &mut Tx, company: CompanyId, addition: Addition) -> Result<Book, Error> {
        let Addition { details, number } = addition;
        let new = NewBook { id: self.ids.next(), number, details, at: self.clock.now() };
        self.store.add(tx, company, new).await
    }
}
