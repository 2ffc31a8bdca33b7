//! A caller with one connection, who can tell a request that was never sent from one whose outcome is unknown.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const PATIENCE: Duration = Duration::from_secs(30);

/// One keep-alive HTTP/1.1 connection, made when first needed and made again when it was closed.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    headers: HeaderMap,
    connection: Option<SendRequest<Full<Bytes>>>,
    connections: u64,
}

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server cannot have seen the request.
    #[error("not sent: {0}")]
    NotSent(#[source] Cause),
    /// The server may or may not have done what was asked.
    #[error("sent, its outcome is unknown: {0}")]
    Unknown(#[source] Cause),
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Client {
    /// A caller of a listener, who shows an API key if there is one.
    #[must_use]
    pub fn new(address: SocketAddr, key: Option<&str>) -> Self {
        let mut headers = HeaderMap::new();
        let host = HeaderValue::try_from(address.to_string()).ok();
        let key = key.and_then(|key| HeaderValue::try_from(key).ok());
        headers
            .extend([(HOST, host), (KEY, key)].into_iter().filter_map(|(name, value)| Some((name, value?))));
        Self { address, headers, connection: None, connections: 0 }
    }

    /// Another caller of the same listener with the same key and a connection of its own.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { address: self.address, headers: self.headers.clone(), connection: None, connections: 0 }
    }

    /// How many connections it has made: one, unless it or the server closed any.
    #[must_use]
    pub const fn connections(&self) -> u64 {
        self.connections
    }

    /// `GET path`.
    ///
    /// # Errors
    /// When no answer came, within 30 seconds at most.
    pub async fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        self.request(Method::GET, path, &[], Bytes::new()).await
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// When no answer came, within 30 seconds at most.
    pub async fn post(
        &mut self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, Failure> {
        self.request(Method::POST, path, headers, body.into()).await
    }

    /// Any request; a body is sent as JSON.
    ///
    /// # Errors
    /// When no answer came, within 30 seconds at most.
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let mut request = Request::new(Full::new(body));
        *request.uri_mut() = path.parse().map_err(|error| Failure::NotSent(Box::new(error)))?;
        *request.headers_mut() = self.headers.clone();
        if method != Method::GET {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        *request.method_mut() = method;
        for &(name, value) in headers {
            let value = HeaderValue::try_from(value).map_err(|error| Failure::NotSent(Box::new(error)))?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        match tokio::time::timeout(PATIENCE, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(late) => Err(Failure::Unknown(Box::new(late))),
        }
    }

    /// The connection is put back only after a whole exchange: one that failed, or was given up, is not reused.
    async fn exchange(&mut self, mut request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        loop {
            let kept = self.connection.take();
            let is_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.connect().await.map_err(|error| Failure::NotSent(Box::new(error)))?,
            };
            if connection.ready().await.is_err() && is_kept {
                continue;
            }
            match connection.try_send_request(request).await {
                Ok(response) => {
                    let answer = read(response).await?;
                    self.connection = Some(connection);
                    return Ok(answer);
                }
                Err(mut error) => match error.take_message() {
                    // The server closed the kept connection before our request began.
                    Some(unsent) if is_kept => request = unsent,
                    Some(_) => return Err(Failure::NotSent(Box::new(error.into_error()))),
                    None => return Err(Failure::Unknown(Box::new(error.into_error()))),
                },
            }
        }
    }

    async fn connect(&mut self) -> io::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // It ends with the connection; what failed in it is told to whoever waits for an answer.
        tokio::spawn(async move { drop(connection.await) });
        self.connections += 1;
        Ok(sender)
    }
}

impl Answer {
    /// The body as JSON, `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's value, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Result<Answer, Failure> {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| Failure::Unknown(Box::new(error)))?;
    Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
}
