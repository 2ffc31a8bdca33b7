//! Connections that wait: many of them take little, and each has its time.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use comporta_e2e::{Engine, Gateway, Mirror, memory, sizes};
use comporta_neighbours::target;
use comporta_testkit::Setup;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{open_to, with};

/// Of 10,000 connections, all of the process together.
const MOST: u64 = 160 << 20;
/// What a process may grow by for other reasons.
const SLACK: u64 = 4 << 20;
const GET: &[u8] = b"GET /t/x HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_keep_alive_connections_take_little_memory() {
    allow_descriptors();
    let count = sizes::idle_connections();
    let mirror = Mirror::start().await;
    // However long it takes to open them all, none is closed meanwhile.
    let settings = with(open_to(&mirror.url()), json!({"http": {"idle_timeout": "1h"}}));
    let gateway = Gateway::start(&settings).await;
    let pid = gateway.server.pid();
    // Whatever is made once is made before the first count.
    drop(answered(gateway.server.public()).await);
    let before = memory::resident(pid);

    let began = Instant::now();
    let mut idle = Vec::new();
    for _ in 0..count {
        idle.push(answered(gateway.server.public()).await);
    }
    let opened = began.elapsed();
    // The share of those that are there, of what the bound leaves beside a process without any.
    let share = MOST.saturating_sub(before) * count as u64 / 10_000 + SLACK;
    // What a request needed may be given back a while after it.
    while memory::resident(pid) > before + share && began.elapsed() < opened + Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let held = memory::resident(pid);
    let theirs = held.saturating_sub(before);
    println!(
        "{count} idle connections, opened in {opened:?}: {:.1} MiB, of which {:.1} MiB ({} bytes each) are theirs",
        memory::mib(held),
        memory::mib(theirs),
        theirs / count as u64
    );
    assert!(held <= MOST, "{:.1} MiB with {count} connections", memory::mib(held));
    assert!(theirs <= share, "{:.1} MiB for {count} connections", memory::mib(theirs));

    // Not more at once than a target may have in flight.
    for some in idle.chunks_mut(100) {
        for stream in &mut *some {
            stream.write_all(GET).await.unwrap();
        }
        for stream in some {
            assert!(read_head(stream).await.starts_with("HTTP/1.1 200"), "each of them still serves");
        }
    }
}

#[tokio::test]
async fn as_many_connections_as_are_allowed_are_served_at_once_whatever_core_they_come_to() {
    let mirror = Mirror::start().await;
    let settings = with(open_to(&mirror.url()), json!({"http": {"max_connections": 100}, "workers": 2}));
    let gateway = Gateway::start(&settings).await;
    let mut all = Vec::new();
    for place in 0..100 {
        let served = tokio::time::timeout(Duration::from_secs(5), answered(gateway.server.public())).await;
        all.push(served.unwrap_or_else(|_| panic!("connection {place} of 100 waits though there is room")));
    }
    let one_more = tokio::time::timeout(Duration::from_millis(300), answered(gateway.server.public())).await;
    assert!(one_more.is_err(), "one more has to wait");
    drop(all);
}

#[tokio::test]
async fn a_low_soft_limit_of_descriptors_is_raised_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("limited");
    let binary = std::env::var_os("COMPORTA_BINARY").map(PathBuf::from);
    let binary = binary.unwrap_or_else(|| target().join("debug/comporta"));
    fs::write(&script, format!("#!/bin/sh\nulimit -S -n 128\nexec '{}' \"$@\"\n", binary.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let setup = Setup::new(&Engine::Sqlite.fresh_url()).binary(script);
    let mirror = Mirror::start().await;
    let gateway = Gateway::start_as(setup, &open_to(&mirror.url())).await;
    let mut all = Vec::new();
    for place in 0..200 {
        let served = tokio::time::timeout(Duration::from_secs(5), answered(gateway.server.public())).await;
        all.push(served.unwrap_or_else(|_| panic!("connection {place} of 200 is not served")));
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_its_time_and_not_before() {
    let mirror = Mirror::start().await;
    let settings = with(open_to(&mirror.url()), json!({"http": {"idle_timeout": "2s"}}));
    let gateway = Gateway::start(&settings).await;
    let mut used = answered(gateway.server.public()).await;
    let mut silent = TcpStream::connect(gateway.server.public()).await.unwrap();
    let began = Instant::now();
    let (used, silent) = tokio::join!(until_closed(&mut used), until_closed(&mut silent));
    for (name, (read, at)) in [("after a request", used), ("without one", silent)] {
        let took = at - began;
        println!("closed {took:?} later, {name}");
        assert_eq!(read, b"", "{name}");
        // The settings' time, to the tick of a tenth of a second by which it is measured.
        assert!(took >= Duration::from_millis(1990), "{name}: too early, after {took:?}");
        assert!(took < sizes::late(Duration::from_millis(2800)), "{name}: too late, after {took:?}");
    }
}

/// A connection on which a request has been answered.
async fn answered(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    stream
}

/// The head of an answer; its body, of an announced length, is read too.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    head
}

/// What still comes, and when the other side closes.
pub(super) async fn until_closed(stream: &mut TcpStream) -> (Vec<u8>, Instant) {
    let mut read = Vec::new();
    // A reset is an end too.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut read)).await.unwrap();
    (read, Instant::now())
}

/// As many descriptors as the system gives; the server's are its own affair.
fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}
