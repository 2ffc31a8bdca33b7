//! When a connection takes another request, and when it must not.

use std::task::{Context, Waker};

use super::*;
use crate::cluster::{Cluster, Pick};
use crate::config;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn pick() -> Pick {
    let target = config::Target { url: "http://10.0.0.1:80".parse().unwrap(), weight: 1, backup: false };
    let upstream = config::Upstream { targets: vec![target], ..config::Upstream::default() };
    Cluster::new("u", &upstream, None).unwrap().pick(0, 0, 1_000_000_000).unwrap()
}

fn taken(pool: &Pool) -> Option<Http1> {
    pool.take_http1(1, 2, &mut Context::from_waker(Waker::noop()))
}

/// Sends a request and gives the connection back to the pool with the end of the answer.
async fn round(pool: &Arc<Pool>, mut connection: Http1, far: &mut DuplexStream, answer: &[u8]) -> Vec<u8> {
    let asked = Asked::new(Method::GET);
    let (method, path, headers) = (&asked.method, &asked.path, &asked.headers);
    let host = &HeaderValue::from_static("t");
    let head = RequestHead { method, path, headers, host, upgrades: false };
    let target = async {
        hear_head(far).await;
        far.write_all(answer).await.unwrap();
    };
    let (sent, ()) = tokio::join!(connection.send(head, None), target);
    sent.unwrap();
    let home = Home { pool: Arc::clone(pool), key: 1 };
    let mut answer = Http1Answer::new(connection, pick(), home);
    let mut body = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| answer.poll_frame(cx)).await {
        assert!(!answer.is_end_stream() || answer.size_hint().exact() == Some(0));
        body.extend(frame.unwrap().into_data().unwrap());
    }
    assert!(answer.is_end_stream());
    body
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let pool = Arc::new(Pool::default());
    assert!(taken(&pool).is_none());
    let (mut connection, mut far) = connected(1024);
    for _ in 0..100 {
        assert_eq!(round(&pool, connection, &mut far, OK).await, b"ok");
        connection = taken(&pool).expect("the one connection");
        assert!(taken(&pool).is_none(), "there is no other");
    }
    assert_eq!(round(&pool, connection, &mut far, OK).await, b"ok");
    pool.tidy();
    assert!(taken(&pool).is_some(), "tidying keeps it");
}

#[tokio::test]
async fn what_is_said_on_an_idle_connection_is_nobodys_answer() {
    let pool = Arc::new(Pool::default());
    for late in [&b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nsmuggled!"[..], b"\r\n", b"x"] {
        assert!(taken(&pool).is_none());
        let (connection, mut far) = connected(1024);
        round(&pool, connection, &mut far, OK).await;
        far.write_all(late).await.unwrap();
        assert!(taken(&pool).is_none(), "{late:?}");
        // Nor if it comes in one piece with the answer.
        let (connection, mut far) = connected(1024);
        round(&pool, connection, &mut far, &[OK, late].concat()).await;
        assert!(taken(&pool).is_none(), "{late:?}");
    }
}

#[tokio::test]
async fn a_connection_that_the_target_closed_is_not_used_again() {
    let pool = Arc::new(Pool::default());
    assert!(taken(&pool).is_none());
    let (connection, mut far) = connected(1024);
    round(&pool, connection, &mut far, OK).await;
    drop(far);
    assert!(taken(&pool).is_none());
}

#[tokio::test]
async fn an_answer_that_is_not_read_to_its_end_closes_the_connection() {
    let pool = Arc::new(Pool::default());
    assert!(taken(&pool).is_none());
    let (mut connection, mut far) = connected(1024);
    far.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await.unwrap();
    let asked = Asked::new(Method::GET);
    let host = &HeaderValue::from_static("t");
    let head = RequestHead {
        method: &asked.method,
        path: &asked.path,
        headers: &asked.headers,
        host,
        upgrades: false,
    };
    connection.send(head, None).await.unwrap();
    let home = Home { pool: Arc::clone(&pool), key: 1 };
    let mut answer = Http1Answer::new(connection, pick(), home);
    assert!(std::future::poll_fn(|cx| answer.poll_frame(cx)).await.unwrap().is_ok());
    drop(answer);
    assert!(taken(&pool).is_none());
    hear_head(&mut far).await;
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0, "the target sees the end");
}
