//! Who gets what, and how often, while others do not answer: with real receivers, and a clock that is moved by hand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use comporta_db::Options;
use comporta_kernel::{IdSource, ManualClock, Rng, Secret};
use comporta_mail::{Mailer, Transport};
use jiff::SignedDuration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::DropGuard;

use super::*;
use crate::model::{Alert, CLAIM, Kind, Telling};
use crate::webhook::Webhook;

const TERMS: Terms = Terms {
    every: SignedDuration::from_millis(20),
    hold: SignedDuration::from_mins(5),
    repeat: SignedDuration::from_hours(24),
};
const HANGS: &str = "hangs@example.com";
const WAIT: Duration = Duration::from_secs(20);
/// Many looks.
const A_WHILE: Duration = Duration::from_millis(500);

/// How often each receiver has got each kind of notice.
type Got = Arc<Mutex<BTreeMap<(String, &'static str), u32>>>;

fn count(got: &Got, receiver: &str, kind: &'static str) {
    *got.lock().unwrap().entry((receiver.to_owned(), kind)).or_default() += 1;
}

fn kind_in(text: &str, [began, ended]: [&str; 2]) -> &'static str {
    match (text.contains(began), text.contains(ended)) {
        (true, false) => "began",
        (false, true) => "ended",
        _ => "neither",
    }
}

async fn listen<Serving>(serve: impl Fn(TcpStream) -> Serving + Send + 'static) -> String
where
    Serving: Future<Output = Option<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A mail server that says no more once it is asked whether it knows somebody who hangs.
async fn mail(stream: TcpStream, got: Got) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let (mut to, mut letter) = (String::new(), None::<String>);
    stream.write_all(b"220 here\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let answer = match (&mut letter, &line[..]) {
            (Some(text), ".\r\n") => {
                count(&got, &to, kind_in(text, ["began", "ended"]));
                letter = None;
                "250 taken"
            }
            (Some(text), _) => {
                text.push_str(&line);
                continue;
            }
            (None, "DATA\r\n") => {
                letter = Some(String::new());
                "354 go on"
            }
            (None, _) if line.starts_with("RCPT") => {
                if line.contains(HANGS) {
                    std::future::pending::<()>().await;
                }
                to = line.split(['<', '>']).nth(1)?.to_owned();
                "250 known"
            }
            (None, _) => "250 well",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

/// A receiver of webhooks that answers with a status, and counts what it takes.
async fn hook(mut stream: TcpStream, got: Got, status: Arc<AtomicU16>) -> Option<()> {
    let mut request = Vec::new();
    let kind = loop {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&request);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if serde_json::from_str::<serde_json::Value>(body).is_ok() {
            break kind_in(body, ["alert.began", "alert.ended"]);
        }
    };
    let status = status.load(Ordering::Relaxed);
    count(&got, if status == 200 { "webhook" } else { "refused" }, kind);
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()
}

/// What is wrong, as a test sets it.
#[derive(Clone, Default)]
struct Wrong(Arc<Mutex<bool>>);

#[async_trait]
impl Looks for Wrong {
    async fn look(&self) -> Look {
        let is_wrong = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let condition = Condition::BackupOld;
        let sign = || Sign { condition, measured: "31 h".to_owned(), allowed: "26 h".to_owned() };
        let mut look = Look::default();
        look.note(condition, is_wrong.then(sign));
        look
    }
}

struct Scene {
    got: Got,
    /// What the webhook's receiver answers.
    status: Arc<AtomicU16>,
    wrong: Wrong,
    hand: ManualClock,
    store: Store,
    #[expect(dead_code, reason = "the watch ends with it")]
    stop: DropGuard,
}

impl Scene {
    async fn new(readers: &[&str], status: u16) -> Self {
        let wrong = Wrong::default();
        let scene = Self::with(wrong.clone(), readers, status).await;
        Self { wrong, ..scene }
    }

    async fn with(looks: impl Looks + 'static, readers: &[&str], status: u16) -> Self {
        let (got, status) = (Got::default(), Arc::new(AtomicU16::new(status)));
        let (letters, hooks, answer) = (Arc::clone(&got), Arc::clone(&got), Arc::clone(&status));
        let smtp = listen(move |stream| mail(stream, Arc::clone(&letters))).await;
        let http = listen(move |stream| hook(stream, Arc::clone(&hooks), Arc::clone(&answer))).await;
        let hand = ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap());
        let clock = Clock::from(hand.clone());
        let url = Secret::new(format!("smtp://{smtp}?tls=none"));
        let transport = Transport::Smtp { url, connections: 8, rate: None };
        let webhook = Webhook::new(client(), format!("http://{http}/"), None, clock.clone()).unwrap();
        let channels = Channels {
            installation: "test".to_owned(),
            mailer: Mailer::new(transport, "comporta@example.com", clock.clone()).unwrap(),
            readers: readers.iter().map(|&reader| reader.to_owned()).collect(),
            webhook: Some(webhook),
            clock: clock.clone(),
        };
        let url = comporta_neighbours::fresh_sqlite_url().parse().unwrap();
        let db = Db::open(&Options { url, read_url: None, max_connections: 8 }).await.unwrap();
        db.migrate().await.unwrap();
        let (stop, store) = (CancellationToken::new(), Store::new(db.clone()));
        let instance = IdSource::new(clock.clone(), Rng::system()).uuid();
        tokio::spawn(Watch::new(db, clock, instance, TERMS, channels).run(looks, stop.clone()));
        Self { got, status, wrong: Wrong::default(), hand, store, stop: stop.drop_guard() }
    }

    /// Something is wrong from now on, or no longer; and it is late enough to tell.
    async fn turn(&self, is_wrong: bool) {
        *self.wrong.0.lock().unwrap() = is_wrong;
        tokio::time::sleep(A_WHILE).await;
        self.hand.advance(CLAIM);
    }

    /// Waits until these have been told so often what is told now, and the board knows; nobody else is.
    async fn until(&self, kind: Kind, wanted: &[(&str, u32)]) {
        let begun = Instant::now();
        let wanted: BTreeMap<_, _> =
            wanted.iter().map(|(who, times)| (((*who).to_owned(), kind.name()), *times)).collect();
        let is_told = async || {
            let got = self.got.lock().unwrap().clone();
            let now: BTreeMap<_, _> = got.into_iter().filter(|((_, told), _)| *told == kind.name()).collect();
            (now == wanted, now)
        };
        while !is_told().await.0 {
            assert!(begun.elapsed() < WAIT, "{wanted:?} wanted: {:?}", is_told().await.1);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(A_WHILE).await;
        assert_eq!(is_told().await.1, wanted);
    }

    async fn board_is_empty(&self) -> bool {
        self.store.open().await.unwrap().alerts.is_empty()
    }
}

fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.unwrap().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_whose_server_hangs_neither_delays_nor_doubles_what_others_are_told() {
    let scene = Scene::new(&[HANGS, "ana@example.com", "bia@example.com"], 200).await;
    let others = [("ana@example.com", 1), ("bia@example.com", 1), ("webhook", 1)];
    scene.turn(true).await;
    scene.until(Kind::Began, &others).await;
    for _ in 0..3 {
        scene.hand.advance(CLAIM);
        scene.until(Kind::Began, &others).await;
    }
    scene.turn(false).await;
    scene.until(Kind::Ended, &others).await;
    assert!(!scene.board_is_empty().await, "one has not got it");
    scene.hand.advance(SignedDuration::from_hours(24));
    scene.until(Kind::Ended, &others).await;
    assert!(scene.board_is_empty().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_was_down_gets_the_end_later_and_the_letter_is_not_sent_twice() {
    // A refusal, so that it is not tried again at once.
    let scene = Scene::new(&["ana@example.com"], 410).await;
    scene.turn(true).await;
    scene.until(Kind::Began, &[("ana@example.com", 1), ("refused", 1)]).await;
    scene.hand.advance(CLAIM);
    scene.until(Kind::Began, &[("ana@example.com", 1), ("refused", 2)]).await;
    scene.turn(false).await;
    scene.until(Kind::Ended, &[("ana@example.com", 1), ("refused", 1)]).await;
    scene.status.store(200, Ordering::Relaxed);
    scene.hand.advance(CLAIM);
    scene.until(Kind::Ended, &[("ana@example.com", 1), ("refused", 1), ("webhook", 1)]).await;
    scene.until(Kind::Began, &[("ana@example.com", 1), ("refused", 2)]).await;
    assert!(scene.board_is_empty().await);
}

/// Sees nothing, ever.
struct Hangs(Arc<AtomicU16>);

#[async_trait]
impl Looks for Hangs {
    async fn look(&self) -> Look {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_hangs_is_not_begun_again_and_does_not_stop_the_rounds() {
    let looks = Arc::new(AtomicU16::new(0));
    let scene = Scene::with(Hangs(Arc::clone(&looks)), &["ana@example.com"], 200).await;
    let now = scene.hand.now();
    let began = Telling { kind: Kind::Began, since: now, reached: ["ana@example.com".to_owned()].into() };
    let away = Alert {
        measured: "9 s".to_owned(),
        allowed: "5 s".to_owned(),
        began_at: now,
        seen_at: now,
        telling: Some(began),
        claimed_until: None,
    };
    let mut board = scene.store.open().await.unwrap();
    board.alerts.insert(Condition::DatabaseAway, away);
    board.write().await.unwrap();
    scene.until(Kind::Began, &[("webhook", 1)]).await;
    scene.hand.advance(TERMS.hold);
    scene.until(Kind::Ended, &[("ana@example.com", 1), ("webhook", 1)]).await;
    assert_eq!(looks.load(Ordering::Relaxed), 1);
}
