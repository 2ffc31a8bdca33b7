//! Bodies on their way through: a request's towards an upstream, an answer's towards the caller.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::core::Core;
use crate::forward::Http1Answer;
use crate::forward::Http2Answer;
use crate::incoming::Incoming;
use crate::model::header_hygiene;
use crate::record::Record;
use crate::request_log::SharedTap;
use crate::upgrade::Accepted;

/// What can go wrong with a body under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More of it came than the route takes.
    #[error("the request body is larger than the route takes")]
    TooLarge,
    /// The caller broke off, or sent what is no body.
    #[error("the caller broke off")]
    Caller,
    /// The upstream broke off in the middle of its answer.
    #[error("the upstream broke off")]
    Upstream,
    /// Nothing moved for too long.
    #[error("nothing came for too long")]
    Idle,
}

/// A request's body on its way to an upstream or a service.
#[derive(Debug)]
pub struct RequestBody {
    from: Sending,
    /// A piece that was taken and comes first once more.
    again: Bytes,
}

/// What is seen to while a caller's body passes.
#[derive(Debug)]
pub(crate) struct Passing<'a> {
    /// Bytes of it at most.
    pub(crate) limit: u64,
    /// Is told of what passes.
    pub(crate) flow: &'a Arc<Flow>,
    /// What gathers it, if it is to be logged.
    pub(crate) tap: Option<SharedTap>,
}

/// How a caller's body moves on.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    passed: AtomicU64,
    awaits_caller: AtomicBool,
}

impl Flow {
    /// Bytes that have passed.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Whether the next piece was asked for and has not come: what takes long now is the caller's doing.
    pub(crate) fn awaits_caller(&self) -> bool {
        self.awaits_caller.load(Ordering::Relaxed)
    }

    pub(crate) fn pass(&self, bytes: u64) {
        self.passed.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn await_caller(&self, awaits: bool) {
        self.awaits_caller.store(awaits, Ordering::Relaxed);
    }
}

#[derive(Debug)]
enum Sending {
    Whole(Bytes),
    Streaming { incoming: Incoming, left: u64, flow: Arc<Flow>, tap: Option<SharedTap>, patience: Patience },
    Channel { pieces: mpsc::Receiver<Result<Frame<Bytes>, BodyError>>, exact: Option<u64> },
}

/// How long a caller may pause: a place among its core's deadlines while nothing comes.
#[derive(Debug)]
struct Patience {
    core: Arc<Core>,
    waiting: Option<usize>,
}

impl Patience {
    fn is_over(&mut self, cx: &Context<'_>) -> bool {
        self.core.deadlines.is_over(&mut self.waiting, self.core.patience().stall, cx.waker())
    }

    fn renew(&mut self) {
        self.core.deadlines.forget(&mut self.waiting);
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.renew();
    }
}

impl RequestBody {
    /// A body that is in memory.
    pub(crate) const fn whole(bytes: Bytes) -> Self {
        Self::new(Sending::Whole(bytes))
    }

    /// The caller's body as it comes, and no longer than its pauses may be.
    pub(crate) fn streaming(core: &Arc<Core>, incoming: Incoming, passing: Passing<'_>) -> Self {
        let patience = Patience { core: Arc::clone(core), waiting: None };
        let Passing { limit: left, flow, tap } = passing;
        Self::new(Sending::Streaming { incoming, left, flow: Arc::clone(flow), tap, patience })
    }

    /// A body that another task hands on piece by piece; `exact` bytes of it, when that is known.
    pub(crate) const fn channel(
        pieces: mpsc::Receiver<Result<Frame<Bytes>, BodyError>>,
        exact: Option<u64>,
    ) -> Self {
        Self::new(Sending::Channel { pieces, exact })
    }

    const fn new(from: Sending) -> Self {
        Self { from, again: Bytes::new() }
    }

    /// Puts back the piece that was taken last.
    pub(crate) fn put_back(&mut self, piece: Bytes) {
        self.again = piece;
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.again.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.again)))));
        }
        match &mut self.from {
            Sending::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Sending::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Sending::Channel { pieces, exact } => {
                let piece = ready!(pieces.poll_recv(cx));
                if let (Some(Ok(frame)), Some(left)) = (&piece, exact) {
                    *left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len) as u64);
                }
                Poll::Ready(piece)
            }
            Sending::Streaming { incoming, left, flow, tap, patience } => {
                let frame = Pin::new(incoming).poll_frame(cx);
                flow.await_caller(frame.is_pending());
                let frame = match frame {
                    Poll::Pending if patience.is_over(cx) => return Poll::Ready(Some(Err(BodyError::Idle))),
                    frame => ready!(frame),
                };
                patience.renew();
                let Some(frame) = frame else { return Poll::Ready(None) };
                let mut frame = frame?;
                if let Some(trailers) = frame.trailers_mut() {
                    header_hygiene::strip_trailers(trailers);
                }
                if let Some(data) = frame.data_ref() {
                    let length = data.len() as u64;
                    *left = left.checked_sub(length).ok_or(BodyError::TooLarge)?;
                    flow.pass(length);
                    if let Some(tap) = tap {
                        tap.take(data);
                    }
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let ended = match &self.from {
            Sending::Whole(bytes) => bytes.is_empty(),
            Sending::Streaming { incoming, .. } => incoming.is_end_stream(),
            Sending::Channel { exact, .. } => *exact == Some(0),
        };
        ended && self.again.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let exact = match &self.from {
            Sending::Whole(bytes) => Some(bytes.len() as u64),
            Sending::Streaming { incoming, .. } => incoming.size_hint().exact(),
            Sending::Channel { exact, .. } => *exact,
        };
        exact.map_or_else(SizeHint::default, |exact| SizeHint::with_exact(exact + self.again.len() as u64))
    }
}

/// An answer's body on its way to the caller. When it has ended, or is dropped, its request is told of.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    from: Source,
    /// Whose answer it is; gone once told of.
    record: Option<Box<Record>>,
    /// How long its upstream may pause.
    patience: Option<Duration>,
    /// A place among the deadlines while nothing comes.
    waiting: Option<usize>,
}

/// Where an answer's body comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Memory.
    Whole(Bytes),
    /// A connection of HTTP/1.1 that is driven by whoever reads the body.
    Http1(Http1Answer),
    /// A stream of an HTTP/2 connection. Boxed, because it is the largest of them.
    Http2(Box<Http2Answer>),
    /// A service of this process, in pieces.
    Service(mpsc::Receiver<Result<Frame<Bytes>, BodyError>>),
    /// Nothing: another protocol follows.
    Upgrade(Box<Accepted>),
}

impl AnswerBody {
    pub(crate) const fn new(from: Source, record: Box<Record>, patience: Option<Duration>) -> Self {
        Self { from, record: Some(record), patience, waiting: None }
    }

    /// Whether nothing has come for too long.
    fn is_over(&mut self, cx: &Context<'_>) -> bool {
        let (Some(limit), Some(record)) = (self.patience, &self.record) else { return false };
        record.core.deadlines.is_over(&mut self.waiting, limit, cx.waker())
    }

    fn tell(&mut self, whole: bool) {
        if let Some(mut record) = self.record.take() {
            record.core.deadlines.forget(&mut self.waiting);
            record.connection.wants();
            record.whole = whole;
        }
    }

    /// Nothing of it is to be sent: the answer is whole without.
    pub(crate) fn skip(mut self) {
        self.tell(true);
    }

    /// The other protocol that follows the answer in place of a body.
    pub(crate) fn take_upgrade(&mut self) -> Option<Box<Accepted>> {
        match std::mem::replace(&mut self.from, Source::Whole(Bytes::new())) {
            Source::Upgrade(accepted) => Some(accepted),
            from => {
                self.from = from;
                None
            }
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        // Whoever asks for more has taken what there was.
        if let Some(record) = &this.record {
            record.connection.wants();
        }
        let frame = match this.from.poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending if this.is_over(cx) => Some(Err(BodyError::Idle)),
            Poll::Pending => return Poll::Pending,
        };
        if let Some(record) = &this.record {
            record.core.deadlines.forget(&mut this.waiting);
        }
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(record), Some(data)) = (&mut this.record, frame.data_ref()) {
                    record.bytes_out += data.len() as u64;
                    if let Some(bodies) = &mut record.bodies {
                        bodies.take_answer(data);
                    }
                }
                // Told before the last byte leaves: what was served has been counted.
                if this.from.has_ended() {
                    this.tell(true);
                } else if let Some(record) = &this.record {
                    record.connection.gives(&record.core.deadlines, &record.core.patience());
                }
            }
            None => this.tell(true),
            Some(Err(_)) => this.tell(false),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.from.has_ended()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.from {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Http1(answer) => answer.size_hint(),
            Source::Http2(answer) => answer.size_hint(),
            Source::Service(_) => SizeHint::default(),
            Source::Upgrade(_) => SizeHint::with_exact(0),
        }
    }
}

impl Source {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Upgrade(_) => Poll::Ready(None),
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Http1(answer) => answer.poll_frame(cx),
            Self::Http2(answer) => answer.poll_frame(cx),
            Self::Service(pieces) => pieces.poll_recv(cx),
        }
    }

    fn has_ended(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Http1(answer) => answer.is_end_stream(),
            Self::Http2(answer) => answer.is_end_stream(),
            Self::Service(_) => false,
            Self::Upgrade(_) => true,
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // A body that was never read because there is none has been answered whole.
        let whole = self.from.has_ended();
        self.tell(whole);
    }
}
