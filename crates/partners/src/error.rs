//! What can be wrong with a request about companies and keys.

use comporta_http::{Problem, kinds};

use crate::{KeyId, Refusal};

/// Why the service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No company has this id.
    #[error("there is no such company")]
    NoSuchCompany,
    /// No key has this id.
    #[error("there is no such key")]
    NoSuchKey,
    /// No request of the log has this id.
    #[error("there is no such request")]
    NoSuchRequest,
    /// The key was taken back.
    #[error("the key was revoked")]
    KeyRevoked,
    /// The key's time is over.
    #[error("the key has expired")]
    KeyExpired,
    /// A rotation already put another key in its place.
    #[error("the key was already rotated: {by} is in its place")]
    KeyReplaced {
        /// The key to rotate instead.
        by: KeyId,
    },
    /// A key must not end before it begins.
    #[error("expected an instant in the future")]
    ExpiryPassed,
    /// No invoice has this id.
    #[error("there is no such invoice")]
    NoSuchInvoice,
    /// A company named in a request is not there.
    #[error("there is no such company")]
    UnknownCompany,
    /// A month is billed once it is over.
    #[error("expected a month that has ended")]
    MonthNotOver,
    /// Nothing says which company bills.
    #[error("billing.company_id is not set, and no first run has named a company that bills")]
    NoBiller,
    /// A bill beyond what an amount of money can hold.
    #[error("the bill is larger than any amount of money")]
    BillTooLarge,
    /// A job could not be enqueued.
    #[error(transparent)]
    Enqueue(#[from] comporta_jobs::EnqueueError),
    /// No plan has this name.
    #[error("there is no such plan")]
    NoSuchPlan,
    /// A company was to have a plan that is not there.
    #[error("there is no plan of this name")]
    UnknownPlan,
    /// A plan was to go that companies have.
    #[error("there are companies on this plan: give them another one first")]
    PlanHeld,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] comporta_db::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchCompany => Self::not_found("company"),
            Error::NoSuchKey => Self::not_found("key"),
            Error::NoSuchRequest => Self::not_found("request"),
            Error::KeyRevoked | Error::KeyExpired | Error::KeyReplaced { .. } => {
                Self::new(&kinds::CONFLICT, error.to_string())
            }
            Error::NoSuchPlan => Self::not_found("plan"),
            Error::UnknownPlan => Self::invalid_field("/plan", error),
            Error::PlanHeld => Self::new(&kinds::CONFLICT, error.to_string()),
            Error::ExpiryPassed => Self::invalid_field("/expires_at", error),
            Error::NoSuchInvoice => Self::not_found("invoice"),
            Error::UnknownCompany => Self::invalid_field("/company_id", error),
            Error::MonthNotOver => Self::invalid_field("/month", error),
            Error::NoBiller => Self::new(&kinds::CONFLICT, error.to_string()),
            Error::BillTooLarge => Self::internal(&error),
            Error::Enqueue(comporta_jobs::EnqueueError::Db(error)) => error.into(),
            Error::Enqueue(error) => Self::internal(&error),
            Error::Db(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::CutOff => Self::unavailable(&refusal.to_string()),
            Refusal::Address => Self::new(&kinds::ADDRESS_NOT_ALLOWED, refusal.to_string()),
            _ => Self::new(&kinds::UNAUTHENTICATED, refusal.to_string()),
        }
    }
}
