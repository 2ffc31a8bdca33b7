//! A caller's connection: PROXY protocol, TLS, HTTP/1.1 or HTTP/2, and its end.

mod http1;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use http::Request;
use http_body::Body as _;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsStream};

use crate::connections::{Connection, Open};
use crate::core::Core;
use crate::deadline::TICK;
use crate::exchange::{Asked, exchange};
use crate::forward::Stream;
use crate::head::Head;
use crate::http1::MAX_HEAD;
use crate::incoming::Incoming;
use crate::model::forwarded::Peer;
use crate::model::proxy_protocol::{self, ProxyHeader};
use crate::request_log::HeadText;
use crate::watched::Watched;

pub(crate) use self::http1::Http1Body;

/// Requests at once on a connection of HTTP/2.
const MAX_STREAMS: u32 = 128;
/// Bytes a caller may send ahead on one stream, and on all of a connection's together.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Longest header of the PROXY protocol, version 2 with what it may carry.
const LONGEST_PROXY_HEADER: usize = 536;
/// The first bytes of a connection of HTTP/2 (RFC 9113, 3.4); no method of HTTP/1.1 begins like that.
const PREFACE: &[u8] = b"PRI";

/// Serves a connection to its end.
pub(crate) async fn serve(core: Arc<Core>, open: Open, stream: TcpStream, peer: SocketAddr) {
    let open = Arc::new(open);
    let connection = Arc::clone(open.connection());
    // From the first moment: who connects and says nothing is closed like any other.
    connection.idle(&core.deadlines, &core.patience());
    let work = pin!(async {
        let mut stream = stream;
        let _ = stream.set_nodelay(true);
        let plane = core.shared.plane.load_full();
        let address = match plane.takes_proxy_protocol(peer.ip()) {
            true => named_by_proxy(&mut stream, peer).await?,
            false => peer,
        };
        let acceptor = plane.tls().cloned();
        let peer = Peer::new(address.ip(), acceptor.is_some(), &plane.trusted);
        // A connection may outlive many of them.
        drop(plane);
        match acceptor {
            Some(acceptor) => under_tls(&core, &open, acceptor, stream, peer).await,
            None => in_clear(&core, &open, stream, peer).await,
        }
    });
    // What goes wrong here is the caller's affair; a request that was under way has its line.
    if let Err(error) = until_over(&connection, work).await {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}

async fn in_clear(core: &Arc<Core>, open: &Arc<Open>, stream: TcpStream, peer: Peer) -> io::Result<()> {
    let mut first = [0; PREFACE.len()];
    let seen = stream.peek(&mut first).await?;
    let http2 = seen > 0 && PREFACE.starts_with(&first[..seen]) && seen == PREFACE.len();
    speak(core, open, Stream::Plain(stream), peer, http2).await
}

async fn under_tls(
    core: &Arc<Core>,
    open: &Arc<Open>,
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: Peer,
) -> io::Result<()> {
    // A handshake has the time of a head.
    open.connection().came(&core.deadlines, &core.patience());
    let stream = acceptor.accept(stream).await?;
    open.connection().idle(&core.deadlines, &core.patience());
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    speak(core, open, Stream::Tls(Box::new(TlsStream::Server(stream))), peer, http2).await
}

async fn speak(
    core: &Arc<Core>,
    open: &Arc<Open>,
    stream: Stream,
    peer: Peer,
    http2: bool,
) -> io::Result<()> {
    if !http2 {
        return http1::serve(core, open, stream, peer).await;
    }
    let connection = open.connection();
    let io = TokioIo::new(Watched::new(stream, Arc::clone(core), Arc::clone(open)));
    let peer = Arc::new(peer);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        connection.begins();
        let (core, connection, peer) = (Arc::clone(core), Arc::clone(connection), Arc::clone(&peer));
        async move {
            let (head, body) = request.into_parts();
            let head = Head::from(head);
            let text = HeadText::of(&core, &head.headers);
            let body = if body.is_end_stream() { Incoming::Empty } else { Incoming::Http2(body) };
            let answer = exchange(&core, &connection, &peer, &mut Asked { head, text, body }).await;
            Ok::<_, Infallible>(answer.into_response())
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEAD as u32);
    // Boxed, because it is large and most connections have none.
    let served = Box::pin(builder.serve_connection(io, service));
    drive(core, served, |served| served.graceful_shutdown()).await
}

/// Polls a connection to its end; when the core drains, the requests under way are its last. Whoever polls this has the
/// connection watched, and so is woken for that.
async fn drive<F: Future<Output = hyper::Result<()>>>(
    core: &Core,
    mut served: Pin<Box<F>>,
    last: impl Fn(Pin<&mut F>),
) -> io::Result<()> {
    let mut told = false;
    std::future::poll_fn(|cx| {
        if !told && core.connections.is_draining() {
            last(served.as_mut());
            told = true;
        }
        served.as_mut().poll(cx).map_err(io::Error::other)
    })
    .await
}

/// Polls until the connection has been silent for too long.
async fn until_over(
    connection: &Connection,
    mut work: Pin<&mut impl Future<Output = io::Result<()>>>,
) -> io::Result<()> {
    let mut watched = false;
    std::future::poll_fn(|cx| {
        if !watched {
            connection.watch(cx);
            watched = true;
        }
        match work.as_mut().poll(cx) {
            Poll::Pending if connection.is_over() => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            polled => polled,
        }
    })
    .await
}

/// Reads the header of the PROXY protocol, which must be there: where it is expected, a request without it could
/// claim any address.
async fn named_by_proxy(stream: &mut TcpStream, peer: SocketAddr) -> io::Result<SocketAddr> {
    let wrong = |fault: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, fault.to_string());
    let mut seen = [0; LONGEST_PROXY_HEADER];
    let mut before = 0;
    loop {
        let length = stream.peek(&mut seen).await?;
        match proxy_protocol::read(&seen[..length]).map_err(|fault| wrong(&fault))? {
            ProxyHeader::Whole { ends, len } => {
                stream.read_exact(&mut seen[..len]).await?;
                return Ok(ends.map_or(peer, |ends| ends.source));
            }
            ProxyHeader::NeedMore if length == 0 || length == seen.len() => {
                return Err(wrong(&"the PROXY protocol's header is missing or too long"));
            }
            // Peeking returns at once while there is something: the rest is given time to come.
            ProxyHeader::NeedMore if length == before => tokio::time::sleep(TICK / 10).await,
            ProxyHeader::NeedMore => before = length,
        }
    }
}
