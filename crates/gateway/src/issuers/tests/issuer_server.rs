//! An issuer over HTTP/1.1: its two documents, as a test wants them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

pub(super) struct IssuerServer {
    /// Its issuer.
    pub(super) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    answers: Mutex<Answers>,
    asked: AtomicUsize,
}

#[derive(Clone)]
struct Answers {
    issuer: String,
    jwks: String,
    /// Where the keys are said to be.
    moved: Option<String>,
    down: bool,
    /// How long it thinks about its keys.
    slow: Duration,
}

impl IssuerServer {
    pub(super) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let jwks = serde_json::to_string(&set(keys)).unwrap();
        let answers = Answers { issuer: url.clone(), jwks, moved: None, down: false, slow: Duration::ZERO };
        let shared = Arc::new(Shared { answers: Mutex::new(answers), asked: AtomicUsize::new(0) });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&serving)));
            }
        });
        Self { url, shared }
    }

    /// How often its keys were asked for.
    pub(super) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::Relaxed)
    }

    pub(super) fn publish(&self, keys: &[&SigningKey]) {
        self.answer(serde_json::to_string(&set(keys)).unwrap());
    }

    pub(super) fn answer(&self, jwks: String) {
        self.shared.answers.lock().unwrap().jwks = jwks;
    }

    pub(super) fn claim_to_be(&self, issuer: &str) {
        self.shared.answers.lock().unwrap().issuer = issuer.to_owned();
    }

    pub(super) fn move_keys(&self, to: &str) {
        self.shared.answers.lock().unwrap().moved = Some(to.to_owned());
    }

    pub(super) fn set_slow(&self, slow: Duration) {
        self.shared.answers.lock().unwrap().slow = slow;
    }

    pub(super) fn set_down(&self, down: bool) {
        self.shared.answers.lock().unwrap().down = down;
    }
}

async fn serve(mut connection: TcpStream, shared: Arc<Shared>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match connection.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let answers = shared.answers.lock().unwrap().clone();
    if path.starts_with("/jwks") {
        shared.asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(answers.slow).await;
    }
    if answers.down {
        return;
    }
    let url = &answers.issuer;
    let (status, more, body) = match (path, answers.moved) {
        ("/.well-known/openid-configuration", _) => {
            let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            (
                "200 OK",
                String::new(),
                json!({"issuer": url, "jwks_uri": format!("http://{host}/jwks")}).to_string(),
            )
        }
        ("/jwks", Some(to)) => ("302 Found", format!("location: {to}\r\n"), String::new()),
        ("/jwks" | "/jwks/moved", _) => ("200 OK", String::new(), answers.jwks),
        _ => ("404 Not Found", String::new(), String::new()),
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    // Who breaks off an answer too large is not to be complained of.
    let _ = connection.write_all(answer.as_bytes()).await;
}
