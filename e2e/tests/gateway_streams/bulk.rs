//! Gigabytes go through in megabytes of memory.

use std::time::Instant;

use comporta_e2e::{AnyBody, Gateway, Upstream, full, http1_on, http2_on, long, memory, sizes};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::TcpStream;

use super::{open_to, request};

const MOST: u64 = 16 << 20;
/// What goes through first, so that buffers are there before the first count.
const WARM_UP: u64 = 4 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_upload_takes_no_more_memory_than_a_short_one() {
    let (gateway, _upstream) = gateway().await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    upload(&mut caller, WARM_UP).await;
    let (before, began) = mark(&gateway);
    upload(&mut caller, sizes::bulk()).await;
    check(&gateway, "an upload", before, began);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_download_takes_no_more_memory_than_a_short_one() {
    let (gateway, _upstream) = gateway().await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let answer = caller.send_request(request("GET", &format!("/t/{WARM_UP}"), full(""))).await.unwrap();
    assert_eq!(drain(answer).await, WARM_UP);
    let (before, began) = mark(&gateway);
    caller.ready().await.unwrap();
    let answer =
        caller.send_request(request("GET", &format!("/t/{}", sizes::bulk()), full(""))).await.unwrap();
    assert_eq!(drain(answer).await, sizes::bulk());
    check(&gateway, "a download", before, began);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_over_http2() {
    let (gateway, _upstream) = gateway().await;
    let mut caller = http2_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    let target = |path: &str| format!("http://localhost/t/{path}");
    let mut there_and_back = async |bytes: u64| {
        let up = Request::post(target("up")).body(long(bytes)).unwrap();
        assert_eq!(drained_text(caller.send_request(up).await.unwrap()).await, bytes.to_string());
        let down = Request::get(target(&bytes.to_string())).body(full("")).unwrap();
        assert_eq!(drain(caller.send_request(down).await.unwrap()).await, bytes);
    };
    there_and_back(WARM_UP).await;
    let (before, began) = mark(&gateway);
    there_and_back(sizes::bulk()).await;
    check(&gateway, "both over HTTP/2", before, began);
}

/// An upstream that counts what comes to `/t/up`, and sends as many bytes as `/t/N` says.
async fn gateway() -> (Gateway, Upstream) {
    let upstream = Upstream::start(|request: Request<Incoming>| async move {
        let path = request.uri().path().trim_start_matches("/t/").to_owned();
        let body = match path.parse() {
            Ok(bytes) => long(bytes),
            Err(_) => full(drain(Response::new(request.into_body())).await.to_string()),
        };
        Response::new(body)
    });
    let upstream = upstream.await;
    (Gateway::start(&open_to(&upstream.url())).await, upstream)
}

async fn upload(caller: &mut hyper::client::conn::http1::SendRequest<AnyBody>, bytes: u64) {
    caller.ready().await.unwrap();
    let answer = caller.send_request(request("POST", "/t/up", long(bytes))).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(drained_text(answer).await, bytes.to_string());
}

async fn drained_text(answer: Response<Incoming>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Reads a body to its end and gives its length.
async fn drain(message: Response<Incoming>) -> u64 {
    let mut body = message.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().map_or(0, |data| data.len() as u64);
    }
    length
}

fn mark(gateway: &Gateway) -> (u64, Instant) {
    memory::forget_peak(gateway.server.pid());
    (memory::resident(gateway.server.pid()), Instant::now())
}

fn check(gateway: &Gateway, what: &str, before: u64, began: Instant) {
    let grown = memory::peak(gateway.server.pid()).saturating_sub(before);
    let rate = memory::mib(sizes::bulk()) / began.elapsed().as_secs_f64();
    let (size, grown_mib) = (memory::mib(sizes::bulk()), memory::mib(grown));
    println!("{what} of {size:.0} MiB, {rate:.0} MiB/s: memory grew by {grown_mib:.1} MiB at its peak");
    assert!(grown < MOST, "{what}: memory grew by {grown_mib:.1} MiB");
}
