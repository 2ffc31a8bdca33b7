//! Whatever an upstream writes, a caller reads one answer with one end, or 502, and nothing else of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::caller::Caller;
use crate::lanes;
use crate::message::Message;

/// What a caller reads of an upstream's answer.
#[derive(Clone, Copy, Debug)]
enum Read {
    /// This status and body. Whether the connection to the upstream may be used again.
    Whole(u16, &'static str, Reuse),
    /// 502.
    BadGateway,
    /// Nothing, or less than a whole answer: the caller knows that there was more.
    BrokenOff,
    /// 502 or 504, within the time the upstream has.
    GivenUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reuse {
    May,
    Never,
}

use Read::{BadGateway, BrokenOff, GivenUp, Whole};
use Reuse::{May, Never};

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// Header lines and a body after `200 OK`, and what is read of it. With U+0004 at its end the upstream closes.
const ANSWERS: [(&str, Read); 45] = [
    ("content-length: 2\r\n\r\nok", Whole(200, "ok", May)),
    ("transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Whole(200, "ok", May)),
    ("content-length: 0\r\n\r\n", Whole(200, "", May)),
    ("connection: close\r\ncontent-length: 2\r\n\r\nok\u{4}", Whole(200, "ok", Never)),
    ("connection: content-length\r\ncontent-length: 2\r\n\r\nok", Whole(200, "ok", May)),
    ("content-length: 2\ntransfer_encoding: x\n\nok", BadGateway),
    // Both lengths, and several.
    ("content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("transfer-encoding: chunked\r\ncontent-length: 99\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("content-length: 2\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("content-length: 2\r\ncontent-length: 3\r\n\r\nok!", BadGateway),
    ("content-length: 2, 2\r\n\r\nok", BadGateway),
    ("content-length: 2, 3\r\n\r\nok!", BadGateway),
    ("content-length: +2\r\n\r\nok", BadGateway),
    ("content-length: -2\r\n\r\nok", BadGateway),
    ("content-length: 0x2\r\n\r\nok", BadGateway),
    ("content-length: 2x\r\n\r\nok", BadGateway),
    ("content-length:\r\n\r\nok", BadGateway),
    ("content-length: 99999999999999999999\r\n\r\nok", BadGateway),
    ("transfer-encoding: identity\r\n\r\nok", BadGateway),
    ("transfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("transfer-encoding: chunked, identity\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("transfer-encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("transfer-encoding : chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("content-length : 2\r\n\r\nok", BadGateway),
    // Bodies that do not end where their heads say.
    ("content-length: 9\r\nconnection: close\r\n\r\nok\u{4}", BrokenOff),
    ("transfer-encoding: chunked\r\n\r\n2\r\nok\r\n\u{4}", BrokenOff),
    ("transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0x2\r\nok\r\n0\r\n\r\n", BrokenOff),
    ("transfer-encoding: chunked\r\n\r\n2\r\nok!\r\n0\r\n\r\n", BrokenOff),
    ("transfer-encoding: chunked\r\n\r\n2\r\nok\r\n+2\r\nok\r\n0\r\n\r\n", BrokenOff),
    ("transfer-encoding: chunked\r\n\r\n2\r\nok\n0\r\n\r\n", BrokenOff),
    ("transfer-encoding: chunked\r\n\r\n2\r\nok\r\nffffffffffffffff1\r\nok\r\n0\r\n\r\n", BrokenOff),
    ("content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother", Whole(200, "ok", Never)),
    ("content-length: 2\r\n\r\nok\r\n", Whole(200, "ok", Never)),
    ("transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nmore", Whole(200, "ok", Never)),
    // Heads.
    ("x: a\r\n b\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("x: a\0b\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("x: a\rb\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("x\0: a\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("x y: a\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    (" x: a\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    (": a\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("garbage\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("content-length: 2\r\n\u{4}", BadGateway),
];

/// Whole answers, and what is read of them.
const STARTS: [(&str, Read); 24] = [
    ("HTTP/1.1 204 No Content\r\n\r\n", Whole(204, "", May)),
    ("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nother", Whole(204, "", Never)),
    (
        "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n5\r\nother\r\n0\r\n\r\n",
        Whole(204, "", Never),
    ),
    ("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\nother", Whole(304, "", Never)),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Whole(200, "ok", May)),
    (
        "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Whole(200, "ok", May),
    ),
    (
        "HTTP/1.1 199 X\r\ncontent-length: 5\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Whole(200, "ok", May),
    ),
    ("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nmore", BadGateway),
    ("HTTP/1.0 200 OK\r\n\r\nok\u{4}", Whole(200, "ok", Never)),
    ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", Whole(200, "ok", Never)),
    ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", BadGateway),
    ("HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok", Whole(200, "ok", May)),
    ("HTTP/1.1 200 All is \u{e9}\r\ncontent-length: 2\r\n\r\nok", Whole(200, "ok", May)),
    ("HTTP/1.1 200 O\rK\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("HTTP/1.1 200 O\0K\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("HTTP/1.1 000 OK\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("HTTP/1.1 abc OK\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("HTTP/1.2 200 OK\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("ICY 200 OK\r\ncontent-length: 2\r\n\r\nok", BadGateway),
    ("<html>ok</html>", BadGateway),
    ("\u{4}", BadGateway),
];

/// Headers of an answer that are between the gateway and the upstream alone.
const FOR_ONE_HOP: [&str; 7] = [
    "connection: x-mine",
    "x-mine: 1",
    "keep-alive: timeout=5",
    "proxy-authenticate: Basic",
    "proxy-connection: keep-alive",
    "upgrade: h2c",
    "http2-settings: x",
];

/// An upstream that answers every request with the same bytes.
struct Scripted {
    address: SocketAddr,
    script: Arc<Mutex<Vec<u8>>>,
}

impl Scripted {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::<Mutex<Vec<u8>>>::default();
        let read = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, from)) = listener.accept().await {
                tokio::spawn(answer(stream, from.port(), Arc::clone(&read)));
            }
        });
        Self { address, script }
    }

    /// Its answer from now on, a byte for each character.
    fn says(&self, text: &str) {
        let bytes = text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
        *self.script.lock().unwrap() = bytes;
    }
}

/// `PORT` in a script stands for the port at the connection's other end, which tells connections apart.
async fn answer(mut stream: TcpStream, port: u16, script: Arc<Mutex<Vec<u8>>>) {
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(length) => head.extend(&piece[..length]),
        }
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        head.clear();
        let script = script.lock().unwrap().clone();
        let bytes = if script == b"PORT" { told_port(port) } else { script };
        let said = bytes.strip_suffix(b"\x04");
        if stream.write_all(said.unwrap_or(&bytes)).await.is_err() || said.is_some() {
            return;
        }
    }
}

fn told_port(port: u16) -> Vec<u8> {
    let text = format!("{port:05}");
    format!("{OK}content-length: 5\r\n\r\n{text}").into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_reads_one_answer_with_one_end_or_502() {
    let upstream = Scripted::start().await;
    let (mut server, _folder) = lanes::gateway(&[upstream.address]).await;
    let mut failures = Vec::new();
    let answers = ANSWERS.iter().map(|(rest, read)| (format!("{OK}{rest}"), *read));
    let starts = STARTS.iter().map(|(text, read)| ((*text).to_owned(), *read));
    let large = [
        (format!("{OK}{}content-length: 2\r\n\r\nok", "x: y\r\n".repeat(300)), BadGateway),
        (format!("{OK}x: {}\r\ncontent-length: 2\r\n\r\nok", "y".repeat(200_000)), BadGateway),
        ("HTTP/1.1 100 Continue\r\n\r\n".repeat(1000), GivenUp),
    ];
    let cases: Vec<(String, Read)> = answers.chain(starts).chain(large).collect();
    for (text, read) in &cases {
        if let Err(fault) = run(&upstream, server.public(), text, *read).await {
            failures.push(format!("{:?}\n    {read:?}: {fault}", text.chars().take(200).collect::<String>()));
        }
    }
    println!("{} cases, {} failed", cases.len(), failures.len());
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_upstream_says_for_one_hop_goes_no_further() {
    let upstream = Scripted::start().await;
    let (mut server, _folder) = lanes::gateway(&[upstream.address]).await;
    upstream.says(&format!("{OK}{}\r\ncontent-length: 2\r\n\r\nok", FOR_ONE_HOP.join("\r\n")));
    let answer = get(&mut Caller::connect(server.public()).await, "GET").await.unwrap().unwrap();
    for line in FOR_ONE_HOP {
        let (name, _) = line.split_once(':').unwrap();
        assert!(answer.values(name).is_empty(), "{name}: {:?}", answer.fields);
    }
    // An answer to HEAD has no body, whatever follows its head.
    upstream.says(&format!("{OK}content-length: 2\r\n\r\nok"));
    let mut caller = Caller::connect(server.public()).await;
    let answer = get(&mut caller, "HEAD").await.unwrap().unwrap();
    assert_eq!((answer.status(), answer.values("content-length")), (200, vec!["2"]));
    upstream.says("PORT");
    assert_eq!(get(&mut caller, "GET").await.unwrap().unwrap().body.len(), 5);
    server.stop().await.unwrap();
}

async fn get(caller: &mut Caller, method: &str) -> Result<Option<Message>, String> {
    caller.say(format!("{method} /l0/x HTTP/1.1\r\nhost: a.test\r\n\r\n").as_bytes()).await;
    caller.answer(method).await
}

async fn run(upstream: &Scripted, gateway: SocketAddr, text: &str, read: Read) -> Result<(), String> {
    upstream.says("PORT");
    let mut caller = Caller::connect(gateway).await;
    let before = port(&mut caller).await?;
    upstream.says(text);
    let answer = get(&mut caller, "GET").await;
    let reuse = match (read, answer) {
        (Whole(status, body, reuse), Ok(Some(answer))) if is(&answer, status, body) => reuse,
        (BadGateway, Ok(Some(answer))) if answer.status() == 502 => Never,
        (GivenUp, Ok(Some(answer))) if matches!(answer.status(), 502 | 504) => Never,
        (BrokenOff, Ok(None)) => Never,
        (BrokenOff, Err(fault)) if fault == "the answer breaks off" => Never,
        (_, answer) => return Err(format!("{answer:?}")),
    };
    upstream.says("PORT");
    // What the upstream has said in vain, nobody else hears.
    let mut caller = Caller::connect(gateway).await;
    let after = port(&mut caller).await?;
    if before != after || reuse == May { Ok(()) } else { Err(format!("{before} and then {after}")) }
}

fn is(answer: &Message, status: u16, body: &str) -> bool {
    answer.status() == status && answer.body == body.as_bytes()
}

/// The port of the connection to the upstream that is used.
async fn port(caller: &mut Caller) -> Result<String, String> {
    let answer = get(caller, "GET").await?.ok_or("no answer")?;
    if answer.status() != 200 || answer.body.len() != 5 {
        return Err(format!("{answer:?}"));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}
