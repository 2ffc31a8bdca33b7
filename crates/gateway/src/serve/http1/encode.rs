//! The head of an answer as it is written.

use http::StatusCode;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING, UPGRADE};

use crate::core::Date;
use crate::headers::Headers;
use crate::http1::{Length, content_length, field};

/// What stands in an answer's head.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerHead<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a Headers,
    /// What is said of the body's length; `None` where no body may follow.
    pub(super) length: Option<Length>,
    /// What is said of the connection.
    pub(super) connection: Connection,
    /// What an answer without a date says.
    pub(super) date: &'a Date,
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    /// It takes another request, as it usually does.
    Stays,
    /// It does, though this caller's version of HTTP would have it closed.
    KeptAlive,
    Closes,
    /// It changes to another protocol, as the headers say.
    Changes,
}

pub(super) fn answer_head(into: &mut Vec<u8>, head: &AnswerHead<'_>) {
    status_line(into, head.status);
    // Of an answer to HEAD, or of one that has not changed, it tells what would have followed.
    let keeps_length = head.length.is_none() && may_have_length(head.status);
    let mut dated = false;
    for (name, value) in head.headers.iter() {
        if *name == CONTENT_LENGTH {
            if keeps_length {
                field(into, name, value);
            }
        } else if *name == CONNECTION || *name == UPGRADE {
            if head.connection == Connection::Changes {
                field(into, name, value);
            }
        } else if *name != TRANSFER_ENCODING {
            dated |= *name == DATE;
            field(into, name, value);
        }
    }
    match head.length {
        Some(Length::Bytes(length)) => content_length(into, length),
        Some(Length::Chunked) => into.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Some(Length::UntilClose) | None => {}
    }
    match head.connection {
        Connection::Closes => into.extend_from_slice(b"connection: close\r\n"),
        Connection::KeptAlive => into.extend_from_slice(b"connection: keep-alive\r\n"),
        Connection::Stays | Connection::Changes => {}
    }
    if !dated {
        into.extend_from_slice(b"date: ");
        into.extend_from_slice(head.date);
        into.extend_from_slice(b"\r\n");
    }
    into.extend_from_slice(b"\r\n");
}

fn status_line(into: &mut Vec<u8>, status: StatusCode) {
    if status == StatusCode::OK {
        return into.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    into.extend_from_slice(b"HTTP/1.1 ");
    into.extend_from_slice(status.as_str().as_bytes());
    into.push(b' ');
    into.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    into.extend_from_slice(b"\r\n");
}

/// RFC 9110, 8.6.
fn may_have_length(status: StatusCode) -> bool {
    status != StatusCode::NO_CONTENT && !status.is_informational()
}
