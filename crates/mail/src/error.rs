//! Why a letter was not sent.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::ServerError;

/// Why a letter was not sent, told apart by what a sender can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is given as somebody's address is none: permanent.
    #[error("the {whose} is no e-mail address")]
    Address {
        /// Whose address.
        whose: &'static str,
        /// Why not.
        #[source]
        source: lettre::address::AddressError,
    },
    /// Its id, or the type of an attachment, cannot be written in a header: permanent.
    #[error("the letter's {what} cannot be written")]
    Unwritable {
        /// Which part of it.
        what: &'static str,
    },
    /// The server will never take it (5xx): permanent.
    #[error("the mail server refuses the letter")]
    Refused(#[source] lettre::transport::smtp::Error),
    /// The server does not take it now (4xx).
    #[error("the mail server does not take the letter now")]
    Deferred(#[source] lettre::transport::smtp::Error),
    /// The server cannot be reached, or does not let us in. Nothing was sent.
    #[error("the mail server cannot be used")]
    Unreachable(#[source] lettre::transport::smtp::Error),
    /// The server was silent for too long. Nothing was sent.
    #[error("the mail server did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// The connection was lost after the letter had gone out: the server may have taken it, or not.
    #[error("whether the mail server took the letter is not known")]
    Unknown(#[source] Option<lettre::transport::smtp::Error>),
    /// The settings name no server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A file of the outbox cannot be written.
    #[error("cannot write {}", path.display())]
    Outbox {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Whether no later attempt will fare better.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::Unwritable { .. } | Self::Refused(_))
    }

    /// In a word, for a counter.
    pub(crate) const fn outcome(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown",
            _ if self.is_permanent() => "refused",
            _ => "failed",
        }
    }
}
