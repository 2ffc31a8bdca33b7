//! The head of an answer as it is read: strictly, so that no two readers can take it for different ones.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use httparse::{Error, ParserConfig, Response, Status};

use super::fault::Malformed;
use super::lines::Lines;

/// Largest head of an answer, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Most headers of an answer.
const MAX_HEADERS: usize = 100;
/// Room for headers that are added on the way to the caller, so that the map need not grow.
const ADDED: usize = 8;
/// How an answer begins.
const BEGINNING: &[u8] = b"HTTP/1.";

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) told: Told,
}

/// What a head tells of the connection, and of the length of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// HTTP/1.0 knows no chunks, and closes unless it says otherwise.
    pub(super) is_old: bool,
    pub(super) length: Option<u64>,
    pub(super) is_chunked: bool,
    pub(super) closes: bool,
    pub(super) stays: bool,
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
    let mut told = Told { is_old: parsed.version == Some(0), ..Told::default() };
    let mut headers = HeaderMap::with_capacity(parsed.headers.len() + ADDED);
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| Error::HeaderName)?;
        // No copy: the values are pieces of what was read.
        let value = HeaderValue::from_maybe_shared(head.slice_ref(header.value));
        let value = value.map_err(|_| Error::HeaderValue)?;
        told.hears(&name, &value)?;
        headers.try_append(name, value).map_err(|_| Error::TooManyHeaders)?;
    }
    if told.is_chunked && told.length.is_some() {
        return Err(Malformed::TwoLengths);
    }
    Ok(Head { status, headers, told })
}

impl Told {
    /// Notes what a header tells.
    fn hears(&mut self, name: &HeaderName, value: &HeaderValue) -> Result<(), Malformed> {
        if *name == CONTENT_LENGTH {
            let length = number(value.as_bytes()).ok_or(Malformed::ContentLength)?;
            // Twice is once too often even if it is the same: whoever says so is confused.
            if self.length.replace(length).is_some() {
                return Err(Malformed::ContentLength);
            }
        } else if *name == TRANSFER_ENCODING {
            if self.is_old || self.is_chunked || !value.as_bytes().eq_ignore_ascii_case(b"chunked") {
                return Err(Malformed::TransferEncoding);
            }
            self.is_chunked = true;
        } else if *name == CONNECTION {
            for option in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                self.closes |= option.eq_ignore_ascii_case(b"close");
                self.stays |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        }
        Ok(())
    }

    /// Whether the target takes another request on the connection.
    pub(super) const fn may_stay(&self) -> bool {
        !self.closes && (self.stays || !self.is_old)
    }
}

/// Digits and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}
