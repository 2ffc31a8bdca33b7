//! A caller tells what was never sent from what may have been done.
#![cfg(test)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use comporta_testkit::{Client, EntryBody, Failure};
use serde_json::{Value, json};

/// A server of one thread that treats each connection as told, in turn.
fn serve(connections: Vec<fn(BufReader<TcpStream>)>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for treat in connections {
            treat(BufReader::new(listener.accept().unwrap().0));
        }
    });
    address
}

/// Reads a request and gives its first line and its body.
fn read(stream: &mut BufReader<TcpStream>) -> (String, String) {
    let (mut first, mut length) = (String::new(), 0);
    stream.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (first.trim().to_owned(), String::from_utf8(body).unwrap())
}

fn answer_once(mut stream: BufReader<TcpStream>) {
    let (first, body) = read(&mut stream);
    let text = format!("{first} {body}");
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    stream.get_mut().write_all(answer.as_bytes()).unwrap();
}

fn cut_off(mut stream: BufReader<TcpStream>) {
    read(&mut stream);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_made_again() {
    let mut client = Client::new(serve(vec![answer_once, answer_once, answer_once]), None);
    for _ in 0..3 {
        assert_eq!(client.get("/a").await.unwrap().text(), "GET /a HTTP/1.1 ");
        // Time to notice that the server has closed: a request sent just then would have an unknown outcome.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn nobody_listening_means_not_sent() {
    let address = serve(vec![]);
    let mut client = Client::new(address, None);
    while TcpStream::connect(address).is_ok() {} // until the thread has let go of the port
    assert!(matches!(client.get("/").await, Err(Failure::NotSent(_))));
}

#[tokio::test]
async fn a_connection_cut_after_the_request_means_unknown() {
    let mut client = Client::new(serve(vec![cut_off, answer_once]), Some("key"));
    let entry = EntryBody::credit(105, "x").on("2026-03-02");
    assert!(matches!(client.post("/v1/entries", &[], &entry).await, Err(Failure::Unknown(_))));
    let told = client.post("/v1/entries", &[("idempotency-key", "k")], &entry).await.unwrap().text();
    let sent = told.strip_prefix("POST /v1/entries HTTP/1.1 ").unwrap();
    let expected =
        json!({"kind": "credit", "amount": "1.05", "description": "x", "business_date": "2026-03-02"});
    assert_eq!(serde_json::from_str::<Value>(sent).unwrap(), expected);
}
