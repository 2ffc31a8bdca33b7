//! The headers of a head, and what they tell of the message and of its connection.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TE, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};
use httparse::Error;

use super::fault::Malformed;
use crate::headers::Headers;

/// Largest head, in bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// Most headers of a head.
pub(crate) const MAX_HEADERS: usize = 100;
/// Room for headers that are added on the way, so that the list need not grow.
const ADDED: usize = 8;

/// Names that most requests carry and the standards do not know, each of another length: found here they need no copy.
static USUAL: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-request-id"),
];

/// What a head tells of the connection, and of the length of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// HTTP/1.0 knows no chunks, and closes unless it says otherwise.
    pub(crate) is_old: bool,
    pub(crate) length: Option<u64>,
    pub(crate) is_chunked: bool,
    pub(crate) closes: bool,
    pub(crate) stays: bool,
    /// Whoever sent it waits to be told to go on before it sends the body.
    pub(crate) waits: bool,
    /// Whoever sent it takes trailers.
    pub(crate) trailers: bool,
}

/// Reads the headers of a head, in place of those that are there. Their values are pieces of it, not copies.
pub(crate) fn read_fields(
    head: &Bytes,
    parsed: &[httparse::Header<'_>],
    is_old: bool,
    headers: &mut Headers,
) -> Result<Told, Malformed> {
    let mut told = Told { is_old, ..Told::default() };
    headers.renew(parsed.len() + ADDED);
    for header in parsed {
        let name = name_of(header.name.as_bytes())?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(header.value));
        let value = value.map_err(|_| Error::HeaderValue)?;
        told.hears(&name, &value)?;
        headers.append(name, value);
    }
    if told.is_chunked && told.length.is_some() {
        return Err(Malformed::TwoLengths);
    }
    Ok(told)
}

impl Told {
    /// Notes what a header tells.
    fn hears(&mut self, name: &HeaderName, value: &HeaderValue) -> Result<(), Malformed> {
        let options = || value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
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
            for option in options() {
                self.closes |= option.eq_ignore_ascii_case(b"close");
                self.stays |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if *name == EXPECT {
            self.waits |= value.as_bytes().eq_ignore_ascii_case(b"100-continue");
        } else if *name == TE {
            self.trailers |= options().any(|coding| coding.eq_ignore_ascii_case(b"trailers"));
        }
        Ok(())
    }

    /// Whether something follows the head of a request.
    pub(crate) fn has_body(&self) -> bool {
        self.is_chunked || self.length.is_some_and(|length| length > 0)
    }

    /// Whether the connection may carry another message after this one.
    pub(crate) const fn may_stay(&self) -> bool {
        !self.closes && (self.stays || !self.is_old)
    }
}

fn name_of(text: &[u8]) -> Result<HeaderName, Malformed> {
    let usual = match text.len() {
        9 => &USUAL[0],
        11 => &USUAL[1],
        12 => &USUAL[2],
        _ => return HeaderName::from_bytes(text).map_err(|_| Error::HeaderName.into()),
    };
    if usual.as_str().as_bytes().eq_ignore_ascii_case(text) {
        return Ok(usual.clone());
    }
    HeaderName::from_bytes(text).map_err(|_| Error::HeaderName.into())
}

/// Digits and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}
