//! How letters fare with servers of every temper.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;

/// A server that takes letters, whose answers depend on the recipient.
#[derive(Clone, Default)]
struct FakeServer {
    letters: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    /// Letters that it takes on one connection before it closes that.
    per_connection: Option<usize>,
    /// Whether it takes commands in advance, and then is in no hurry with its answers.
    pipelines: bool,
    /// Whether it asks for a letter even if it has refused everybody whom that was to go to.
    careless: bool,
}

impl FakeServer {
    fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let server = self.clone();
                std::thread::spawn(move || server.serve(stream.unwrap()));
            }
        });
        format!("smtp://{address}?tls=none")
    }

    fn serve(&self, mut stream: TcpStream) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let mut taken = 0;
        stream.write_all(b"220 here\r\n").unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let (mut to, mut held) = (String::new(), String::new());
        while let Some(line) = lines.next() {
            let verb = &line[..4];
            let answer = match verb {
                "EHLO" if self.pipelines => "250-here\r\n250-SIZE 1000000\r\n250 pipelining",
                "MAIL" if !to.is_empty() => "503 one at a time",
                "RSET" => {
                    to.clear();
                    "250 well"
                }
                "RCPT" if line.contains("gone@") => "550 no such mailbox",
                "RCPT" if line.contains("busy@") => "421 too much to do",
                "RCPT" if line.contains("later@") => "451 come back",
                "RCPT" if line.contains("mute@") => {
                    std::thread::sleep(Duration::from_secs(60));
                    return;
                }
                "RCPT" => {
                    to.clone_from(&line);
                    "250 well"
                }
                "DATA" if to.is_empty() && !self.careless => "503 to whom",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 well",
            };
            held.push_str(answer);
            held.push_str("\r\n");
            if self.pipelines && ["MAIL", "RCPT"].contains(&verb) {
                continue;
            }
            stream.write_all(std::mem::take(&mut held).as_bytes()).unwrap();
            if answer.starts_with("354") {
                let mut letter = Vec::new();
                loop {
                    match lines.next() {
                        None => return,
                        Some(line) if line == "." => break,
                        Some(line) => letter.push(line),
                    }
                }
                self.letters.lock().unwrap().push(letter.join("\n"));
                if to.contains("lost@") {
                    return;
                }
                to.clear();
                stream.write_all(b"250 taken\r\n").unwrap();
                taken += 1;
                if Some(taken) == self.per_connection {
                    return;
                }
            }
        }
    }
}

fn smtp(url: &str, connections: usize) -> Smtp {
    let mut smtp = Smtp::new(&Secret::new(url), "comporta.example", connections, None).unwrap();
    smtp.patience = Patience { answer: Duration::from_millis(500), letter: Duration::from_millis(500) };
    smtp
}

fn to(address: &str) -> Envelope {
    let from = "contas@comporta.example".parse().unwrap();
    Envelope::new(Some(from), vec![address.parse().unwrap()]).unwrap()
}

#[tokio::test]
async fn letters_follow_each_other_on_one_connection() {
    one_connection(FakeServer::default()).await;
}

#[tokio::test]
async fn a_server_that_takes_commands_in_advance_gets_them_so() {
    one_connection(FakeServer { pipelines: true, ..FakeServer::default() }).await;
}

async fn one_connection(server: FakeServer) {
    let smtp = smtp(&server.clone().start(), 4);
    for number in 0..20 {
        smtp.send(&to("ana@example.com"), &format!("number {number}\r\n")).await.unwrap();
    }
    assert_eq!(server.letters.lock().unwrap().len(), 20);
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_never_more_connections_than_allowed() {
    let server = FakeServer::default();
    let smtp = Arc::new(smtp(&server.clone().start(), 3));
    let sending: Vec<_> = (0..50)
        .map(|_| {
            let smtp = Arc::clone(&smtp);
            tokio::spawn(async move { smtp.send(&to("ana@example.com"), "x\r\n").await })
        })
        .collect();
    for sent in sending {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(server.letters.lock().unwrap().len(), 50);
    assert!(server.connections.load(Ordering::Relaxed) <= 3);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_no_letter() {
    let server = FakeServer { per_connection: Some(2), ..FakeServer::default() };
    let smtp = smtp(&server.clone().start(), 1);
    for _ in 0..7 {
        smtp.send(&to("ana@example.com"), "x\r\n").await.unwrap();
    }
    assert_eq!(server.letters.lock().unwrap().len(), 7, "none twice");
    assert_eq!(server.connections.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn what_a_server_says_tells_whether_to_try_again() {
    for pipelines in [false, true] {
        answers_are_told_apart(FakeServer { pipelines, ..FakeServer::default() }).await;
    }
}

async fn answers_are_told_apart(server: FakeServer) {
    let smtp = smtp(&server.clone().start(), 1);
    let refused = smtp.send(&to("gone@example.com"), "x\r\n").await.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)) && refused.is_permanent(), "{refused:?}");
    let deferred = smtp.send(&to("later@example.com"), "x\r\n").await.unwrap_err();
    assert!(matches!(deferred, Error::Deferred(_)) && !deferred.is_permanent(), "{deferred:?}");
    smtp.send(&to("ana@example.com"), "x\r\n").await.unwrap();
    assert_eq!(server.connections.load(Ordering::Relaxed), 1, "a refusal costs no connection");
    let busy = smtp.send(&to("busy@example.com"), "x\r\n").await.unwrap_err();
    assert!(matches!(busy, Error::Unreachable(_)) && !busy.is_permanent(), "{busy:?}");
    let silent = smtp.send(&to("mute@example.com"), "x\r\n").await.unwrap_err();
    assert!(matches!(silent, Error::Silent(_)) && !silent.is_permanent(), "{silent:?}");
    smtp.send(&to("ana@example.com"), "x\r\n").await.unwrap();
    assert_eq!(*server.letters.lock().unwrap(), ["x", "x"]);
}

#[tokio::test]
async fn a_server_that_asks_for_a_letter_to_nobody_gets_none() {
    let server = FakeServer { pipelines: true, careless: true, ..FakeServer::default() };
    let smtp = smtp(&server.clone().start(), 1);
    let refused = smtp.send(&to("gone@example.com"), "x\r\n").await.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused:?}");
    smtp.send(&to("ana@example.com"), "y\r\n").await.unwrap();
    assert_eq!(*server.letters.lock().unwrap(), ["y"]);
}

#[tokio::test]
async fn a_server_that_leaves_with_the_letter_in_hand_may_have_taken_it() {
    let server = FakeServer::default();
    let smtp = smtp(&server.clone().start(), 1);
    let unknown = smtp.send(&to("lost@example.com"), "x\r\n").await.unwrap_err();
    assert!(matches!(unknown, Error::Unknown(_)) && !unknown.is_permanent(), "{unknown:?}");
    assert_eq!(server.letters.lock().unwrap().len(), 1, "it was not sent again");
}

#[tokio::test]
async fn a_server_that_is_not_there_or_offers_no_tls_gets_no_letter() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let absent = smtp(&format!("smtp://{closed}?tls=none"), 1).send(&to("ana@example.com"), "x").await;
    assert!(matches!(absent, Err(Error::Unreachable(_))), "{absent:?}");
    let server = FakeServer::default();
    let url = server.clone().start().replace("?tls=none", "");
    let bare = smtp(&url, 1).send(&to("ana@example.com"), "x\r\n").await;
    assert!(matches!(bare, Err(Error::Unreachable(_))), "{bare:?}");
    assert!(server.letters.lock().unwrap().is_empty());
}
