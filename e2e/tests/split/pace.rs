//! Entries and balances at a set rate, half and half, whatever comes back.

use std::fmt;
use std::time::{Duration, Instant};

use comporta_testkit::{Client, EntryBody};
use serde_json::json;
use tokio::task::JoinSet;

const CALLERS: u32 = 64;
const ACCOUNTS: usize = 20;
const DAY: &str = "2026-03-02";

/// What became of it all.
#[derive(Debug)]
pub(crate) struct Report {
    /// From when each should have been sent to its answer: of entries, and of balances, the quickest first.
    took: [Vec<Duration>; 2],
    /// What was not answered well.
    pub(crate) failed: Vec<String>,
    lasted: Duration,
    rate: u32,
}

impl Report {
    /// Entries that were acknowledged.
    pub(crate) fn entries(&self) -> i64 {
        self.took[0].len() as i64
    }

    /// Of a hundred answers of the slower kind one took longer.
    pub(crate) fn p99(&self) -> Duration {
        self.took.iter().map(|took| share_of(took, 0.99)).max().unwrap()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s for {:.1?}, {} failed", self.rate, self.lasted, self.failed.len())?;
        for (what, took) in ["entries", "balances"].iter().zip(&self.took) {
            let [p50, p99, slowest] = [0.5, 0.99, 1.0].map(|share| share_of(took, share));
            write!(f, "; {} {what}: p50 {p50:.1?}, p99 {p99:.1?}, slowest {slowest:.1?}", took.len())?;
        }
        Ok(())
    }
}

fn share_of(took: &[Duration], share: f64) -> Duration {
    took[((took.len() - 1) as f64 * share) as usize]
}

/// Calls by both gateways. Each request has its moment; one that is kept waiting is late by as much.
pub(crate) async fn at(rate: u32, lasting: Duration, doors: [Client; 2]) -> Report {
    let mut accounts = Vec::new();
    let mut opener = doors[0].another();
    for number in 0..ACCOUNTS {
        let account = json!({"name": format!("account {number}")}).to_string();
        let answer = opener.post("/v1/accounts", &[], account).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        accounts.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (client, accounts) = (doors[number as usize % 2].another(), accounts.clone());
        callers.spawn(call(client, accounts, Pace { begun, number, rate, lasting }));
    }
    let mut report = Report { took: Default::default(), failed: Vec::new(), lasted: lasting, rate };
    for (took, failed) in callers.join_all().await {
        report.took.iter_mut().zip(took).for_each(|(all, took)| all.extend(took));
        report.failed.extend(failed);
    }
    report.lasted = begun.elapsed();
    report.took.iter_mut().for_each(|took| took.sort_unstable());
    report
}

/// When a caller sends: each has its turn, evenly.
struct Pace {
    begun: Instant,
    number: u32,
    rate: u32,
    lasting: Duration,
}

async fn call(mut client: Client, accounts: Vec<String>, pace: Pace) -> ([Vec<Duration>; 2], Vec<String>) {
    let (mut took, mut failed) = <([Vec<Duration>; 2], Vec<String>)>::default();
    for turn in 0.. {
        let before = f64::from(turn * CALLERS + pace.number) / f64::from(pace.rate);
        let due = pace.begun + Duration::from_secs_f64(before);
        if due >= pace.begun + pace.lasting {
            break;
        }
        tokio::time::sleep_until(due.into()).await;
        let account = &accounts[(turn * CALLERS + pace.number) as usize % ACCOUNTS];
        // By turns, so that either kind comes by either gateway.
        let is_read = (turn + pace.number / 2) % 2 == 1;
        let answer = match is_read {
            false => {
                let entry = EntryBody::credit(100, "at a pace").account(account).on(DAY);
                client.post("/v1/entries", &[], &entry).await
            }
            true => client.get(&format!("/v1/daily-balances/{DAY}?account_id={account}")).await,
        };
        match answer {
            Ok(answer) if answer.status.is_success() => took[usize::from(is_read)].push(due.elapsed()),
            Ok(answer) => failed.push(format!("{} {}", answer.status, answer.text())),
            Err(failure) => failed.push(failure.to_string()),
        }
    }
    (took, failed)
}
