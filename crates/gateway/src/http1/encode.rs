//! What both sides write in the same way.

use std::io::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};

/// How a body is told from what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many bytes follow.
    Bytes(u64),
    /// Chunks follow.
    Chunked,
    /// All that comes until the connection is closed.
    UntilClose,
}

/// A header.
pub(crate) fn field(into: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
    into.reserve(name.len() + value.len() + 4);
    into.extend_from_slice(name);
    into.extend_from_slice(b": ");
    into.extend_from_slice(value);
    into.extend_from_slice(b"\r\n");
}

pub(crate) fn content_length(into: &mut Vec<u8>, length: u64) {
    into.extend_from_slice(b"content-length: ");
    into.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
    into.extend_from_slice(b"\r\n");
}

/// Before a chunk of so many bytes.
pub(super) fn chunk_size(into: &mut Vec<u8>, length: usize) {
    // Writing to memory does not fail.
    let _ = write!(into, "{length:x}\r\n");
}

/// The last chunk, with what follows it.
pub(super) fn last_chunk(into: &mut Vec<u8>, trailers: &HeaderMap) {
    into.extend_from_slice(b"0\r\n");
    for (name, value) in trailers {
        field(into, name, value);
    }
    into.extend_from_slice(b"\r\n");
}
