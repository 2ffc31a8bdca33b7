//! Where a body ends (RFC 9112, 6.3).

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};

use super::chunked::Chunked;
use super::fault::Malformed;
use super::fields::Told;

/// What is left to read of a body.
#[derive(Debug)]
pub(crate) enum Framing {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunked),
    /// All that comes until the connection is closed.
    UntilClose,
}

/// What comes next in a body.
#[derive(Debug)]
pub(crate) enum Next {
    Frame(Frame<Bytes>),
    /// More must be read first.
    Unread,
    End,
}

impl Framing {
    /// Nothing.
    pub(crate) const NONE: Self = Self::Length(0);

    /// What follows the head of a request.
    pub(crate) fn of_request(told: &Told) -> Self {
        match told {
            Told { is_chunked: true, .. } => Self::Chunked(Chunked::default()),
            Told { length, .. } => Self::Length(length.unwrap_or(0)),
        }
    }

    /// What follows the head of an answer to a method.
    pub(crate) fn of_answer(method: &Method, status: StatusCode, told: &Told) -> Result<Self, Malformed> {
        let bodyless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if *method == Method::CONNECT && status.is_success() {
            return Err(Malformed::Upgrade);
        }
        Ok(match told {
            _ if bodyless || status.is_informational() || *method == Method::HEAD => Self::NONE,
            Told { is_chunked: true, .. } => Self::Chunked(Chunked::default()),
            Told { length: Some(length), .. } => Self::Length(*length),
            _ => Self::UntilClose,
        })
    }

    /// Takes what comes next off the buffer.
    pub(crate) fn next(&mut self, buffer: &mut BytesMut) -> Result<Next, Malformed> {
        match self {
            Self::Length(0) => Ok(Next::End),
            Self::Chunked(chunked) => chunked.next(buffer),
            Self::Length(_) | Self::UntilClose if buffer.is_empty() => Ok(Next::Unread),
            Self::Length(left) => Ok(Next::Frame(piece(buffer, left))),
            Self::UntilClose => Ok(Next::Frame(Frame::data(buffer.split().freeze()))),
        }
    }

    /// What the end of the connection means.
    pub(crate) fn close(&mut self) -> Result<(), Malformed> {
        match self {
            Self::UntilClose => {
                *self = Self::NONE;
                Ok(())
            }
            _ => Err(Malformed::Truncated),
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.has_ended(),
            Self::UntilClose => false,
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Length(left) => SizeHint::with_exact(*left),
            Self::Chunked(_) | Self::UntilClose => SizeHint::default(),
        }
    }
}

/// As much as is there of so many bytes.
pub(super) fn piece(buffer: &mut BytesMut, left: &mut u64) -> Frame<Bytes> {
    let most = usize::try_from(*left).map_or(buffer.len(), |left| left.min(buffer.len()));
    *left -= most as u64;
    Frame::data(buffer.split_to(most).freeze())
}
