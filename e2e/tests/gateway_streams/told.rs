//! Every request leaves a line and an answer behind: one that is none, and one whose caller has left.

use std::time::{Duration, Instant};

use comporta_e2e::{Gateway, Mirror};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::connections::until_closed;
use super::open_to;

/// The access lines that hold a text, once there are some.
async fn lines(gateway: &Gateway, text: &str) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let log = gateway.server.log();
        let access = log.lines().filter(|line| line.contains(r#""target":"access""#) && line.contains(text));
        let access: Vec<Value> = access.map(|line| serde_json::from_str(line).unwrap()).collect();
        if !access.is_empty() {
            return access;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "no line has {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_is_no_request_is_answered_with_a_problem_and_has_a_line() {
    let mirror = Mirror::start().await;
    let gateway = Gateway::start(&open_to(&mirror.url())).await;
    let long = "x".repeat(70_000);
    let cases = [
        ("garbage\r\n\r\n".to_owned(), "400", "malformed"),
        ("GET /t/x HTTP/1.1\nhost: a.test\n\n".to_owned(), "400", "malformed"),
        (format!("GET /t/{long} HTTP/1.1\r\nhost: a.test\r\n\r\n"), "414", "uri-too-long"),
        (format!("GET /t/x HTTP/1.1\r\nx: {long}\r\n\r\n"), "431", "headers-too-large"),
    ];
    for (text, status, kind) in cases {
        let mut stream = TcpStream::connect(gateway.server.public()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let answer = String::from_utf8(until_closed(&mut stream).await.0).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(
            head.contains("content-type: application/problem+json") && head.contains("connection: close")
        );
        let problem: Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["type"], format!("urn:comporta:problem:{kind}"));
        let id = problem["request_id"].as_str().unwrap();
        let line = &lines(&gateway, id).await[0];
        assert_eq!((line["status"].to_string(), &line["problem"]), (status.to_owned(), &kind.into()));
    }
    assert!(mirror.seen().is_empty());
}

#[tokio::test]
async fn a_caller_who_leaves_frees_the_upstream_and_has_a_line() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = Gateway::start(&open_to(&format!("http://{}", upstream.local_addr().unwrap()))).await;
    let mut caller = TcpStream::connect(gateway.server.public()).await.unwrap();
    caller.write_all(b"GET /t/never HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let (mut asked, _) = upstream.accept().await.unwrap();
    drop(caller);
    let (seen, _) = until_closed(&mut asked).await;
    assert!(seen.starts_with(b"GET /t/never"), "the upstream was asked, and left alone at once");
    let line = &lines(&gateway, "/t/never").await[0];
    assert_eq!((&line["status"], &line["broken_off"]), (&499.into(), &true.into()));
}
