//! Why the ledger refuses or fails, and what the caller is told.

use std::sync::Arc;

use comporta_db::Error as DbError;
use comporta_http::{FieldError, IdempotencyError, Kind, Problem, StatusCode};
use comporta_kernel::Month;

use crate::model::EntryId;

/// An entry or report falls in a closed month.
pub static MONTH_CLOSED: Kind =
    Kind { slug: "month-closed", status: StatusCode::CONFLICT, title: "The month is closed" };
/// An entry was reversed before.
pub static ALREADY_REVERSED: Kind =
    Kind { slug: "already-reversed", status: StatusCode::CONFLICT, title: "The entry was reversed before" };
/// An account's name is taken.
pub static ACCOUNT_NAME_TAKEN: Kind = Kind {
    slug: "account-name-taken",
    status: StatusCode::CONFLICT,
    title: "There is an account of that name",
};

/// What the ledger refuses or fails at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such account in the company.
    #[error("there is no such account")]
    NoSuchAccount,
    /// No such entry in the company.
    #[error("there is no such entry")]
    NoSuchEntry,
    /// Another account of the company has the name.
    #[error("there is an account of that name")]
    AccountNameTaken,
    /// The month takes no entry.
    #[error("{month} is closed")]
    MonthClosed {
        /// The month.
        month: Month,
    },
    /// The entry was reversed before.
    #[error("the entry was reversed before by {by}")]
    AlreadyReversed {
        /// The reversal.
        by: EntryId,
    },
    /// Fields that are each well formed but do not fit together.
    #[error("{} fields do not fit", .0.len())]
    Invalid(Vec<FieldError>),
    /// The idempotency key came with another request before.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// More postings wait than the queue holds.
    #[error("too many postings are waiting")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The database failed a whole group of postings, this one among them.
    #[error(transparent)]
    Group(#[from] Arc<DbError>),
}

impl Error {
    /// One field that does not fit.
    pub(crate) fn field(pointer: &str, detail: impl std::fmt::Display) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, detail)])
    }
}

impl From<IdempotencyError> for Error {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::KeyReused => Self::KeyReused,
            IdempotencyError::Db(error) => Self::Db(error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchAccount => Self::not_found("account"),
            Error::NoSuchEntry => Self::not_found("entry"),
            Error::AccountNameTaken => Self::new(&ACCOUNT_NAME_TAKEN, "choose another name"),
            Error::MonthClosed { month } => {
                Self::new(&MONTH_CLOSED, format!("{month} is closed and takes no entry"))
            }
            Error::AlreadyReversed { by } => Self::new(&ALREADY_REVERSED, format!("it was reversed by {by}")),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::KeyReused => IdempotencyError::KeyReused.into(),
            Error::Busy => Self::unavailable("too many entries are waiting to be written"),
            Error::Db(error) => error.into(),
            Error::Group(error) if error.is_unavailable() => Self::unavailable(OUTCOME_UNKNOWN),
            Error::Group(error) => Self::internal(error.as_ref()),
        }
    }
}

const OUTCOME_UNKNOWN: &str = "the database is not available; the entry may or may not be recorded: repeat the request with its Idempotency-Key";

/// The kinds of problem that only the ledger has, for the document of the API.
pub static PROBLEM_KINDS: &[&Kind] = &[&MONTH_CLOSED, &ALREADY_REVERSED, &ACCOUNT_NAME_TAKEN];
