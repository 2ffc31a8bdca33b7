//! A connection to a target, with the target played by the test or by hyper's server.

mod answers;
mod hyper_server;
mod requests;
mod reuse;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::yield_now;

use super::{Http1, Http1Answer, RequestHead, SendFailure};
use crate::body::{BodyError, RequestBody};
use crate::forward::pool::{Home, Pool};
use crate::forward::stream::Stream;
use crate::headers::Headers;

/// A request of a test.
#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    path: Uri,
    headers: Headers,
    upgrades: bool,
}

/// All of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    trailers: HeaderMap,
}

impl Asked {
    fn new(method: Method) -> Self {
        Self { method, path: Uri::from_static("/a?b=c"), headers: Headers::new(), upgrades: false }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Sends this, and reads all of the answer.
    async fn of(&self, connection: &mut Http1, body: RequestBody) -> Result<Heard, SendFailure> {
        let Self { method, path, headers, upgrades } = self;
        let host = &HeaderValue::from_static("t.example");
        let head = RequestHead { method, path, headers, host, upgrades: *upgrades };
        let (status, headers) = connection.send(head, Some(Box::new(body))).await?;
        let (mut body, mut trailers) = (Vec::new(), HeaderMap::new());
        while let Some(frame) = std::future::poll_fn(|cx| connection.poll_frame(cx)).await {
            match frame.map_err(SendFailure::Body)?.into_data() {
                Ok(data) => body.extend_from_slice(&data),
                Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
            }
        }
        Ok(Heard { status, headers: headers.into(), body, trailers })
    }
}

/// A connection, and its other end; so many bytes are under way at most.
fn connected(room: usize) -> (Http1, DuplexStream) {
    let (near, far) = duplex(room);
    (Http1::new(Stream::Memory(near)), far)
}

fn nothing() -> RequestBody {
    RequestBody::whole(Bytes::new())
}

/// A body that comes piece by piece.
fn pieces(exact: Option<u64>) -> (mpsc::Sender<Result<Frame<Bytes>, BodyError>>, RequestBody) {
    let (sender, pieces) = mpsc::channel(64);
    (sender, RequestBody::channel(pieces, exact))
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
    };
    let mut headers = HeaderMap::new();
    fields.iter().map(field).for_each(|(name, value)| {
        headers.append(name, value);
    });
    headers
}

/// Says so much at a time; what is read is cut there.
async fn say(far: &mut DuplexStream, text: &[u8], at_a_time: usize) {
    for piece in text.chunks(at_a_time.max(1)) {
        if far.write_all(piece).await.is_err() {
            return;
        }
        yield_now().await;
    }
}

/// Reads up to the end of a head.
async fn hear_head(far: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(far.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// What a request is told when its target says this, so much at a time, and closes the connection.
async fn told(asked: &Asked, text: &[u8], at_a_time: usize) -> (Result<Heard, SendFailure>, Http1) {
    let (mut connection, mut far) = connected(64 * 1024);
    let target = async {
        hear_head(&mut far).await;
        say(&mut far, text, at_a_time).await;
        drop(far);
    };
    let (heard, ()) = tokio::join!(asked.of(&mut connection, nothing()), target);
    (heard, connection)
}
