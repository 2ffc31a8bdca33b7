//! A load that a crash may cut off: each request with a key, each with its fate.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use bytes::Bytes;
use comporta_testkit::{Client, EntryBody, Failure, batch};
use tokio::task::JoinSet;

use crate::{Chance, Oracle};

const CLIENTS: u64 = 32;
/// One acknowledged request in so many is repeated.
const SAMPLE: usize = 10;

/// A request, and what its sender knows of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its idempotency key, and the description of each of its entries.
    pub key: String,
    /// How many entries it asks for.
    pub entries: i64,
    path: &'static str,
    body: Bytes,
    /// What became of it.
    pub fate: Fate,
}

/// What a sender knows of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Answered with a 201 and this body.
    Acknowledged(String),
    /// Cut off, or answered that the database is not there: done or not.
    Unknown,
}

/// Clients that write until they are told to stop or are cut off.
#[derive(Debug)]
pub struct Load {
    clients: JoinSet<Vec<Sent>>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Starts 32 clients; `round` keeps their keys apart from those of other rounds.
    #[must_use]
    pub fn start(address: SocketAddr, api_key: &str, round: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..CLIENTS)
            .map(|number| {
                let client = Client::new(address, Some(api_key));
                let chance = Chance::new(round * CLIENTS + number);
                write(client, chance, format!("round-{round}-client-{number}"), Arc::clone(&stop))
            })
            .collect();
        Self { clients, stop }
    }

    /// Lets each client end the request it is at, and gives what was sent.
    pub async fn stop(self) -> Vec<Sent> {
        self.stop.store(true, SeqCst);
        self.clients.join_all().await.into_iter().flatten().collect()
    }
}

impl Sent {
    /// Sends it again with its key, and checks that it ends in a 201 and is done once: what was acknowledged
    /// before must be answered word for word as then. Gives whether it had been done before.
    pub async fn repeat(&self, client: &mut Client) -> bool {
        let answer =
            client.post(self.path, &[("idempotency-key", &self.key)], self.body.clone()).await.unwrap();
        assert_eq!(answer.status, 201, "{}: {}", self.key, answer.text());
        let replayed = answer.header("idempotent-replayed") == Some("true");
        if let Fate::Acknowledged(first) = &self.fate {
            assert!(replayed, "{} was recorded again", self.key);
            assert_eq!(&answer.text(), first, "{}", self.key);
        }
        replayed
    }

    /// Checks, after a crash, that all that was acknowledged is there, then repeats what is in doubt and a sample
    /// of the rest, and checks that nothing is there twice. Gives how many were in doubt, and how many of them had
    /// been done.
    pub async fn settle(all: &[Self], client: &mut Client, oracle: &Oracle) -> (usize, usize) {
        let found = oracle.described().await;
        let is_in_doubt = |sent: &&Self| sent.fate == Fate::Unknown;
        let (in_doubt, acknowledged): (Vec<&Self>, Vec<&Self>) = all.iter().partition(is_in_doubt);
        for sent in &acknowledged {
            assert_eq!(sent.count_in(&found), sent.entries, "{} was acknowledged", sent.key);
        }
        let mut done = 0;
        for sent in &in_doubt {
            let before = sent.count_in(&found);
            assert!(before == 0 || before == sent.entries, "{}: a part of a batch is there", sent.key);
            assert_eq!(sent.repeat(client).await, before > 0, "{}: replayed if done", sent.key);
            done += usize::from(before > 0);
        }
        for sent in acknowledged.iter().step_by(SAMPLE) {
            sent.repeat(client).await;
        }
        let found = oracle.described().await;
        for sent in all {
            assert_eq!(sent.count_in(&found), sent.entries, "{}", sent.key);
        }
        (in_doubt.len(), done)
    }

    fn count_in(&self, found: &HashMap<String, i64>) -> i64 {
        found.get(&self.key).copied().unwrap_or_default()
    }
}

async fn write(mut client: Client, chance: Chance, name: String, stop: Arc<AtomicBool>) -> Vec<Sent> {
    let mut all = Vec::new();
    while !stop.load(SeqCst) {
        let key = format!("{name}-{}", all.len());
        let mut sent = request(key, &chance);
        match client.post(sent.path, &[("idempotency-key", &sent.key)], sent.body.clone()).await {
            Ok(answer) if answer.status == 201 => sent.fate = Fate::Acknowledged(answer.text()),
            Ok(answer) => assert_eq!(answer.status, 503, "{}: {}", sent.key, answer.text()),
            Err(Failure::Unknown(_)) => {}
            Err(Failure::NotSent(_)) => return all,
        }
        let is_cut_off = sent.fate == Fate::Unknown;
        all.push(sent);
        if is_cut_off {
            return all;
        }
    }
    all
}

/// One entry, or now and then a batch, each described by its request's key.
fn request(key: String, chance: &Chance) -> Sent {
    let size = if chance.percent(10) { 2 + chance.below(300) } else { 1 };
    let entries: Vec<EntryBody> =
        (0..size).map(|_| EntryBody::credit(1 + chance.below(100_000) as i64, &key)).collect();
    let (path, body) = match entries.as_slice() {
        [one] => ("/v1/entries", one.into()),
        many => ("/v1/entries/batch", batch(many)),
    };
    Sent { key, path, body, entries: size as i64, fate: Fate::Unknown }
}
