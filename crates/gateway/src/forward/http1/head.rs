//! The head of an answer as it is read: strictly, so that no two readers can take it for different ones.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use httparse::{Error, ParserConfig, Response, Status};

use crate::headers::Headers;
use crate::http1::{Lines, MAX_HEAD, MAX_HEADERS, Malformed, Told, read_fields};

/// How an answer begins.
const BEGINNING: &[u8] = b"HTTP/1.";

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: Headers,
    pub(super) told: Told,
}

/// Takes a head off the buffer once all of it is there.
pub(super) fn take(lines: &mut Lines, buffer: &mut BytesMut) -> Result<Option<Head>, Malformed> {
    let seen = buffer.len().min(BEGINNING.len());
    if buffer[..seen] != BEGINNING[..seen] {
        return Err(Malformed::NotHttp);
    }
    lines.take(buffer, MAX_HEAD)?.map(|head| read(&head)).transpose()
}

fn read(head: &Bytes) -> Result<Head, Malformed> {
    let mut room = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = Response::new(&mut []);
    match ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, head, &mut room)? {
        Status::Complete(length) if length == head.len() => {}
        _ => return Err(Error::NewLine.into()),
    }
    let status = parsed.code.filter(|code| (100..=599).contains(code));
    let status = status.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Malformed::Status)?;
    let mut headers = Headers::new();
    let told = read_fields(head, parsed.headers, parsed.version == Some(0), &mut headers)?;
    Ok(Head { status, headers, told })
}
