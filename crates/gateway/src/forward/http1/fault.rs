//! Why a connection of HTTP/1.1 to a target is no more.

use std::io;

use crate::body::{BodyError, RequestBody};
use crate::http1::Malformed;

/// What became of a connection to a target.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Http2(#[from] hyper::Error),
}

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) enum SendFailure {
    /// Nothing of it was sent: here is its body again.
    Unsent(Box<RequestBody>),
    /// The caller's body, not the target, is to blame.
    Body(BodyError),
    /// The target broke off, or answered what is no HTTP.
    Broke(Broken),
    /// The connection ended without a word.
    Closed,
}
