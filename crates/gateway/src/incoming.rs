//! A caller's body as it comes, over either version of HTTP.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::body::BodyError;
use crate::serve::Http1Body;

/// A request's body.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// There is none.
    Empty,
    /// On a connection of HTTP/1.1.
    Http1(Http1Body),
    /// On a stream of HTTP/2.
    Http2(hyper::body::Incoming),
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Http1(body) => body.poll_frame(cx),
            Self::Http2(body) => Pin::new(body).poll_frame(cx).map_err(|_| BodyError::Caller),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Http1(body) => body.has_ended(),
            Self::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
        }
    }
}
