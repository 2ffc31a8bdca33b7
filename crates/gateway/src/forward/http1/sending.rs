//! A request on its way out: its head, then its body piece by piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::HeaderMap;
use http_body::Body as _;

use super::RequestHead;
use super::encode::{self, Length};
use super::wire::Wire;
use crate::body::{BodyError, RequestBody};

/// The most that the buffer for heads keeps from one request to the next.
const KEPT: usize = 4 * 1024;

/// What is left to send of a request. A connection has one, for all of its requests.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// A head, or the line before a chunk, of which `written` bytes have gone.
    text: Vec<u8>,
    written: usize,
    /// A piece of the body: it goes as it came, without a copy.
    piece: Bytes,
    /// What ends a chunk.
    tail: &'static [u8],
    /// Where more comes from; gone once it has ended.
    body: Option<RequestBody>,
    /// Bytes of the body that are yet to come; `None` for chunks.
    left: Option<u64>,
    /// The target may know of the request.
    begun: bool,
    /// The body has been given a turn to come along with the head.
    waited: bool,
    flushed: bool,
}

/// Why not all of a request was sent.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The body failed.
    Body(BodyError),
    /// The target takes no more.
    Io(io::Error),
}

impl Sending {
    /// Begins with a request.
    pub(super) fn begin(&mut self, head: &RequestHead<'_>, body: RequestBody) {
        let exact = body.size_hint().exact();
        let length = exact.map_or(Length::Chunked, Length::Bytes);
        let mut text = std::mem::take(&mut self.text);
        encode::request_head(&mut text, head, length);
        *self = Self { text, left: exact, body: Some(body).filter(|_| exact != Some(0)), ..Self::default() };
    }

    /// Sends as much as can be sent. Ready once all of it has been.
    pub(super) fn poll(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        loop {
            let piece = match self.body {
                Some(_) if !self.has_piece() => self.poll_piece(cx).map_err(Stopped::Body)?,
                _ => Poll::Ready(()),
            };
            if self.has_text() || self.has_piece() {
                if piece.is_pending() && !self.begun && !self.waited {
                    // A small body that came with its head is there by the next turn: both go in one packet then.
                    self.waited = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                ready!(self.poll_write(wire, cx)).map_err(Stopped::Io)?;
            } else {
                if !self.flushed {
                    ready!(wire.poll_flush(cx)).map_err(Stopped::Io)?;
                    self.flushed = true;
                }
                ready!(piece);
                if self.body.is_none() {
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// Whether all has been sent.
    pub(super) fn is_done(&self) -> bool {
        self.body.is_none() && self.flushed && !self.has_text() && !self.has_piece()
    }

    /// Whether the target may know of the request.
    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Takes the body back, whole, of a request of which nothing was sent.
    pub(super) fn take_back(&mut self) -> RequestBody {
        let piece = std::mem::take(&mut self.piece);
        match self.body.take() {
            Some(mut body) => {
                body.put_back(piece);
                body
            }
            None => RequestBody::whole(piece),
        }
    }

    /// Gives memory back that only large heads need.
    pub(super) fn rest(&mut self) {
        self.text.shrink_to(KEPT);
    }

    fn has_text(&self) -> bool {
        self.written < self.text.len()
    }

    fn has_piece(&self) -> bool {
        !self.piece.is_empty() || !self.tail.is_empty()
    }

    /// Takes the next piece of the body. Pending while there is none yet.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        let Some(body) = &mut self.body else { return Poll::Ready(Ok(())) };
        let Some(frame) = ready!(Pin::new(body).poll_frame(cx)?) else {
            return Poll::Ready(self.end(&HeaderMap::new()));
        };
        match frame.into_data() {
            Ok(data) => Poll::Ready(self.piece(data)),
            Err(frame) => Poll::Ready(self.end(&frame.into_trailers().unwrap_or_default())),
        }
    }

    fn piece(&mut self, data: Bytes) -> Result<(), BodyError> {
        let length = data.len() as u64;
        match &mut self.left {
            // A chunk of nothing would be the last one.
            None if data.is_empty() => return Ok(()),
            None => {
                encode::chunk_size(&mut self.text, data.len());
                self.tail = b"\r\n";
            }
            Some(left) => {
                *left = left.checked_sub(length).ok_or(BodyError::Caller)?;
                if *left == 0 {
                    self.body = None;
                }
            }
        }
        self.flushed = false;
        self.piece = data;
        Ok(())
    }

    fn end(&mut self, trailers: &HeaderMap) -> Result<(), BodyError> {
        self.body = None;
        match self.left {
            None => encode::last_chunk(&mut self.text, trailers),
            // The target waits for more, and there is none: it must not take this for the whole.
            Some(left) if left > 0 => return Err(BodyError::Caller),
            Some(_) => {}
        }
        self.flushed = false;
        Ok(())
    }

    /// Writes some of what is there.
    fn poll_write(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut length = ready!(wire.poll_write(cx, [&self.text[self.written..], &self.piece, self.tail]))?;
        self.begun = true;
        let mut take = |most: usize| {
            let taken = length.min(most);
            length -= taken;
            taken
        };
        self.written += take(self.text.len() - self.written);
        self.piece.advance(take(self.piece.len()));
        self.tail = &self.tail[take(self.tail.len())..];
        if !self.has_text() {
            self.text.clear();
            self.written = 0;
        }
        Poll::Ready(Ok(()))
    }
}
