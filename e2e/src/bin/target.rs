//! A server for a gateway to send requests to: `target NAME PORT JOURNAL`.
//!
//! It answers with its name and what it was asked, after `?pause=` milliseconds, and notes each POST in its journal
//! as soon as it sees it. It ends with its standard input, so that it does not outlive who started it.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

/// What an answer carries beside what says something: it makes answers about 200 bytes.
const PADDING: &str =
    "the rest of a small answer, as a service might give it, in a hundred bytes of text or a few more";

struct Target {
    name: String,
    journal: File,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let [name, port, journal] =
        arguments().ok_or_else(|| io::Error::other("usage: target NAME PORT JOURNAL"))?;
    let journal = File::options().create(true).append(true).open(journal)?;
    let target: &'static Target = Box::leak(Box::new(Target { name, journal }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse().map_err(io::Error::other)?)).await?;
    std::thread::spawn(end_with_standard_input);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = service_fn(async move |request| Ok::<_, Infallible>(target.answer(request).await));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

fn arguments() -> Option<[String; 3]> {
    let mut arguments = std::env::args().skip(1);
    Some([arguments.next()?, arguments.next()?, arguments.next()?])
}

fn end_with_standard_input() {
    // Its end, or that it was never there.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

impl Target {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let is_post = request.method() == Method::POST;
        // One write of a line, before anything else: it is there even if the next moment brings SIGKILL.
        let noted = !is_post || (&self.journal).write_all(format!("{path}\n").as_bytes()).is_ok();
        let pause = request.uri().query().and_then(|query| query.strip_prefix("pause=")?.parse().ok());
        if let Some(pause) = pause {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let read = request.into_body().collect().await;
        let body = json!({"target": self.name, "path": path, "padding": PADDING}).to_string();
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = match (noted && read.is_ok(), is_post) {
            (false, _) => StatusCode::INTERNAL_SERVER_ERROR,
            (true, true) => StatusCode::CREATED,
            (true, false) => StatusCode::OK,
        };
        response
    }
}
