//! The head of a request as it is written.

use std::io::Write as _;

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::RequestHead;

/// How the body of a request is told from what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// So many bytes follow.
    Bytes(u64),
    /// Chunks follow.
    Chunked,
}

/// Writes the head. What the headers say of host and length is passed over: `host` and `length` say it.
pub(super) fn request_head(into: &mut Vec<u8>, head: &RequestHead<'_>, length: Length) {
    into.extend_from_slice(head.method.as_str().as_bytes());
    into.push(b' ');
    target(into, head.path);
    into.extend_from_slice(b" HTTP/1.1\r\n");
    field(into, &HOST, head.host);
    let mut length_given = false;
    for (name, value) in head.headers {
        if *name == CONTENT_LENGTH {
            length_given = true;
        } else if *name != HOST && *name != TRANSFER_ENCODING {
            field(into, name, value);
        }
    }
    match length {
        Length::Chunked => into.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Length::Bytes(0) if !length_given && !expects_body(head.method) => {}
        Length::Bytes(length) => {
            into.extend_from_slice(b"content-length: ");
            into.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
            into.extend_from_slice(b"\r\n");
        }
    }
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

fn target(into: &mut Vec<u8>, path: &Uri) {
    let path = path.path_and_query().map_or("/", |path| path.as_str());
    if !path.starts_with(['/', '*']) {
        into.push(b'/');
    }
    into.extend_from_slice(path.as_bytes());
}

fn field(into: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    into.extend_from_slice(name.as_str().as_bytes());
    into.extend_from_slice(b": ");
    into.extend_from_slice(value.as_bytes());
    into.extend_from_slice(b"\r\n");
}

/// Servers may ask for a length where one is usual (RFC 9110, 8.6).
fn expects_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}
