//! What can be wrong with a request about staff, and with the keys that tokens are signed with.

use comporta_http::{Problem, kinds};
use comporta_jwt::KeyError;

use crate::SigningKeyId;

/// Why the service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody has this e-mail address already.
    #[error("there is a staff user with this e-mail address already")]
    EmailTaken,
    /// Nobody has this e-mail address.
    #[error("there is no staff user with this e-mail address")]
    NoSuchStaff,
    /// The password could not be hashed.
    #[error("a password could not be hashed")]
    Hashing(#[from] argon2::password_hash::Error),
    /// The private part of a signing key does not open.
    #[error(
        "the signing key {id} was sealed under another pepper: put that one back, or delete the rows of signing_key to begin with new keys"
    )]
    Sealed {
        /// The key.
        id: SigningKeyId,
    },
    /// The private part of a new signing key could not be encrypted.
    #[error("a signing key could not be sealed")]
    Sealing,
    /// A signing key could not be made or read.
    #[error("a signing key could not be made or read")]
    SigningKey(#[from] KeyError),
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
            Error::EmailTaken => Self::new(&kinds::CONFLICT, error.to_string()),
            Error::NoSuchStaff => Self::not_found("staff user"),
            Error::Hashing(_) | Error::Sealed { .. } | Error::Sealing | Error::SigningKey(_) => {
                Self::internal(&error)
            }
            Error::Db(error) => error.into(),
        }
    }
}
