//! What can go wrong with books.

use comporta_http::{IdempotencyError, Problem, kinds};

use crate::ShelfNumber;

/// Why something could not be done with a book.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The company has no such book.
    #[error("there is no such book")]
    NoSuchBook,
    /// Another of the company's books has the number.
    #[error("the id {number} is taken")]
    NumberTaken {
        /// The number that was asked for.
        number: ShelfNumber,
    },
    /// The book is not at a version that the caller expects.
    #[error("the book was changed since it was read: get it again and repeat the change on what it is now")]
    ChangedSince,
    /// The request could not be told apart from, or matched with, an earlier one.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] comporta_db::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchBook => Self::not_found("book"),
            Error::NumberTaken { .. } => Self::new(&kinds::CONFLICT, error.to_string()),
            Error::ChangedSince => Self::new(&kinds::PRECONDITION_FAILED, error.to_string()),
            Error::Idempotency(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
