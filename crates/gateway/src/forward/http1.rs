//! A connection of HTTP/1.1 to a target, driven by the very task whose request is on it.
//!
//! The usual way gives each upstream connection a task of its own: two more wake-ups and two channels for every
//! request. Here the task that waits for the answer polls the connection itself, so that one readiness event of the
//! kernel is one poll of one task.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;

use super::pool::Home;
use super::stream::Stream;
use crate::body::{BodyError, RequestBody};
use crate::cluster::Pick;

/// Largest head of an answer, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Most headers of an answer.
const MAX_HEADERS: usize = 200;

/// Boxed once per connection, because its type has no name outside of hyper.
type Connection = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection on which one request at a time is sent.
pub(crate) struct Http1 {
    sender: SendRequest<RequestBody>,
    connection: Connection,
    /// The connection must not be polled again: it has ended, or become another protocol's.
    ended: bool,
    /// When its last answer ended.
    pub(super) idle_since: Instant,
}

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) enum SendFailure {
    /// Nothing of it was sent: here it is again.
    Unsent(Box<Request<RequestBody>>),
    /// The caller's body, not the target, is to blame.
    Body(BodyError),
    /// The target broke off, or answered what is no HTTP.
    Broke(hyper::Error),
    /// The connection ended without a word.
    Closed,
}

impl Http1 {
    pub(super) async fn handshake(stream: Stream) -> hyper::Result<Self> {
        let mut builder = Builder::new();
        builder.max_header_size(MAX_HEAD).max_headers(MAX_HEADERS);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        let connection = Box::pin(connection.with_upgrades());
        Ok(Self { sender, connection, ended: false, idle_since: Instant::now() })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, SendFailure> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let (connection, ended) = (&mut self.connection, &mut self.ended);
        std::future::poll_fn(|cx| {
            let state = connection.as_mut().poll(cx);
            *ended = state.is_ready();
            // It changes only while the connection is polled, just now: it needs no waker of its own.
            let mut quiet = Context::from_waker(Waker::noop());
            match (answer.as_mut().poll(&mut quiet), state) {
                (Poll::Ready(Ok(response)), _) => Poll::Ready(Ok(response)),
                (Poll::Ready(Err(mut error)), _) => Poll::Ready(Err(match error.take_message() {
                    Some(request) => SendFailure::Unsent(Box::new(request)),
                    None => why(error.into_error()),
                })),
                (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(why(error))),
                (Poll::Pending, Poll::Ready(Ok(()))) => Poll::Ready(Err(SendFailure::Closed)),
                (Poll::Pending, Poll::Pending) => Poll::Pending,
            }
        })
        .await
    }

    /// Whether it can take a request now; looks whether the target has closed it meanwhile.
    pub(super) fn is_alive(&mut self, cx: &mut Context<'_>) -> bool {
        !self.ended && self.connection.as_mut().poll(cx).is_pending() && self.sender.is_ready()
    }

    /// What the connection became, after an answer of 101.
    pub(crate) async fn upgraded(self, response: Response<Incoming>) -> hyper::Result<Upgraded> {
        if !self.ended {
            self.connection.await?;
        }
        hyper::upgrade::on(response).await
    }
}

fn why(error: hyper::Error) -> SendFailure {
    let source = std::error::Error::source(&error);
    match source.and_then(|source| source.downcast_ref::<BodyError>()) {
        Some(blame) => SendFailure::Body(*blame),
        None => SendFailure::Broke(error),
    }
}

/// The body of an answer, with the connection it comes on. Once it has ended the connection goes back to its pool.
pub(crate) struct Http1Answer {
    incoming: Incoming,
    connection: Option<Http1>,
    /// Counts as in flight until the body has ended.
    pick: Option<Pick>,
    home: Home,
}

impl Http1Answer {
    pub(super) fn new(incoming: Incoming, connection: Http1, pick: Pick, home: Home) -> Self {
        let mut answer = Self { incoming, connection: Some(connection), pick: Some(pick), home };
        if answer.incoming.is_end_stream() {
            answer.give_back(&mut Context::from_waker(Waker::noop()));
        }
        answer
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        // Asking the body tells the connection that its next piece is wanted; then the connection reads it.
        for _ in 0..2 {
            let mut quiet = Context::from_waker(Waker::noop());
            match Pin::new(&mut self.incoming).poll_frame(&mut quiet) {
                Poll::Ready(Some(Ok(frame))) => {
                    if self.incoming.is_end_stream() {
                        self.give_back(cx);
                    }
                    return Poll::Ready(Some(Ok(frame)));
                }
                Poll::Ready(None) => {
                    self.give_back(cx);
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(BodyError::Upstream))),
                Poll::Pending => {}
            }
            if let Some(connection) = &mut self.connection
                && (connection.ended || connection.connection.as_mut().poll(cx).is_ready())
            {
                // It has ended; what it left is still read from the body.
                self.connection = None;
            }
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(BodyError::Upstream))),
            Poll::Ready(None) => {
                self.give_back(cx);
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }

    fn give_back(&mut self, cx: &mut Context<'_>) {
        self.pick = None;
        let Some(mut connection) = self.connection.take() else { return };
        if connection.is_alive(cx) {
            connection.idle_since = Instant::now();
            self.home.put(connection);
        }
    }
}

impl fmt::Debug for Http1Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http1Answer").finish_non_exhaustive()
    }
}

impl fmt::Debug for Http1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http1").finish_non_exhaustive()
    }
}
