//! The head of a request as it is written.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{Method, Uri};

use super::RequestHead;
use crate::http1::{Length, content_length, field};

/// Writes the head. What the headers say of host and length is passed over: `host` and `length` say it.
pub(super) fn request_head(into: &mut Vec<u8>, head: &RequestHead<'_>, length: Length) {
    into.extend_from_slice(head.method.as_str().as_bytes());
    into.push(b' ');
    target(into, head.path);
    into.extend_from_slice(b" HTTP/1.1\r\n");
    field(into, &HOST, head.host);
    let mut length_given = false;
    for (name, value) in head.headers.iter() {
        if *name == CONTENT_LENGTH {
            length_given = true;
        } else if *name != HOST && *name != TRANSFER_ENCODING {
            field(into, name, value);
        }
    }
    match length {
        Length::Bytes(0) if !length_given && !expects_body(head.method) => {}
        Length::Bytes(length) => content_length(into, length),
        // A request has no other way to be of unknown length.
        Length::Chunked | Length::UntilClose => into.extend_from_slice(b"transfer-encoding: chunked\r\n"),
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

/// Servers may ask for a length where one is usual (RFC 9110, 8.6).
fn expects_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}
