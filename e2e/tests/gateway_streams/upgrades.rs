//! Another protocol on the connection, as WebSocket does it: carried both ways to its end, or refused.

use std::time::Duration;

use comporta_e2e::{Gateway, Upstream, full, http1_on, image};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{open_to, request};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn bytes_go_both_ways_and_each_way_ends_by_itself() {
    let upstream = Upstream::start(agree).await;
    let gateway = Gateway::start(&open_to(&upstream.url())).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let answer = caller.send_request(asking("echo")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(
        (&answer.headers()["upgrade"], &answer.headers()["connection"]),
        (&"echo".parse().unwrap(), &"upgrade".parse().unwrap())
    );
    let mut stream = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    for length in [1, 100, 70_000, 3] {
        let sent = vec![b'w'; length];
        let mut got = vec![0; length];
        let (mut read, mut write) = tokio::io::split(&mut stream);
        let (written, read) =
            tokio::join!(write.write_all(&sent), timeout(PATIENCE, read.read_exact(&mut got)));
        written.unwrap();
        read.expect("bytes are held back").unwrap();
        assert_eq!(got, sent);
    }
    // Half closed: what the other side has still to say comes through.
    stream.shutdown().await.unwrap();
    let mut last = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut last)).await.expect("the end is not carried on").unwrap();
    assert_eq!(last, "goodbye");
}

#[tokio::test]
async fn what_follows_the_request_at_once_is_carried_too() {
    let upstream = Upstream::start(agree).await;
    let gateway = Gateway::start(&open_to(&upstream.url())).await;
    let mut stream = TcpStream::connect(gateway.server.public()).await.unwrap();
    let head = "GET /t/x HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nearly";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut all = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut all)).await.expect("it does not end").unwrap();
    let (head, rest) = all.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{all}");
    assert_eq!(rest, "earlygoodbye");
}

#[tokio::test]
async fn a_refused_upgrade_is_an_answer_like_any_other() {
    let upstream = Upstream::start(agree).await;
    let gateway = Gateway::start(&open_to(&upstream.url())).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    for _ in 0..2 {
        caller.ready().await.unwrap();
        let answer = caller.send_request(asking("another")).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let seen: Value =
            serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(seen["headers"]["upgrade"], "another");
    }
    // The same connection serves on.
    caller.ready().await.unwrap();
    let answer = caller.send_request(request("GET", "/t/x", full(""))).await.unwrap();
    let seen: Value =
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!(seen["headers"]["upgrade"], Value::Null);
}

#[tokio::test]
async fn who_may_not_pass_may_not_upgrade_and_no_upstream_changes_the_protocol_unasked() {
    let upstream = Upstream::start(agree).await;
    let mut settings = open_to(&upstream.url());
    settings["routes"][0]["auth"] = json!({"any_of": ["api-key"]});
    let gateway = Gateway::start(&settings).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    assert_eq!(caller.send_request(asking("echo")).await.unwrap().status(), 401);
    assert_eq!(upstream.accepted(), 0);

    let unasked = Upstream::start(|_| async {
        let answer =
            Response::builder().status(101).header("connection", "upgrade").header("upgrade", "echo");
        answer.body(full("")).unwrap()
    });
    let unasked = unasked.await;
    let gateway = Gateway::start(&open_to(&unasked.url())).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let answer =
        timeout(PATIENCE, caller.send_request(request("GET", "/t/x", full("")))).await.unwrap().unwrap();
    assert_eq!(answer.status(), 502);
}

fn asking(protocol: &str) -> Request<comporta_e2e::AnyBody> {
    let mut asked = request("GET", "/t/x", full(""));
    asked.headers_mut().insert("connection", "upgrade".parse().unwrap());
    asked.headers_mut().insert("upgrade", protocol.parse().unwrap());
    asked
}

/// Agrees to `echo`: sends back what comes, and a last word once nothing more comes. Refuses anything else.
async fn agree(request: Request<Incoming>) -> Response<comporta_e2e::AnyBody> {
    if request.headers().get("upgrade").is_none_or(|protocol| protocol != "echo") {
        let seen = image(request).await;
        return Response::builder().status(400).body(full(seen.to_string())).unwrap();
    }
    tokio::spawn(async move {
        let mut stream = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
        let mut bytes = vec![0; 8192];
        while let Ok(length @ 1..) = stream.read(&mut bytes).await {
            stream.write_all(&bytes[..length]).await.unwrap();
        }
        let _ = stream.write_all(b"goodbye").await;
        let _ = stream.shutdown().await;
    });
    let answer = Response::builder().status(101).header("connection", "upgrade").header("upgrade", "echo");
    answer.body(full("")).unwrap()
}
