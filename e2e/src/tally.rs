//! What was sent and what was acknowledged, counted by the test itself as it goes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};

use comporta_kernel::BusinessDate;
use comporta_testkit::Client;
use serde_json::json;

use crate::{Movement, centavos};

/// The days over which entries are spread.
const DAYS: i32 = 61;
const FIRST_DAY: &str = "2026-03-01";

/// An account of the load.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Whether it takes no debit, so that its balance only grows.
    pub credit_only: bool,
    /// Centavos it held before.
    pub opening: i64,
}

/// What one entry does to one day.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Index of the account.
    pub account: usize,
    /// Index of the day.
    pub day: usize,
    /// Credit or debit.
    pub credit: bool,
    /// How much.
    pub centavos: i64,
}

/// The test's own books.
#[derive(Debug)]
pub struct Tally {
    /// The accounts, in the order of their indices.
    pub accounts: Vec<Account>,
    /// The days, in the order of their indices.
    pub days: Vec<String>,
    sent: Vec<Cell>,
    acknowledged: Vec<Cell>,
    /// Requests answered with a 201.
    pub requests: AtomicU64,
    /// Answers read and found within their bounds.
    pub reads: AtomicU64,
    /// What was answered with anything but a 201, or not at all.
    pub refused: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Cell {
    credits: AtomicI64,
    debits: AtomicI64,
    entries: AtomicI64,
}

impl Tally {
    /// Makes so many accounts, every other one for credits only, some with money to begin with.
    pub async fn open(client: &mut Client, accounts: usize) -> Self {
        let first: BusinessDate = FIRST_DAY.parse().unwrap();
        let days: Vec<String> = (0..DAYS).map(|offset| first.plus_days(offset).to_string()).collect();
        let mut made = Vec::new();
        for number in 0..accounts {
            let opening = if number % 3 == 0 { "1000.00" } else { "0.00" };
            let account = json!({
                "name": format!("account {number}"), "opening_balance": opening, "opening_date": FIRST_DAY,
            });
            let answer = client.post("/v1/accounts", &[], account.to_string()).await.unwrap();
            assert_eq!(answer.status, 201, "{}", answer.text());
            let id = answer.json()["id"].as_str().unwrap().to_owned();
            made.push(Account { id, credit_only: number % 2 == 0, opening: centavos(&json!(opening)) });
        }
        let cells = || (0..accounts * days.len()).map(|_| Cell::default()).collect();
        let (sent, acknowledged) = (cells(), cells());
        let (requests, reads) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { accounts: made, days, sent, acknowledged, requests, reads, refused: Mutex::default() }
    }

    /// Counts what is about to be sent.
    pub fn send(&self, lines: &[Line]) {
        self.add(&self.sent, lines);
    }

    /// Counts what was acknowledged.
    pub fn acknowledge(&self, lines: &[Line]) {
        self.add(&self.acknowledged, lines);
        self.requests.fetch_add(1, SeqCst);
    }

    /// What was acknowledged so far, by an account's day.
    #[must_use]
    pub fn acknowledged(&self, account: usize) -> Vec<Movement> {
        self.movements(&self.acknowledged, account)
    }

    /// What was sent so far, by an account's day.
    #[must_use]
    pub fn sent(&self, account: usize) -> Vec<Movement> {
        self.movements(&self.sent, account)
    }

    /// Every entry acknowledged.
    #[must_use]
    pub fn entries(&self) -> i64 {
        self.acknowledged.iter().map(|cell| cell.entries.load(SeqCst)).sum()
    }

    fn add(&self, cells: &[Cell], lines: &[Line]) {
        for line in lines {
            let cell = &cells[line.account * self.days.len() + line.day];
            let side = if line.credit { &cell.credits } else { &cell.debits };
            side.fetch_add(line.centavos, SeqCst);
            cell.entries.fetch_add(1, SeqCst);
        }
    }

    fn movements(&self, cells: &[Cell], account: usize) -> Vec<Movement> {
        let days = self.days.len();
        let movement = |cell: &Cell| Movement {
            credits: cell.credits.load(SeqCst),
            debits: cell.debits.load(SeqCst),
            entries: cell.entries.load(SeqCst),
        };
        cells[account * days..(account + 1) * days].iter().map(movement).collect()
    }
}
