//! A connection of HTTP/2 to a target: many requests at once, so it has a task of its own on its core.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::http1::SendFailure;
use super::stream::Stream;
use crate::body::{BodyError, RequestBody};
use crate::cluster::Pick;
use crate::model::header_hygiene;

/// A connection nobody hears from for so long is asked whether it lives, and then given as long to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Bytes a target may send ahead on one stream.
const STREAM_WINDOW: u32 = 256 * 1024;

/// A share in a connection; clones send on the same one.
#[derive(Clone, Debug)]
pub(crate) struct Http2(SendRequest<RequestBody>);

impl Http2 {
    pub(super) async fn handshake(stream: Stream) -> hyper::Result<Self> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .initial_stream_window_size(STREAM_WINDOW);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // How it ended is told to whoever had a request on it.
            let _ = connection.await;
        });
        Ok(Self(sender))
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, SendFailure> {
        match self.0.try_send_request(request).await {
            Ok(response) => Ok(response),
            Err(mut error) => Err(match error.take_message() {
                Some(request) => SendFailure::Unsent(Box::new(request.into_body())),
                None => SendFailure::Broke(error.into_error().into()),
            }),
        }
    }

    /// Whether it still takes requests.
    pub(super) fn is_alive(&self) -> bool {
        !self.0.is_closed()
    }
}

/// The body of an answer on a stream.
pub(crate) struct Http2Answer {
    incoming: Incoming,
    /// Counts as in flight until the body has ended.
    _pick: Pick,
}

impl Http2Answer {
    pub(super) const fn new(incoming: Incoming, pick: Pick) -> Self {
        Self { incoming, _pick: pick }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.incoming).poll_frame(cx).map(|frame| {
            let mut frame = frame?.map_err(|_| BodyError::Upstream);
            if let Ok(Some(trailers)) = frame.as_mut().map(Frame::trailers_mut) {
                header_hygiene::strip_trailers(trailers);
            }
            Some(frame)
        })
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl fmt::Debug for Http2Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2Answer").finish_non_exhaustive()
    }
}
