//! Who called first: told by trusted proxies in headers or by the PROXY protocol, claimed in vain by anybody else.

use std::net::SocketAddr;

use comporta_e2e::{Gateway, Mirror, connect_from};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::connections::until_closed;
use super::{open_to, with};

const TRUSTED: [u8; 4] = [127, 0, 0, 2];
const STRANGER: [u8; 4] = [127, 0, 0, 1];
const SPOOFED: &str = "x-forwarded-for: 198.51.100.1\r\nx-forwarded-host: evil.example.com\r\n\
    x-forwarded-proto: https\r\nx-forwarded-port: 444\r\nx-real-ip: 198.51.100.1\r\n\
    forwarded: for=198.51.100.1;host=evil.example.com;proto=https\r\n";

#[tokio::test]
async fn what_a_stranger_claims_is_replaced_and_what_a_trusted_proxy_says_is_passed_on() {
    let mirror = Mirror::start().await;
    let settings = with(open_to(&mirror.url()), json!({"proxies": {"trusted": ["127.0.0.2/32"]}}));
    let gateway = Gateway::start(&settings).await;
    let address = gateway.server.public();

    let seen = seen(STRANGER, address, b"", SPOOFED).await;
    assert_eq!(seen["x-forwarded-for"], "127.0.0.1");
    assert_eq!(seen["forwarded"], "for=127.0.0.1;host=api.example.com;proto=http");
    assert_eq!(
        (&seen["x-forwarded-proto"], &seen["x-forwarded-host"]),
        (&json!("http"), &json!("api.example.com"))
    );
    assert_eq!((&seen["x-real-ip"], &seen["x-forwarded-port"]), (&Value::Null, &Value::Null));
    assert!(!seen.to_string().contains("198.51.100.1") && !seen.to_string().contains("evil"), "{seen}");

    let seen = self::seen(TRUSTED, address, b"", SPOOFED).await;
    assert_eq!(seen["x-forwarded-for"], "198.51.100.1, 127.0.0.2");
    assert_eq!(seen["forwarded"], "for=198.51.100.1;host=evil.example.com;proto=https, for=127.0.0.2");
    assert_eq!((&seen["x-forwarded-proto"], &seen["x-real-ip"]), (&json!("https"), &json!("198.51.100.1")));

    let twice = "x-forwarded-for: 203.0.113.9, 198.51.100.1\r\n";
    let seen = self::seen(TRUSTED, address, b"", twice).await;
    assert_eq!(
        seen["x-forwarded-for"], "198.51.100.1, 127.0.0.2",
        "what a stranger told the proxy is dropped"
    );

    let mut server = gateway.server;
    server.stop().await.unwrap();
    let clients = |log: &str, client: &str| log.matches(&format!("\"client\":\"{client}\"")).count();
    let log = server.log();
    assert_eq!((clients(&log, "127.0.0.1"), clients(&log, "198.51.100.1")), (1, 2), "{log}");
}

#[tokio::test]
async fn the_proxy_protocol_is_read_of_trusted_peers_and_must_be_there() {
    let mirror = Mirror::start().await;
    let proxies = json!({"trusted": ["127.0.0.2/32"], "proxy_protocol": true});
    let gateway = Gateway::start(&with(open_to(&mirror.url()), json!({"proxies": proxies}))).await;
    let address = gateway.server.public();

    let first = b"PROXY TCP4 203.0.113.7 192.0.2.1 51000 8080\r\n";
    assert_eq!(seen(TRUSTED, address, first, "").await["x-forwarded-for"], "203.0.113.7");
    let sixth = b"PROXY TCP6 2001:db8::7 2001:db8::1 51000 8080\r\n";
    let told = seen(TRUSTED, address, sixth, "").await;
    assert_eq!(told["x-forwarded-for"], "2001:db8::7");
    assert_eq!(told["forwarded"], "for=\"[2001:db8::7]\";host=api.example.com;proto=http");
    assert_eq!(
        seen(TRUSTED, address, &second([203, 0, 113, 8], 0x21), "").await["x-forwarded-for"],
        "203.0.113.8"
    );
    // LOCAL: the proxy's own health check.
    assert_eq!(
        seen(TRUSTED, address, &second([203, 0, 113, 8], 0x20), "").await["x-forwarded-for"],
        "127.0.0.2"
    );
    let spoofed = seen(TRUSTED, address, first, SPOOFED).await;
    assert_eq!(spoofed["x-forwarded-for"], "203.0.113.7", "a caller behind the proxy is a stranger");
    // In two pieces, as a network may bring it.
    let seen_late = seen_in_pieces(TRUSTED, address, &second([203, 0, 113, 9], 0x21)).await;
    assert_eq!(seen_late["x-forwarded-for"], "203.0.113.9");

    let before = mirror.seen().len();
    for (name, source, beginning) in [
        ("none", TRUSTED, &b""[..]),
        ("garbage", TRUSTED, b"PROXY TCP4 here there 1 2\r\n"),
        ("one of an unknown version", TRUSTED, b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c"),
        ("one of a stranger", STRANGER, first),
    ] {
        let mut stream = connect_from(source, address).await;
        stream.write_all(&[beginning, b"GET /t/x HTTP/1.1\r\nhost: a\r\n\r\n"].concat()).await.unwrap();
        let (answer, _) = until_closed(&mut stream).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{name}: {answer}");
    }
    assert_eq!(mirror.seen().len(), before, "nothing of it reaches an upstream");
    assert_eq!(seen(STRANGER, address, b"", "").await["x-forwarded-for"], "127.0.0.1", "others need none");
}

/// A header of version 2 for TCP over IPv4; 0x21 for PROXY, 0x20 for LOCAL.
fn second(source: [u8; 4], command: u8) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, 0x11, 0, 12]);
    header.extend(source);
    header.extend([192, 0, 2, 1]);
    header.extend([51_000_u16.to_be_bytes(), 8080_u16.to_be_bytes()].concat());
    header
}

/// The headers that the upstream sees of a request.
async fn seen(from: [u8; 4], to: SocketAddr, beginning: &[u8], headers: &str) -> Value {
    exchange(from, to, &[beginning], headers).await
}

async fn seen_in_pieces(from: [u8; 4], to: SocketAddr, beginning: &[u8]) -> Value {
    let (one, other) = beginning.split_at(beginning.len() / 2);
    exchange(from, to, &[one, other], "").await
}

async fn exchange(from: [u8; 4], to: SocketAddr, beginning: &[&[u8]], headers: &str) -> Value {
    let mut stream = connect_from(from, to).await;
    for piece in beginning {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    let head = format!("GET /t/x HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (answer, _) = until_closed(&mut stream).await;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    serde_json::from_str::<Value>(body).unwrap()["headers"].clone()
}
