//! The probe over HTTP: a GET on a connection of its own, as a request would find it.

use std::error::Error;
use std::pin::pin;

use async_trait::async_trait;
use bytes::Bytes;
use comporta_kernel::Causes;
use http::header::{HOST, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::Target;
use super::Probe;
use crate::config::HttpVersion;

type Failure = Box<dyn Error + Send + Sync>;

/// Asks by GET; 2xx and 3xx are well.
pub(crate) struct HttpProbe {
    tls: TlsConnector,
    version: HttpVersion,
}

impl HttpProbe {
    /// A probe that speaks as the upstream is spoken to: `tls` is the upstream's, ALPN included.
    pub(crate) const fn new(tls: TlsConnector, version: HttpVersion) -> Self {
        Self { tls, version }
    }

    async fn ask(&self, target: &Target, path: &str) -> Result<StatusCode, Failure> {
        let stream = connect(target).await?;
        let Some(name) = target.server_name() else {
            return exchange(stream, self.version == HttpVersion::Http2, target, path).await;
        };
        let stream = self.tls.connect(name.clone(), stream).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        exchange(stream, is_http2, target, path).await
    }
}

#[async_trait]
impl Probe for HttpProbe {
    async fn probe(&self, target: &Target, path: &str) -> bool {
        match self.ask(target, path).await {
            Ok(status) => status.is_success() || status.is_redirection(),
            Err(error) => {
                tracing::debug!(target_url = target.url(), error = %Causes(&*error), "a probe failed");
                false
            }
        }
    }
}

/// Any of its addresses will do: a target is well as long as one takes connections.
async fn connect(target: &Target) -> Result<TcpStream, Failure> {
    let mut address = target.next_address().ok_or("its address is not known")?;
    loop {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => address = target.address_after_failure_of(address).ok_or(error)?,
        }
    }
}

async fn exchange<S>(stream: S, is_http2: bool, target: &Target, path: &str) -> Result<StatusCode, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let io = TokioIo::new(stream);
    let get = Request::get(path).header(USER_AGENT, "comporta-health");
    let answer = if is_http2 {
        let scheme = if target.server_name().is_some() { "https" } else { "http" };
        let authority = target.authority().as_bytes();
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build()?;
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        let answer = sender.send_request(get.uri(uri).body(Empty::<Bytes>::new())?);
        while_driven(connection, answer).await?
    } else {
        let (mut sender, connection) = http1::handshake(io).await?;
        let answer = sender.send_request(get.header(HOST, target.authority()).body(Empty::<Bytes>::new())?);
        while_driven(connection, answer).await?
    };
    Ok(answer.status())
}

/// The answer's head, while the connection is moved along in the same task: dropping one drops both.
async fn while_driven<T>(connection: impl Future, answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // It ended, perhaps just after the answer: which is there by now, or an error.
        _ = connection => answer.await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Response;
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config;

    fn probe(version: HttpVersion) -> HttpProbe {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let roots = rustls::RootCertStore::empty();
        let tls = versions.unwrap().with_root_certificates(roots).with_no_client_auth();
        HttpProbe::new(TlsConnector::from(Arc::new(tls)), version)
    }

    fn target_at(url: &str) -> Target {
        let setting = config::Target { url: url.parse().unwrap(), weight: 1, backup: false };
        Target::new(&setting, &config::UpstreamTls::default(), None).unwrap()
    }

    /// A target that answers one connection with these bytes; gives what it was asked.
    async fn target_that_says(answer: &'static str) -> (Target, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let read = stream.read(&mut head).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&head[..read]).into_owned()
        });
        (target_at(&url), asked)
    }

    #[tokio::test]
    async fn success_and_redirection_are_well_and_all_else_is_not() {
        for (answer, is_well) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true),
            ("HTTP/1.1 302 Found\r\nlocation: /a\r\n\r\n", true),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", false),
            ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", false),
            ("SSH-2.0-OpenSSH_9.6\r\n", false),
            ("", false),
        ] {
            let (target, _asked) = target_that_says(answer).await;
            assert_eq!(probe(HttpVersion::Auto).probe(&target, "/healthz").await, is_well, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn the_probe_asks_for_its_path_at_the_targets_authority() {
        let (target, asked) = target_that_says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        assert!(probe(HttpVersion::Auto).probe(&target, "/healthz?deep=1").await);
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("GET /healthz?deep=1 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("host: {}\r\n", target.authority().to_str().unwrap())), "{asked}");
    }

    #[tokio::test]
    async fn an_upstream_of_http2_is_probed_in_http2() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = target_at(&format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let answer = service_fn(|request: Request<Incoming>| async move {
                let is_asked_well = request.uri().path() == "/healthz" && request.uri().authority().is_some();
                let status = if is_asked_well { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST };
                Response::builder().status(status).body(Empty::<Bytes>::new())
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            server.serve_connection(TokioIo::new(stream), answer).await
        });
        assert!(probe(HttpVersion::Http2).probe(&target, "/healthz").await);
    }

    #[tokio::test]
    async fn nobody_there_is_not_well() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(!probe(HttpVersion::Auto).probe(&target_at(&format!("http://{free}")), "/").await);
    }
}
