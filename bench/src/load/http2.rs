//! A share of one HTTP/2 connection over TLS.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Answered;

const HEADERS: usize = 16;
/// The name in the certificate.
const HOST: &str = "localhost";
/// A body of a megabyte fits in without a pause for the window to open.
const WINDOW: u32 = 2 * 1024 * 1024;

/// One who asks one thing at a time on a connection that others use too.
pub(super) struct Http2 {
    sender: SendRequest<Full<Bytes>>,
    /// Kept because mostly the next one is the same.
    last: Option<Box<Translated>>,
}

/// A request as it was written and as it is sent.
struct Translated {
    written: Vec<u8>,
    request: Request<Full<Bytes>>,
}

impl Http2 {
    pub(super) async fn open(address: SocketAddr, connector: &TlsConnector) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(HOST).map_err(Error::other)?;
        let stream = connector.connect(name, stream).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(Error::new(ErrorKind::InvalidData, "the server does not speak HTTP/2"));
        }
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW * 8);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(Error::other)?;
        // What fails in it is told to whoever waits for an answer.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, last: None })
    }

    /// Another who asks on the same connection.
    pub(super) fn share(&self) -> Self {
        Self { sender: self.sender.clone(), last: None }
    }

    /// Sends a request, as it is written in HTTP/1.1, and reads its answer to the end.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> std::io::Result<Answered> {
        let known = self.last.as_ref().is_some_and(|last| last.written == request);
        if !known {
            let written = request.to_vec();
            self.last = Some(Box::new(Translated { written, request: translate(request)? }));
        }
        let Some(last) = &self.last else { return Err(ErrorKind::InvalidInput.into()) };
        self.sender.ready().await.map_err(Error::other)?;
        let response = self.sender.send_request(last.request.clone()).await.map_err(Error::other)?;
        let status = response.status().as_u16();
        let (mut body, mut length) = (response.into_body(), 0);
        while let Some(frame) = body.frame().await {
            length += frame.map_err(Error::other)?.data_ref().map_or(0, Bytes::len);
        }
        Ok(Answered { status, length })
    }
}

/// The same request without what only HTTP/1.1 needs.
fn translate(written: &[u8]) -> std::io::Result<Request<Full<Bytes>>> {
    let invalid = |error: httparse::Error| Error::new(ErrorKind::InvalidInput, error);
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(body) = parsed.parse(written).map_err(invalid)? else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let mut request = Request::builder().method(parsed.method.unwrap_or_default());
    request = request.uri(format!("https://{HOST}{}", parsed.path.unwrap_or_default()));
    for header in parsed.headers.iter() {
        if !["host", "content-length"].contains(&header.name) {
            request = request.header(header.name, header.value);
        }
    }
    request.body(Full::new(Bytes::copy_from_slice(&written[body..]))).map_err(Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::post;

    #[tokio::test]
    async fn a_request_keeps_its_body_and_its_own_headers() {
        let request = translate(&post("/p?q=1", "k", "{}")).unwrap();
        assert_eq!(request.uri(), "https://localhost/p?q=1");
        let names: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
        assert_eq!(names, ["x-api-key", "content-type"]);
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "{}");
    }
}
