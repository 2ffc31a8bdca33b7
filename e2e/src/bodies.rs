//! Bodies that are made as they are sent: of any length, or piece by piece when the test says so.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{mpsc, oneshot};

/// A body of any kind.
pub type AnyBody = UnsyncBoxBody<Bytes, io::Error>;

const PIECE: usize = 64 * 1024;

/// A body that is there as a whole.
pub fn full(bytes: impl Into<Bytes>) -> AnyBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// So many bytes, their number announced, in pieces of 64 KiB.
#[must_use]
pub fn long(bytes: u64) -> AnyBody {
    Long { left: bytes, piece: Bytes::from(vec![b'c'; PIECE]), gone: None }.boxed_unsync()
}

/// The same, and word when it has ended or was given up.
#[must_use]
pub fn long_until_dropped(bytes: u64) -> (AnyBody, oneshot::Receiver<()>) {
    let (tell, told) = oneshot::channel();
    (Long { left: bytes, piece: Bytes::from(vec![b'c'; PIECE]), gone: Some(tell) }.boxed_unsync(), told)
}

/// A body whose pieces and trailers are fed to it; it ends when the feeder is dropped.
#[must_use]
pub fn fed() -> (Feeder, AnyBody) {
    let (feed, pieces) = mpsc::channel(1);
    (Feeder(feed), Fed(pieces).boxed_unsync())
}

/// Feeds a body.
#[derive(Debug)]
pub struct Feeder(mpsc::Sender<Frame<Bytes>>);

impl Feeder {
    /// One more piece; `false` if nobody wants it any more.
    pub async fn piece(&self, bytes: impl Into<Bytes>) -> bool {
        self.0.send(Frame::data(bytes.into())).await.is_ok()
    }

    /// Trailers, and so the end.
    pub async fn trailers(self, trailers: HeaderMap) {
        // Who wants none has gone.
        let _ = self.0.send(Frame::trailers(trailers)).await;
    }

    /// Waits until nobody wants any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

struct Fed(mpsc::Receiver<Frame<Bytes>>);

impl Body for Fed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

struct Long {
    left: u64,
    piece: Bytes,
    gone: Option<oneshot::Sender<()>>,
}

impl Body for Long {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = PIECE.min(usize::try_from(self.left).unwrap_or(PIECE));
        self.left -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(self.piece.slice(..length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for Long {
    fn drop(&mut self) {
        if let Some(tell) = self.gone.take() {
            let _ = tell.send(());
        }
    }
}
