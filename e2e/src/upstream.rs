//! An upstream of a test's own: a real server on a free port, in the clear or under TLS, that a test may also read.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::bodies::{AnyBody, full};

/// How an upstream listens and speaks: HTTP/1.1 in the clear on any port unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// HTTP/2, in the clear by prior knowledge.
    pub http2: bool,
    /// Under TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// Where, if not on any free port.
    pub address: Option<SocketAddr>,
}

/// A server, gone with all of its connections when this is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    scheme: &'static str,
    accepted: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Upstream {
    /// Serves HTTP/1.1 in the clear.
    pub async fn start<F>(handler: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = Response<AnyBody>> + Send + 'static,
    {
        Self::start_with(Terms::default(), handler).await
    }

    /// Serves on these terms.
    pub async fn start_with<F>(
        terms: Terms,
        handler: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Response<AnyBody>> + Send + 'static,
    {
        let listener = TcpListener::bind(terms.address.unwrap_or(([127, 0, 0, 1], 0).into())).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let (counted, acceptor) = (Arc::clone(&accepted), terms.tls.map(TlsAcceptor::from));
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                connections.spawn(serve(stream, terms.http2, acceptor.clone(), handler.clone()));
            }
        });
        Self { address, scheme, accepted, server }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The same by the name `localhost`, which certificates are made for.
    #[must_use]
    pub fn url_by_name(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.address.port())
    }

    /// How many connections it has taken.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve<F>(
    stream: TcpStream,
    http2: bool,
    acceptor: Option<TlsAcceptor>,
    handler: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) where
    F: Future<Output = Response<AnyBody>> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => speak(stream, http2, handler).await,
        Some(acceptor) => {
            // Who fails the handshake is refused: that is what a test may want.
            if let Ok(stream) = acceptor.accept(stream).await {
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2") || http2;
                speak(stream, http2, handler).await;
            }
        }
    }
}

async fn speak<F>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
    handler: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) where
    F: Future<Output = Response<AnyBody>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = handler(request);
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    });
    let io = TokioIo::new(stream);
    // What breaks here is seen by whoever called.
    if http2 {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(io, service).with_upgrades().await;
    }
}

/// An upstream that answers with what it was sent, as JSON, and remembers it: `{method, target, version, headers,
/// body, trailers}`; a header that came more than once reads as its values joined by `|`.
#[derive(Debug)]
pub struct Mirror {
    upstream: Upstream,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Mirror {
    /// Serves HTTP/1.1 in the clear.
    pub async fn start() -> Self {
        Self::start_with(Terms::default()).await
    }

    /// Serves on these terms.
    pub async fn start_with(terms: Terms) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let seeing = Arc::clone(&seen);
        let upstream = Upstream::start_with(terms, move |request| {
            let seen = Arc::clone(&seeing);
            async move {
                let image = image(request).await;
                let answer = image.to_string();
                seen.lock().unwrap().push(image);
                let mut answer = Response::new(full(answer));
                answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
                answer
            }
        });
        Self { upstream: upstream.await, seen }
    }

    /// The server.
    #[must_use]
    pub const fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.upstream.url()
    }

    /// Every request so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }
}

/// A request as JSON; its body is read to its end.
pub async fn image(request: Request<Incoming>) -> Value {
    let (head, body) = request.into_parts();
    let body = body.collect().await;
    let whole = body.is_ok();
    let body = body.unwrap_or_default();
    let trailers = body.trailers().map(read).unwrap_or_default();
    json!({
        "method": head.method.as_str(), "target": head.uri.to_string(), "version": format!("{:?}", head.version),
        "headers": read(&head.headers), "body": String::from_utf8_lossy(&body.to_bytes()), "trailers": trailers,
        "whole": whole,
    })
}

fn read(headers: &HeaderMap) -> Value {
    let values = |name| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.collect::<Vec<_>>().join("|")
    };
    headers
        .keys()
        .map(|name| (name.to_string(), Value::from(values(name))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
