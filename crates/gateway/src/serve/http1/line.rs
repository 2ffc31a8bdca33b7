//! A caller's connection as its parts share it: the loop that serves it, and the body of the request under way.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};

use super::head::{HeadFault, Heads, Heard};
use crate::body::BodyError;
use crate::connections::Connection;
use crate::core::Core;
use crate::forward::Stream;
use crate::head::Head;
use crate::http1::{Framing, Next, Outlet, Told, Wire};

/// What a caller is told that waits before it sends a body.
const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection. Its lock is never waited for: one task alone polls its parts, but for a body that HTTP/2 carries on.
#[derive(Clone)]
pub(super) struct Line {
    state: Arc<Mutex<State>>,
    /// What is written leaves at once.
    is_plain: bool,
}

struct State {
    wire: Wire,
    heads: Heads,
    /// What is yet to come of the request under way.
    framing: Framing,
    /// Counts requests, so that a body never takes what belongs to a later one.
    turn: u64,
    /// What is left to say to a caller that waits before it sends a body.
    go_on: &'static [u8],
}

/// What a head tells, or why it is refused.
pub(super) type Read = Result<Heard, HeadFault>;

/// How a request stands when its answer begins.
pub(super) struct Standing {
    /// What must still be said before the answer.
    pub(super) unsaid: &'static [u8],
    /// Its body was never asked for, so that it is not known whether it comes.
    pub(super) is_unasked: bool,
    pub(super) has_come_whole: bool,
    /// Somebody may still read its body.
    pub(super) is_being_read: bool,
}

/// The body of a request.
pub(crate) struct Http1Body {
    line: Line,
    turn: u64,
}

impl Line {
    pub(super) fn new(stream: Stream) -> Self {
        let is_plain = matches!(stream, Stream::Plain(_));
        let wire = Wire::new(stream);
        let (heads, framing) = (Heads::default(), Framing::NONE);
        let state = State { wire, heads, framing, turn: 0, go_on: &[] };
        Self { state: Arc::new(Mutex::new(state)), is_plain }
    }

    /// Reads the next head into `head`: `None` when the caller sends no more. Pending while nothing comes; `came` hears
    /// of bytes.
    pub(super) fn poll_head(
        &self,
        cx: &mut Context<'_>,
        head: &mut Head,
        came: impl Fn(),
    ) -> Poll<io::Result<Option<Read>>> {
        let state = &mut *self.lock();
        loop {
            match state.heads.take(&mut state.wire.ahead, head) {
                Ok(None) => {}
                Ok(Some(heard)) => {
                    state.begin(&heard.told);
                    return Poll::Ready(Ok(Some(Ok(heard))));
                }
                Err(fault) => return Poll::Ready(Ok(Some(Err(fault)))),
            }
            if ready!(state.wire.poll_fill(cx))? == 0 {
                return Poll::Ready(Ok(None));
            }
            came();
        }
    }

    /// Whether more has come than has been looked at.
    pub(super) fn has_more(&self) -> bool {
        !self.lock().wire.ahead.is_empty()
    }

    /// The body of the request that has just begun.
    pub(super) fn body(&self) -> Option<Http1Body> {
        let state = self.lock();
        (!state.framing.has_ended()).then(|| Http1Body { line: self.clone(), turn: state.turn })
    }

    /// Ready when the caller has left, as far as that can be told without reading what others are to read.
    pub(super) fn poll_left(&self, cx: &mut Context<'_>) -> Poll<()> {
        let state = &mut *self.lock();
        if !state.framing.has_ended() || !state.wire.ahead.is_empty() {
            return Poll::Pending;
        }
        match ready!(state.wire.poll_fill(cx)) {
            Ok(length) if length > 0 => Poll::Pending,
            Ok(_) | Err(_) => Poll::Ready(()),
        }
    }

    /// How the request stands. Its body is not asked for any more.
    pub(super) fn stop_asking(&self) -> Standing {
        let is_being_read = self.is_being_read();
        let state = &mut *self.lock();
        let left = std::mem::take(&mut state.go_on);
        // The caller was never told to go on: whether its body comes all the same cannot be known.
        let is_unasked = left.len() == GO_ON.len();
        let unsaid = if is_unasked { &[] } else { left };
        Standing { unsaid, is_unasked, has_come_whole: state.has_come_whole(!is_being_read), is_being_read }
    }

    /// Whether the request has come whole. Of a body that nobody reads what has come is passed over.
    pub(super) fn has_come_whole(&self) -> bool {
        let is_being_read = self.is_being_read();
        self.lock().has_come_whole(!is_being_read)
    }

    /// Whether somebody may still read the request's body.
    fn is_being_read(&self) -> bool {
        Arc::strong_count(&self.state) > 1
    }

    /// Gives memory back that an idle connection has no need of.
    pub(super) fn rest(&self) {
        let mut state = self.lock();
        if state.wire.ahead.is_empty() {
            state.wire.rest();
        }
    }

    /// Reads and drops what comes: how much.
    pub(super) fn poll_drop(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        state.wire.ahead.clear();
        state.wire.poll_fill(cx)
    }

    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().wire.poll_shutdown(cx)
    }

    /// The stream, and what was read of it ahead; `None` while a body is being read.
    pub(super) fn into_parts(self) -> Option<(Stream, BytesMut)> {
        let state = Arc::into_inner(self.state)?.into_inner();
        Some(state.unwrap_or_else(PoisonError::into_inner).wire.into_parts())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where answers go: what the caller takes, and that it takes nothing, is noted.
pub(super) struct Way<'a> {
    pub(super) line: &'a Line,
    pub(super) core: &'a Core,
    pub(super) connection: &'a Connection,
}

impl Outlet for Way<'_> {
    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: [&[u8]; 3]) -> Poll<io::Result<usize>> {
        let written = self.line.lock().wire.poll_write(cx, pieces);
        match written {
            Poll::Pending => self.connection.stalls(&self.core.deadlines, &self.core.patience()),
            Poll::Ready(_) => self.connection.flows(),
        }
        written
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.line.is_plain {
            true => Poll::Ready(Ok(())),
            false => self.line.lock().wire.poll_flush(cx),
        }
    }
}

impl State {
    fn begin(&mut self, told: &Told) {
        self.framing = Framing::of_request(told);
        self.turn += 1;
        // HTTP/1.0 knows of no waiting (RFC 9110, 10.1.1).
        let waits = told.waits && !told.is_old && !self.framing.has_ended();
        self.go_on = if waits { GO_ON } else { &[] };
    }

    fn has_come_whole(&mut self, unread: bool) -> bool {
        while unread && let Ok(Next::Frame(_)) = self.framing.next(&mut self.wire.ahead) {}
        self.framing.has_ended()
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            match self.framing.next(&mut self.wire.ahead) {
                Ok(Next::Frame(frame)) => {
                    self.hears_unasked();
                    return Poll::Ready(Some(Ok(frame)));
                }
                Ok(Next::End) => return Poll::Ready(None),
                Ok(Next::Unread) => {}
                Err(error) => {
                    tracing::debug!(%error, "a caller's body is malformed");
                    return Poll::Ready(Some(Err(BodyError::Caller)));
                }
            }
            if ready!(self.poll_read(cx)).is_err() {
                return Poll::Ready(Some(Err(BodyError::Caller)));
            }
        }
    }

    /// What comes unasked shows that the caller does not wait after all.
    fn hears_unasked(&mut self) {
        if self.go_on.len() == GO_ON.len() {
            self.go_on = &[];
        }
    }

    /// Reads more of the body, once the caller knows that it is wanted.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.wire.ahead.is_empty() {
            self.hears_unasked();
        }
        while !self.go_on.is_empty() {
            let written = ready!(self.wire.poll_write(cx, [self.go_on, &[], &[]]))?;
            self.go_on = &self.go_on[written..];
            if self.go_on.is_empty() {
                let _ = self.wire.poll_flush(cx)?;
            }
        }
        match ready!(self.wire.poll_fill(cx))? {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl Http1Body {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut state = self.line.lock();
        match state.turn == self.turn {
            true => state.poll_frame(cx),
            false => Poll::Ready(Some(Err(BodyError::Caller))),
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        let state = self.line.lock();
        state.turn != self.turn || state.framing.has_ended()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        let state = self.line.lock();
        if state.turn == self.turn { state.framing.size_hint() } else { SizeHint::default() }
    }
}

impl fmt::Debug for Http1Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http1Body").finish_non_exhaustive()
    }
}
