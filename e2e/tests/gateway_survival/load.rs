//! A steady load: requests at a set rate whatever comes back, each answer checked and kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use comporta_e2e::sizes;
use comporta_testkit::{Answer, Client, EntryBody, Failure, Server};
use tokio::task::JoinSet;

/// Connections that share the load.
const CLIENTS: u32 = 32;

/// Clients that send at a set rate until they are told to stop. One that was kept waiting catches up.
pub(crate) struct Load {
    clients: JoinSet<(Vec<Seen>, u64)>,
    stop: Arc<AtomicBool>,
    begun: Instant,
    rate: u32,
}

/// What is sent.
#[derive(Clone, Copy)]
enum Kind {
    /// To a target.
    Get,
    /// To a target, by turns with a body and without.
    Post,
    /// To a target, each on a connection of its own.
    FreshGet,
    /// To a service of the process itself.
    OwnGet,
    /// To the ledger.
    Entry,
}

/// A request and what became of it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Its path, of its own; of an entry its description, of its own.
    pub(crate) path: String,
    /// When it was sent.
    pub(crate) sent: Instant,
    /// When its answer was there.
    pub(crate) ended: Instant,
    /// From when it should have been sent to its answer.
    took: Duration,
    /// The status, 0 for none.
    pub(crate) status: u16,
    /// The target that answered; without one, what came instead. Nothing of what the process itself answered well.
    pub(crate) by: String,
}

/// All that a load has seen.
pub(crate) struct Report {
    /// By the time they were sent.
    pub(crate) seen: Vec<Seen>,
    /// Connections that were made; as many as there are clients, if the gateway closed none.
    pub(crate) connections: u64,
    rate: u32,
    lasted: Duration,
}

impl Load {
    /// GETs of paths below `path`.
    pub(crate) fn gets(server: &Server, path: &'static str, rate: u32) -> Self {
        Self::start(server, Kind::Get, path, rate)
    }

    /// POSTs to paths below `path`.
    pub(crate) fn posts(server: &Server, path: &'static str, rate: u32) -> Self {
        Self::start(server, Kind::Post, path, rate)
    }

    /// GETs of paths below `path`, each on a connection of its own.
    pub(crate) fn fresh_gets(server: &Server, path: &'static str, rate: u32) -> Self {
        Self::start(server, Kind::FreshGet, path, rate)
    }

    /// GETs of one path of the process itself.
    pub(crate) fn own_gets(server: &Server, path: &'static str, rate: u32) -> Self {
        Self::start(server, Kind::OwnGet, path, rate)
    }

    /// New entries, described by what begins with `name`.
    pub(crate) fn entries(server: &Server, name: &'static str, rate: u32) -> Self {
        Self::start(server, Kind::Entry, name, rate)
    }

    fn start(server: &Server, kind: Kind, path: &'static str, rate: u32) -> Self {
        let (stop, begun) = (Arc::new(AtomicBool::new(false)), Instant::now());
        let clients = (0..CLIENTS)
            .map(|number| {
                let (client, stop) = (server.client().unwrap(), Arc::clone(&stop));
                send(client, kind, path, stop, Pace { begun, number, rate })
            })
            .collect();
        Self { clients, stop, begun, rate }
    }

    /// Lets each request under way end, and checks that the load was as heavy as it should.
    pub(crate) async fn stop(self) -> Report {
        self.stop.store(true, Relaxed);
        let lasted = self.begun.elapsed();
        let (mut seen, mut connections) = (Vec::new(), 0);
        for (sent, made) in self.clients.join_all().await {
            seen.extend(sent);
            connections += made;
        }
        seen.sort_by_key(|seen: &Seen| seen.sent);
        let wanted = lasted.as_secs_f64() * f64::from(self.rate);
        // In a test run among others the machine may not have been ours.
        let enough = if sizes::are_full() { 0.9 } else { 0.2 };
        assert!(seen.len() as f64 > enough * wanted, "only {} of {wanted:.0} requests were sent", seen.len());
        Report { seen, connections, rate: self.rate, lasted }
    }
}

impl Report {
    /// What was not answered as it should, GETs with 200 and POSTs with 201.
    pub(crate) fn failed(&self) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| !matches!(seen.status, 200 | 201)).collect()
    }

    /// Those sent in a time.
    pub(crate) fn between(&self, from: Instant, to: Instant) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| from <= seen.sent && seen.sent < to)
    }

    /// How long after `moment` the first answer of a target came to a request sent after it.
    pub(crate) fn first_after(&self, moment: Instant, target: &str) -> Duration {
        let mut answers = self.seen.iter().filter(|seen| seen.sent >= moment && seen.by == target);
        let first = answers.next().unwrap_or_else(|| panic!("no answer of {target}"));
        first.ended - moment
    }

    /// Whether the connections of its clients were all kept.
    pub(crate) fn kept_its_connections(&self) -> bool {
        self.connections == u64::from(CLIENTS)
    }

    /// The figures, for people.
    pub(crate) fn figures(&self) -> String {
        let mut took: Vec<Duration> = self.seen.iter().map(|seen| seen.took).collect();
        took.sort_unstable();
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
        format!(
            "{} requests in {:.1?} ({}/s), {} failed, p50 {:.1?}, p99 {:.1?}, slowest {:.1?}",
            took.len(),
            self.lasted,
            self.rate,
            self.failed().len(),
            at(0.5),
            at(0.99),
            at(1.0),
        )
    }
}

/// When a client sends: each has its turn, evenly.
struct Pace {
    begun: Instant,
    number: u32,
    rate: u32,
}

impl Pace {
    fn due(&self, turn: u32) -> Instant {
        let before = f64::from(turn) * f64::from(CLIENTS) + f64::from(self.number);
        self.begun + Duration::from_secs_f64(before / f64::from(self.rate))
    }
}

async fn send(
    mut client: Client,
    kind: Kind,
    path: &str,
    stop: Arc<AtomicBool>,
    pace: Pace,
) -> (Vec<Seen>, u64) {
    let mut all = Vec::new();
    for turn in 0.. {
        let due = pace.due(turn);
        tokio::time::sleep_until(due.into()).await;
        if stop.load(Relaxed) {
            break;
        }
        let path = match kind {
            Kind::OwnGet => path.to_owned(),
            Kind::Get | Kind::FreshGet | Kind::Post | Kind::Entry => format!("{path}/{}-{turn}", pace.number),
        };
        let sent = Instant::now();
        let answer = match kind {
            Kind::Get | Kind::OwnGet => client.get(&path).await,
            Kind::FreshGet => client.another().get(&path).await,
            // So that some are under way whenever a target is killed.
            Kind::Post => client.post(&format!("{path}?pause=10"), &[], body(turn)).await,
            Kind::Entry => client.post("/v1/entries", &[], &EntryBody::credit(100, &path)).await,
        };
        let (status, by) = match kind {
            Kind::Get | Kind::FreshGet | Kind::Post => read_target(&path, answer),
            Kind::OwnGet | Kind::Entry => {
                read(answer).map_or_else(|failed| failed, |answer| (answer.status.into(), String::new()))
            }
        };
        let ended = Instant::now();
        all.push(Seen { path, sent, ended, took: ended - due, status, by });
    }
    (all, client.connections())
}

fn body(turn: u32) -> Bytes {
    if turn.is_multiple_of(2) { Bytes::from_static(b"{}") } else { Bytes::new() }
}

/// The status and who answered. A good answer must be the answer to this very request.
fn read_target(path: &str, answer: Result<Answer, Failure>) -> (u16, String) {
    match read(answer) {
        Ok(answer) => {
            let body = answer.json();
            assert_eq!(body["path"], path, "the answer to another request");
            (answer.status.into(), body["target"].as_str().unwrap().to_owned())
        }
        Err(failed) => failed,
    }
}

/// A good answer; or its status, 0 for none, and what came instead.
fn read(answer: Result<Answer, Failure>) -> Result<Answer, (u16, String)> {
    let answer = answer.map_err(|failure| (0, format!("{failure:?}")))?;
    if answer.status.is_success() { Ok(answer) } else { Err((answer.status.into(), answer.text())) }
}
