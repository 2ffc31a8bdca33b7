//! Why a connection of HTTP/1.1 is no more.

use std::io;

use crate::body::{BodyError, RequestBody};

/// What a target sent that is no answer, or one that two readers could take for different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// A head or a trailer that is not written as it must be.
    #[error("the answer is malformed: {0}")]
    Syntax(#[from] httparse::Error),
    #[error("the answer does not begin with the version of HTTP/1")]
    NotHttp,
    #[error("a line of the answer does not end with CR and LF")]
    BareLineFeed,
    #[error("the head of the answer, or its trailers, are too large")]
    TooLarge,
    #[error("the status of the answer is none")]
    Status,
    #[error("the target said that it was at work too often")]
    Interim,
    #[error("content-length is not one number")]
    ContentLength,
    #[error("transfer-encoding is other than chunked, or has no place in this version of HTTP")]
    TransferEncoding,
    #[error("both content-length and transfer-encoding are given")]
    TwoLengths,
    #[error("the size of a chunk is not a hexadecimal number, or its line is too long")]
    ChunkSize,
    #[error("a chunk does not end where it said it would")]
    ChunkEnd,
    #[error("the target changed the protocol unasked")]
    Upgrade,
    #[error("the target closed the connection in the middle of its answer")]
    Truncated,
}

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
    Unsent(RequestBody),
    /// The caller's body, not the target, is to blame.
    Body(BodyError),
    /// The target broke off, or answered what is no HTTP.
    Broke(Broken),
    /// The connection ended without a word.
    Closed,
}
