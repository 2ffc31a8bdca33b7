//! Callers and upstreams that take their time are closed when it is over, and nobody else suffers.

use std::time::{Duration, Instant};

use comporta_e2e::{Gateway, Mirror, Upstream, fed, full, http1_on, http2_on, long_until_dropped, sizes};
use http_body_util::BodyExt as _;
use hyper::{Request, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::connections::until_closed;
use super::{open_by, open_to, request, with};

/// A second and the ticks by which it is measured, and some for a busy machine.
const A_SECOND: std::ops::Range<Duration> = Duration::from_millis(990)..Duration::from_millis(2200);

fn short(settings: Value) -> Value {
    let http = json!({"header_timeout": "1s", "stall_timeout": "1s", "idle_timeout": "60s"});
    with(settings, json!({"http": http}))
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_in_its_time() {
    let mirror = Mirror::start().await;
    let gateway = Gateway::start(&short(open_to(&mirror.url()))).await;
    let mut stream = TcpStream::connect(gateway.server.public()).await.unwrap();
    let began = Instant::now();
    let (mut read, mut write) = stream.split();
    let drip = async {
        let _ = write.write_all(b"GET /t/x HTTP/1.1\r\nhost: localhost\r\nx-drip: ").await;
        while write.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut answer = Vec::new();
    let closed = async {
        let _ = read.read_to_end(&mut answer).await;
        began.elapsed()
    };
    let took = tokio::select! { took = closed => took, () = drip => began.elapsed() };
    println!("a dripping head was cut off after {took:?}");
    assert!(A_SECOND.contains(&took), "{took:?}");
    assert!(mirror.seen().is_empty());
}

#[tokio::test]
async fn a_body_that_stops_is_answered_408_and_no_target_is_blamed() {
    let mirror = Mirror::start().await;
    let upstream = json!({
        // Shorter than the patience with callers: it is not the target that is late.
        "targets": [{"url": mirror.url()}], "timeouts": {"response": "300ms"},
        "outlier": {"consecutive_failures": 1, "eject_for": "60s"},
    });
    let gateway = Gateway::start(&short(open_by(&upstream))).await;
    let key = gateway.key();
    for (name, path) in [("a service", "/v1/entries"), ("an upstream", "/t/x")] {
        for framing in
            ["content-length: 1000\r\n\r\n{\"kind\"", "transfer-encoding: chunked\r\n\r\n7\r\n{\"kind\"\r\n"]
        {
            let mut stream = TcpStream::connect(gateway.server.public()).await.unwrap();
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n"
            );
            stream.write_all(format!("{head}{framing}").as_bytes()).await.unwrap();
            let began = Instant::now();
            let (answer, at) = until_closed(&mut stream).await;
            let (answer, took) = (String::from_utf8_lossy(&answer), at - began);
            println!("{name}: a body that stopped was answered after {took:?}");
            assert!(answer.starts_with("HTTP/1.1 408 "), "{name}: {answer:?} after {took:?}");
            assert!(A_SECOND.contains(&took), "{name}: {took:?}");
        }
    }
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let answer = caller.send_request(request("GET", "/t/x", full(""))).await.unwrap();
    assert_eq!(answer.status(), 200, "a slow caller must not put a target out of use");
}

#[tokio::test]
async fn a_caller_who_never_reads_is_cut_off() {
    let (upstream, mut told) = endless().await;
    let gateway = Gateway::start(&short(open_to(&upstream.url()))).await;
    let mut stream = TcpStream::connect(gateway.server.public()).await.unwrap();
    stream.write_all(b"GET /t/x HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let gone = told.recv().await.unwrap();
    let began = Instant::now();
    timeout(Duration::from_secs(10), gone).await.expect("it is served for ever").unwrap();
    let took = began.elapsed();
    println!("who never reads was cut off after {took:?}");
    assert!(took >= A_SECOND.start && took < sizes::late(Duration::from_millis(2800)), "{took:?}");
}

#[tokio::test]
async fn a_stream_of_http2_that_nobody_reads_is_cut_off() {
    let (upstream, mut told) = endless().await;
    let gateway = Gateway::start(&short(open_to(&upstream.url()))).await;
    // The connection is read, but not this stream: its window is never opened.
    let mut caller = http2_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let asked = Request::get("http://localhost/t/x").body(full("")).unwrap();
    let answer = caller.send_request(asked).await.unwrap();
    let gone = told.recv().await.unwrap();
    let ended = timeout(Duration::from_secs(5), gone).await;
    assert!(ended.is_ok(), "it is held for ever, and a place of its upstream with it");
    drop(answer);
}

/// An upstream whose answers have no end that anybody sees, and word of the end of each.
async fn endless() -> (Upstream, UnboundedReceiver<oneshot::Receiver<()>>) {
    let (tell, told) = unbounded_channel();
    let upstream = Upstream::start(move |_| {
        let (body, gone) = long_until_dropped(4 << 30);
        tell.send(gone).unwrap();
        async { Response::new(body) }
    });
    (upstream.await, told)
}

#[tokio::test]
async fn a_caller_who_reads_slowly_but_steadily_is_served_to_the_end() {
    let upstream = Upstream::start(|_| async { Response::new(comporta_e2e::long(24 << 20)) }).await;
    let gateway = Gateway::start(&short(open_to(&upstream.url()))).await;
    let mut stream = TcpStream::connect(gateway.server.public()).await.unwrap();
    stream.write_all(b"GET /t/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let (mut piece, mut length) = (vec![0; 512 * 1024], 0);
    let began = Instant::now();
    loop {
        match stream.read(&mut piece).await.unwrap() {
            0 => break,
            read => length += read,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{length} bytes in {:?}", began.elapsed());
    assert!(length > 24 << 20, "cut off after {length} bytes");
    assert!(began.elapsed() > Duration::from_secs(2), "not slow enough to show anything");
}

#[tokio::test]
async fn an_upstream_that_stops_within_its_answer_is_given_up() {
    let upstream = Upstream::start(|_| async {
        let (feed, body) = fed();
        tokio::spawn(async move {
            feed.piece("the beginning").await;
            feed.closed().await;
        });
        Response::new(body)
    });
    let upstream = upstream.await;
    let settings = open_by(&json!({"targets": [{"url": upstream.url()}], "timeouts": {"idle": "1s"}}));
    let gateway = Gateway::start(&settings).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let answer = caller.send_request(request("GET", "/t/x", full(""))).await.unwrap();
    let began = Instant::now();
    let ended = timeout(Duration::from_secs(5), answer.into_body().collect()).await;
    let took = began.elapsed();
    let ended = ended.expect("timeouts.idle has no effect: the answer is waited for for ever");
    assert!(ended.is_err(), "part of an answer must not look like all of it");
    assert!(A_SECOND.contains(&took), "{took:?}");
}
