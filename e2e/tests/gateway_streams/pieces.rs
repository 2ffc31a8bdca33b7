//! What comes in pieces goes on in pieces: events, trailers, bodies of no announced length, and their bounds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use comporta_e2e::{Feeder, Gateway, Mirror, Upstream, fed, full, http1_on, http2_on, image, long};
use comporta_testkit::EntryBody;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request, Response};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{open_to, request, with};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn each_event_arrives_before_the_next_one_is_sent() {
    let feeder = Arc::new(Mutex::new(None::<Feeder>));
    let feeding = Arc::clone(&feeder);
    let upstream = Upstream::start(move |_| {
        let (feed, body) = fed();
        *feeding.lock().unwrap() = Some(feed);
        let answer = Response::builder().header("content-type", "text/event-stream").body(body).unwrap();
        async { answer }
    });
    let upstream = upstream.await;
    // Pauses between events are no stalls.
    let settings =
        with(open_to(&upstream.url()), json!({"http": {"stall_timeout": "1s", "idle_timeout": "1s"}}));
    let gateway = Gateway::start(&settings).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let answer = caller.send_request(request("GET", "/t/events", full(""))).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let feed = feeder.lock().unwrap().take().unwrap();
    let mut body = answer.into_body();
    for number in 0..20 {
        if number == 10 {
            tokio::time::sleep(Duration::from_millis(2500)).await;
        }
        let event = Bytes::from(format!("id: {number}\ndata: tick\n\n"));
        assert!(feed.piece(event.clone()).await);
        let got = timeout(PATIENCE, body.frame()).await.expect("an event is held back").unwrap().unwrap();
        assert_eq!(got.into_data().unwrap(), event);
    }
    // A reader who leaves is told to the source.
    drop((body, caller));
    timeout(PATIENCE, feed.closed()).await.expect("the upstream is not told that nobody reads");
}

#[tokio::test]
async fn trailers_go_both_ways_over_http1() {
    let upstream = upstream_with_trailers(false).await;
    let gateway = Gateway::start(&open_to(&upstream.url())).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let mut sent = request("POST", "/t/x", with_trailer("x-sent", "from the caller"));
    sent.headers_mut().extend([("te", "trailers"), ("connection", "te"), ("trailer", "x-sent")].map(header));
    check_trailers(caller.send_request(sent).await.unwrap()).await;
}

#[tokio::test]
async fn trailers_go_both_ways_over_http2() {
    let upstream = upstream_with_trailers(true).await;
    let mut settings = open_to(&upstream.url());
    settings["upstreams"]["theirs"]["http"] = json!("2");
    let gateway = Gateway::start(&settings).await;
    let mut caller = http2_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let sent = Request::post("http://localhost/t/x").header("te", "trailers");
    let sent = sent.body(with_trailer("x-sent", "from the caller")).unwrap();
    check_trailers(caller.send_request(sent).await.unwrap()).await;
}

/// Tells the trailers that came in its body, and one of its own after it.
async fn upstream_with_trailers(http2: bool) -> Upstream {
    let terms = comporta_e2e::Terms { http2, ..Default::default() };
    let handler = |request: Request<Incoming>| async move {
        let seen = image(request).await.to_string();
        let (feed, body) = fed();
        tokio::spawn(async move {
            feed.piece(seen).await;
            let trailers = [("x-told", "by the upstream"), ("x-forwarded-for", "10.0.0.1")];
            feed.trailers(trailers.map(header).into_iter().collect()).await;
        });
        Response::builder().header("trailer", "x-told").body(body).unwrap()
    };
    Upstream::start_with(terms, handler).await
}

async fn check_trailers(answer: Response<Incoming>) {
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap();
    // Without the one that whoever adds trailers to headers would take for a gateway's word.
    assert_eq!(body.trailers().unwrap(), &HeaderMap::from_iter([header(("x-told", "by the upstream"))]));
    let seen: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    assert_eq!((&seen["body"], &seen["trailers"]["x-sent"]), (&json!("body"), &json!("from the caller")));
    assert_eq!(seen["headers"]["te"], "trailers", "{seen}");
}

fn with_trailer(name: &'static str, value: &'static str) -> comporta_e2e::AnyBody {
    let (feed, body) = fed();
    tokio::spawn(async move {
        feed.piece("body").await;
        feed.trailers(HeaderMap::from_iter([header((name, value))])).await;
    });
    body
}

fn header(
    (name, value): (&'static str, &'static str),
) -> (hyper::header::HeaderName, hyper::header::HeaderValue) {
    (name.parse().unwrap(), value.parse().unwrap())
}

#[tokio::test]
async fn a_service_in_the_process_takes_a_body_in_chunks() {
    let gateway = Gateway::start(&json!({})).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let (feed, body) = fed();
    let text = Bytes::from(&EntryBody::credit(12_345, "in chunks"));
    tokio::spawn(async move {
        for piece in text.chunks(7) {
            feed.piece(Bytes::copy_from_slice(piece)).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let mut sent = request("POST", "/v1/entries", body);
    sent.headers_mut().insert("x-api-key", gateway.key().parse().unwrap());
    sent.headers_mut().insert("content-type", "application/json".parse().unwrap());
    let answer = caller.send_request(sent).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    let entry: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&entry["amount"], &entry["description"]), (&json!("123.45"), &json!("in chunks")));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not_and_no_upstream_sees_it_whole() {
    let mirror = Mirror::start().await;
    let mut settings = open_to(&mirror.url());
    settings["routes"][0]["body_limit"] = json!("64KiB");
    let gateway = Gateway::start(&settings).await;
    let limit = 64 * 1024;
    for (path, key) in [("/t/x", None), ("/v1/entries", Some(gateway.key()))] {
        let own_limit = if key.is_some() { 1 << 20 } else { limit };
        for announced in [true, false] {
            let body = if announced { long(own_limit + 1) } else { chunked(own_limit + 1) };
            let mut sent = request("POST", path, body);
            if let Some(key) = &key {
                sent.headers_mut().insert("x-api-key", key.parse().unwrap());
                sent.headers_mut().insert("content-type", "application/json".parse().unwrap());
            }
            let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
            let answer = timeout(PATIENCE, caller.send_request(sent)).await.unwrap().unwrap();
            assert_eq!(answer.status(), 413, "{path}, announced: {announced}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
    }
    let whole = |seen: &Value| seen["whole"] == true;
    assert!(!mirror.seen().iter().any(whole), "the upstream took part of a body for all of it");

    for body in [long(limit), chunked(limit)] {
        let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
        let answer = caller.send_request(request("POST", "/t/x", body)).await.unwrap();
        assert_eq!(answer.status(), 200, "exactly the limit passes");
    }
}

/// So many bytes without saying how many.
fn chunked(bytes: u64) -> comporta_e2e::AnyBody {
    let (feed, body) = fed();
    tokio::spawn(async move {
        let mut left = usize::try_from(bytes).unwrap();
        while left > 0 {
            let piece = left.min(8192);
            left -= piece;
            if !feed.piece(vec![b'c'; piece]).await {
                return;
            }
        }
    });
    body
}
