//! Chunks as they are read (RFC 9112, 7.1).

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use httparse::{EMPTY_HEADER, Error, Status};

use super::fault::Malformed;
use super::framing::{Next, piece};
use super::lines::Lines;
use crate::model::header_hygiene;

/// Longest line before a chunk: its size, and extensions that nobody reads.
const MAX_LINE: usize = 1024;
/// Digits of a size: more would not fit.
const MAX_DIGITS: usize = 16;
/// Most bytes of trailers.
const MAX_TRAILERS: usize = 16 * 1024;
/// Most fields of trailers.
const MAX_FIELDS: usize = 32;

/// Where in a chunked body its reader is.
#[derive(Debug, Default)]
pub(crate) enum Chunked {
    /// Before the line of a chunk.
    #[default]
    Size,
    /// So many bytes before the end of a chunk.
    Data(u64),
    /// After the last byte of a chunk.
    AfterData,
    /// After the last chunk.
    Trailers(Lines),
    /// At the end, with fields that were not taken yet.
    Ended(HeaderMap),
}

impl Chunked {
    /// Takes what comes next off the buffer. With the last data, the end is taken as well if it is there.
    pub(super) fn next(&mut self, buffer: &mut BytesMut) -> Result<Next, Malformed> {
        self.advance(buffer)?;
        match self {
            Self::Data(left) if !buffer.is_empty() => {
                let frame = piece(buffer, left);
                if *left == 0 {
                    *self = Self::AfterData;
                    // What is wrong with it is told next time: this piece has come whole.
                    let _ = self.advance(buffer);
                }
                Ok(Next::Frame(frame))
            }
            Self::Ended(fields) if !fields.is_empty() => {
                Ok(Next::Frame(Frame::trailers(std::mem::take(fields))))
            }
            Self::Ended(_) => Ok(Next::End),
            _ => Ok(Next::Unread),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Self::Ended(fields) if fields.is_empty())
    }

    /// Passes over all that is not data.
    fn advance(&mut self, buffer: &mut BytesMut) -> Result<(), Malformed> {
        loop {
            *self = match self {
                Self::Data(_) | Self::Ended(_) => return Ok(()),
                Self::Size => match take_size(buffer)? {
                    Some(0) => Self::Trailers(Lines::default()),
                    Some(size) => Self::Data(size),
                    None => return Ok(()),
                },
                Self::AfterData => match &buffer[..] {
                    [b'\r', b'\n', ..] => {
                        buffer.advance(2);
                        Self::Size
                    }
                    [] | [b'\r'] => return Ok(()),
                    _ => return Err(Malformed::ChunkEnd),
                },
                Self::Trailers(lines) => match lines.take(buffer, MAX_TRAILERS)? {
                    Some(lines) => Self::Ended(fields(&lines)?),
                    None => return Ok(()),
                },
            }
        }
    }
}

/// Takes the line before a chunk, once it is there whole: the size it tells.
fn take_size(buffer: &mut BytesMut) -> Result<Option<u64>, Malformed> {
    let (mut size, mut digits) = (0, 0);
    let hexadecimal = buffer.iter().map_while(|byte| char::from(*byte).to_digit(16));
    for digit in hexadecimal.take(MAX_DIGITS) {
        (size, digits) = (size << 4 | u64::from(digit), digits + 1);
    }
    let line = match (digits, &buffer[digits..]) {
        (0, [_, ..]) => return Err(Malformed::ChunkSize),
        (_, [b'\r', b'\n', ..]) => digits + 2,
        (_, [] | [b'\r']) => return Ok(None),
        (_, [b';', extensions @ ..]) => match extensions_end(extensions)? {
            Some(end) => digits + 1 + end,
            None => return Ok(None),
        },
        _ => return Err(Malformed::ChunkSize),
    };
    buffer.advance(line);
    Ok(Some(size))
}

/// Where the rest of a chunk's line ends, after its line feed.
fn extensions_end(text: &[u8]) -> Result<Option<usize>, Malformed> {
    let text = &text[..text.len().min(MAX_LINE)];
    match text.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t') {
        Some(end) => match &text[end..] {
            [b'\r', b'\n', ..] => Ok(Some(end + 2)),
            [b'\r'] if text.len() < MAX_LINE => Ok(None),
            _ => Err(Malformed::ChunkSize),
        },
        None if text.len() < MAX_LINE => Ok(None),
        None => Err(Malformed::ChunkSize),
    }
}

/// The trailers among the lines that may be there.
fn fields(lines: &Bytes) -> Result<HeaderMap, Malformed> {
    let mut room = [EMPTY_HEADER; MAX_FIELDS];
    let Status::Complete((_, parsed)) = httparse::parse_headers(lines, &mut room)? else {
        return Err(Error::NewLine.into());
    };
    let mut fields = HeaderMap::new();
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Error::HeaderName)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| Error::HeaderValue)?;
        fields.try_append(name, value).map_err(|_| Error::TooManyHeaders)?;
    }
    header_hygiene::strip_trailers(&mut fields);
    Ok(fields)
}
