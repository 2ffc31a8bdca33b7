//! What is wrong with bytes that should be HTTP/1.1.

/// What was sent is no message, or one that two readers could take for different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// A head or a trailer that is not written as it must be.
    #[error("the message is malformed: {0}")]
    Syntax(#[from] httparse::Error),
    #[error("the message does not begin with the version of HTTP/1")]
    NotHttp,
    #[error("the target of the request is not an address")]
    Target,
    #[error("a line does not end with CR and LF")]
    BareLineFeed,
    #[error("the head, or the trailers, are too large")]
    TooLarge,
    #[error("the status is none")]
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
    #[error("the protocol was changed unasked")]
    Upgrade,
    #[error("the connection was closed in the middle of a message")]
    Truncated,
}
