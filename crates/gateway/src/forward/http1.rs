//! A connection of HTTP/1.1 to a target, driven by the very task whose request is on it.
//!
//! The usual way gives each upstream connection a task of its own: two more wake-ups and two channels for every
//! request. Here the task that waits for the answer reads and writes itself, so that one readiness event of the kernel
//! is one poll of one task.

mod answer;
mod encode;
mod fault;
mod head;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, StatusCode, Uri};
use http_body::{Body as _, Frame, SizeHint};

use self::head::Head;
use super::stream::Stream;
use crate::body::{BodyError, RequestBody};
use crate::headers::Headers;
use crate::http1::{Framing, Length, Lines, Malformed, Next, Sending, Stopped, Wire};

pub(crate) use self::answer::Http1Answer;
pub(super) use self::fault::{Broken, SendFailure};

/// Answers that only say that the target is at work (RFC 9110, 15.2), before the one that counts.
const MAX_INTERIM: u32 = 8;

/// A connection on which one request at a time is sent. Boxed once, because it is handed on at every step.
pub(crate) struct Http1(Box<State>);

#[derive(Debug)]
struct State {
    wire: Wire,
    /// The request on its way.
    sending: Sending<Box<RequestBody>>,
    /// Why not all of it was sent; the target may answer all the same.
    cut: Option<io::Error>,
    /// Where the head of its answer ends.
    lines: Lines,
    /// What is left of its answer.
    framing: Framing,
    /// The target takes another request after this one.
    stays: bool,
    /// When it came to its pool, in milliseconds of the pool's clock.
    idle_since: u64,
}

/// The head of a request that goes on, but for what its body says itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestHead<'a> {
    pub(super) method: &'a Method,
    /// Path and query.
    pub(super) path: &'a Uri,
    pub(super) headers: &'a Headers,
    pub(super) host: &'a HeaderValue,
    /// The target may change to another protocol.
    pub(super) upgrades: bool,
}

impl Http1 {
    pub(super) fn new(stream: Stream) -> Self {
        Self(Box::new(State {
            wire: Wire::new(stream),
            sending: Sending::default(),
            cut: None,
            lines: Lines::default(),
            framing: Framing::NONE,
            stays: true,
            idle_since: 0,
        }))
    }

    /// Sends a request and waits for the head of its answer. The body is sent on while that is waited for, and while
    /// the answer is read. After a failure, or when this is dropped before it ends, the connection is of no use.
    pub(super) async fn send(
        &mut self,
        head: RequestHead<'_>,
        body: Option<Box<RequestBody>>,
    ) -> Result<(StatusCode, Headers), SendFailure> {
        let state = &mut *self.0;
        let exact = body.as_ref().map_or(Some(0), |body| body.size_hint().exact());
        let length = exact.map_or(Length::Chunked, Length::Bytes);
        state.sending.begin(body.filter(|_| exact != Some(0)), length, false, |text| {
            encode::request_head(text, &head, length);
        });
        let mut interim = 0;
        poll_fn(|cx| state.poll_answer(&head, &mut interim, cx)).await
    }

    /// The next piece of the answer.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0.poll_frame(cx)
    }

    /// Whether it can take a request now: the target has neither closed it nor said anything unasked, which would be
    /// taken for the next answer.
    pub(super) fn is_alive(&mut self, cx: &mut Context<'_>) -> bool {
        self.0.wire.is_silent(cx)
    }

    /// Gives the memory back that an idle connection has no need of.
    pub(super) fn rest(&mut self) {
        self.0.wire.rest();
        self.0.sending.rest();
    }

    pub(super) fn rests_since(&mut self, now: u64) {
        self.0.idle_since = now;
    }

    pub(super) fn idle_since(&self) -> u64 {
        self.0.idle_since
    }

    /// What the connection became after an answer of 101: its stream, and what the target has said on it already.
    pub(crate) fn upgraded(self) -> (Stream, BytesMut) {
        self.0.wire.into_parts()
    }

    fn has_ended(&self) -> bool {
        self.0.framing.has_ended()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.framing.size_hint()
    }

    /// Whether it is as good as new: both have said all, and nothing more.
    fn may_stay(&self) -> bool {
        self.0.stays && self.0.sending.is_done() && self.0.wire.ahead.is_empty()
    }
}

impl State {
    fn poll_answer(
        &mut self,
        asked: &RequestHead<'_>,
        interim: &mut u32,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(StatusCode, Headers), SendFailure>> {
        if let Err(error) = self.send_on(cx) {
            return Poll::Ready(Err(SendFailure::Body(error)));
        }
        if self.cut.is_some() && !self.sending.has_begun() {
            return Poll::Ready(Err(SendFailure::Unsent(self.take_back())));
        }
        loop {
            while let Some(head) = head::take(&mut self.lines, &mut self.wire.ahead).map_err(broke)? {
                if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
                    return Poll::Ready(self.answered(head, asked).map_err(broke));
                }
                *interim += 1;
                if *interim > MAX_INTERIM {
                    return Poll::Ready(Err(broke(Malformed::Interim)));
                }
            }
            match ready!(self.wire.poll_fill(cx)) {
                Ok(length) if length > 0 => {}
                ended => return Poll::Ready(Err(self.ended(ended.err()))),
            }
        }
    }

    /// The answer that counts.
    fn answered(&mut self, head: Head, asked: &RequestHead<'_>) -> Result<(StatusCode, Headers), Malformed> {
        let Head { status, headers, told } = head;
        if status == StatusCode::SWITCHING_PROTOCOLS && !(asked.upgrades && self.sending.is_done()) {
            return Err(Malformed::Upgrade);
        }
        self.framing = Framing::of_answer(asked.method, status, &told)?;
        self.stays = told.may_stay() && !matches!(self.framing, Framing::UntilClose);
        Ok((status, headers))
    }

    /// Why there is no answer on a connection that has ended.
    fn ended(&mut self, error: Option<io::Error>) -> SendFailure {
        if !self.sending.has_begun() {
            return SendFailure::Unsent(self.take_back());
        }
        match self.cut.take().or(error) {
            Some(error) => SendFailure::Broke(error.into()),
            None if self.wire.ahead.is_empty() => SendFailure::Closed,
            None => broke(Malformed::Truncated),
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Err(error) = self.send_on(cx) {
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(loop {
            let fault = match self.framing.next(&mut self.wire.ahead) {
                Ok(Next::Frame(frame)) => break Some(Ok(frame)),
                Ok(Next::End) => break None,
                Ok(Next::Unread) => match ready!(self.wire.poll_fill(cx)) {
                    Ok(0) => self.framing.close().map_err(Broken::from),
                    read => read.map(drop).map_err(Broken::from),
                },
                Err(fault) => Err(fault.into()),
            };
            if let Err(error) = fault {
                tracing::debug!(%error, "an upstream broke off in the middle of its answer");
                break Some(Err(BodyError::Upstream));
            }
        })
    }

    /// The body, whole, of a request of which nothing was sent.
    fn take_back(&mut self) -> Box<RequestBody> {
        let (piece, body) = self.sending.take_back();
        match body {
            Some(mut body) => {
                body.put_back(piece);
                body
            }
            None => Box::new(RequestBody::whole(piece)),
        }
    }

    /// Sends what can be sent of the request. A target that takes no more of it may still answer.
    fn send_on(&mut self, cx: &mut Context<'_>) -> Result<(), BodyError> {
        if self.cut.is_some() || self.sending.is_done() {
            return Ok(());
        }
        match self.sending.poll(&mut self.wire, cx) {
            Poll::Ready(Err(Stopped::Body(error))) => return Err(error),
            // The target waits for more, and there is none: it must not take this for the whole.
            Poll::Ready(Err(Stopped::Short)) => return Err(BodyError::Caller),
            Poll::Ready(Err(Stopped::Io(error))) => self.cut = Some(error),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        Ok(())
    }
}

fn broke(malformed: Malformed) -> SendFailure {
    SendFailure::Broke(malformed.into())
}

impl fmt::Debug for Http1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http1").finish_non_exhaustive()
    }
}
