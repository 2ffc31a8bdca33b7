//! A message on its way out: its head, then its body piece by piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::HeaderMap;
use http_body::Body;

use super::encode::{self, Length};
use crate::body::BodyError;

/// Pieces up to this are copied behind the head: that costs less than to write from two places.
const COPIED: usize = 4 * 1024;

/// Where messages go.
pub(crate) trait Outlet {
    /// Writes some of the pieces: how much.
    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: [&[u8]; 3]) -> Poll<io::Result<usize>>;

    /// Lets nothing linger that was written.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// What is left to send of a message. A connection has one, for all of its messages.
#[derive(Debug)]
pub(crate) struct Sending<B> {
    /// A head, or the line before a chunk, of which `written` bytes have gone.
    text: Vec<u8>,
    written: usize,
    /// A piece of the body: a large one goes as it came, without a copy.
    piece: Bytes,
    /// The piece that was copied into `text`, until the first byte has left.
    copied: Bytes,
    /// `text` holds a piece: there is time for the next once it has gone.
    holds_piece: bool,
    /// What ends a chunk.
    tail: &'static [u8],
    /// Where more comes from; gone once it has ended.
    body: Option<B>,
    /// What is yet to come of the body.
    left: Length,
    /// Trailers are left out.
    no_trailers: bool,
    /// The other side may know of the message.
    begun: bool,
    /// The body has been given a turn to come along with the head.
    waited: bool,
    flushed: bool,
}

/// Why not all of a message was sent.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The body failed.
    Body(BodyError),
    /// The body ended before it was as long as its head says.
    Short,
    /// The other side takes no more.
    Io(io::Error),
}

impl<B> Default for Sending<B> {
    fn default() -> Self {
        Self {
            text: Vec::new(),
            written: 0,
            piece: Bytes::new(),
            copied: Bytes::new(),
            holds_piece: false,
            tail: &[],
            body: None,
            left: Length::Bytes(0),
            no_trailers: false,
            begun: false,
            waited: false,
            flushed: false,
        }
    }
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Sending<B> {
    /// Begins with a message; `None` where no body follows its head.
    pub(crate) fn begin(
        &mut self,
        body: Option<B>,
        length: Length,
        no_trailers: bool,
        head: impl FnOnce(&mut Vec<u8>),
    ) {
        self.text.clear();
        head(&mut self.text);
        (self.piece, self.copied, self.tail) = (Bytes::new(), Bytes::new(), &[]);
        (self.body, self.left, self.no_trailers) = (body, length, no_trailers);
        (self.written, self.holds_piece) = (0, false);
        (self.begun, self.waited, self.flushed) = (false, false, false);
    }

    /// Sends as much as can be sent. Ready once all of it has been.
    pub(crate) fn poll(&mut self, to: &mut impl Outlet, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        loop {
            let piece = match self.body {
                Some(_) if !self.has_piece() => self.poll_piece(cx)?,
                _ => Poll::Ready(()),
            };
            if self.is_blocked() {
                if piece.is_pending() && !self.begun && !self.waited {
                    // A small body that came with its head is there by the next turn: both go in one packet then.
                    self.waited = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                ready!(self.poll_write(to, cx)).map_err(Stopped::Io)?;
            } else {
                if !self.flushed {
                    ready!(to.poll_flush(cx)).map_err(Stopped::Io)?;
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
    pub(crate) fn is_done(&self) -> bool {
        self.body.is_none() && self.flushed && !self.is_blocked()
    }

    /// Whether there is something to write that has not been taken yet.
    fn is_blocked(&self) -> bool {
        self.written < self.text.len() || self.has_piece()
    }

    /// Whether the other side may know of the message.
    pub(crate) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Takes back what a message's body consists of of which nothing was sent: its first piece, and the rest.
    pub(crate) fn take_back(&mut self) -> (Bytes, Option<B>) {
        let copied = std::mem::take(&mut self.copied);
        let piece = std::mem::take(&mut self.piece);
        (if copied.is_empty() { piece } else { copied }, self.body.take())
    }

    /// Gives the buffer's memory back; nothing may be under way.
    pub(crate) fn rest(&mut self) {
        self.text = Vec::new();
    }

    fn has_piece(&self) -> bool {
        self.holds_piece || !self.piece.is_empty() || !self.tail.is_empty()
    }

    /// Takes the next piece of the body. Pending while there is none yet.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        let Some(body) = &mut self.body else { return Poll::Ready(Ok(())) };
        let Some(frame) = ready!(Pin::new(body).poll_frame(cx)).transpose().map_err(Stopped::Body)? else {
            return Poll::Ready(self.end(&HeaderMap::new()));
        };
        match frame.into_data() {
            Ok(data) => Poll::Ready(self.take_piece(data)),
            Err(frame) => Poll::Ready(self.end(&frame.into_trailers().unwrap_or_default())),
        }
    }

    fn take_piece(&mut self, data: Bytes) -> Result<(), Stopped> {
        // A chunk of nothing would be the last one.
        if data.is_empty() {
            return Ok(());
        }
        let length = data.len() as u64;
        match &mut self.left {
            Length::UntilClose => {}
            Length::Chunked => {
                encode::chunk_size(&mut self.text, data.len());
                self.tail = b"\r\n";
            }
            Length::Bytes(left) => {
                // More than announced would be read as the next message.
                *left = left.checked_sub(length).ok_or(Stopped::Short)?;
                if *left == 0 {
                    self.body = None;
                }
            }
        }
        self.flushed = false;
        if self.text.is_empty() || data.len() > COPIED {
            self.piece = data;
            return Ok(());
        }
        self.text.extend_from_slice(&data);
        self.text.extend_from_slice(std::mem::take(&mut self.tail));
        self.holds_piece = true;
        if !self.begun {
            self.copied = data;
        }
        match self.body.as_ref().is_some_and(B::is_end_stream) {
            // The end goes along.
            true => self.end(&HeaderMap::new()),
            false => Ok(()),
        }
    }

    fn end(&mut self, trailers: &HeaderMap) -> Result<(), Stopped> {
        self.body = None;
        match self.left {
            Length::Chunked if self.no_trailers => encode::last_chunk(&mut self.text, &HeaderMap::new()),
            Length::Chunked => encode::last_chunk(&mut self.text, trailers),
            Length::Bytes(left) if left > 0 => return Err(Stopped::Short),
            Length::Bytes(_) | Length::UntilClose => {}
        }
        self.flushed = false;
        Ok(())
    }

    /// Writes some of what is there.
    fn poll_write(&mut self, to: &mut impl Outlet, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut length = ready!(to.poll_write(cx, [&self.text[self.written..], &self.piece, self.tail]))?;
        if !self.begun {
            (self.begun, self.copied) = (true, Bytes::new());
        }
        let mut take = |most: usize| {
            let taken = length.min(most);
            length -= taken;
            taken
        };
        self.written += take(self.text.len() - self.written);
        self.piece.advance(take(self.piece.len()));
        self.tail = &self.tail[take(self.tail.len())..];
        if self.written == self.text.len() {
            self.text.clear();
            (self.written, self.holds_piece) = (0, false);
        }
        Poll::Ready(Ok(()))
    }
}
