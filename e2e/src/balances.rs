//! Daily balances as a caller gets them, and their comparison with the entries in the database.

use std::collections::BTreeMap;

use comporta_testkit::{Client, Server};
use serde_json::Value;

use crate::{Movement, Oracle};

/// One day of one account, in centavos.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// At its start.
    pub opening: i64,
    /// What moved on it.
    pub movement: Movement,
    /// At its end.
    pub closing: i64,
}

/// Decimal text in whole centavos.
#[must_use]
pub fn centavos(text: &Value) -> i64 {
    let text = text.as_str().unwrap_or_else(|| panic!("{text} is no amount"));
    assert!(text.as_bytes()[text.len() - 3] == b'.', "{text} has not two decimals");
    text.replace('.', "").parse().unwrap()
}

/// The answer to `GET /v1/daily-balances`; fails the test on anything but 200 or on days that do not add up.
pub async fn daily_balances(client: &mut Client, account: &str, from: &str, to: &str) -> Vec<Day> {
    let path = format!("/v1/daily-balances?account_id={account}&from={from}&to={to}");
    let answer = client.get(&path).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let days: Vec<Day> = answer.json()["data"].as_array().unwrap().iter().map(day).collect();
    for day in &days {
        assert_eq!(day.closing, day.opening + day.movement.credits - day.movement.debits, "{path}: {day:?}");
    }
    for pair in days.windows(2) {
        assert_eq!(pair[0].closing, pair[1].opening, "{path}: {pair:?}");
    }
    days
}

/// Compares every day of every account with the sum of its entries, by way of the company's first 500 accounts.
pub async fn every_day_equals_its_entries(client: &mut Client, oracle: &Oracle) {
    let sums = oracle.sums().await;
    let Some((from, to)) = span(&sums) else { return };
    let accounts = client.get("/v1/accounts?limit=500").await.unwrap();
    assert_eq!(accounts.status, 200, "{}", accounts.text());
    let mut compared = 0;
    for account in accounts.json()["data"].as_array().unwrap() {
        let name = account["name"].as_str().unwrap();
        let opening_date = account["opening_date"].as_str().unwrap();
        let opened = centavos(&account["opening_balance"]);
        let mut closing = if opening_date < from.as_str() { opened } else { 0 };
        for day in daily_balances(client, account["id"].as_str().unwrap(), &from, &to).await {
            closing += if day.date == opening_date { opened } else { 0 };
            let movement = sums.get(&(name.to_owned(), day.date.clone())).copied().unwrap_or_default();
            assert_eq!((day.opening, day.movement), (closing, movement), "{name} on {}", day.date);
            closing += movement.credits - movement.debits;
            compared += movement.entries;
        }
    }
    assert_eq!(compared, oracle.entries().await, "every entry was looked at");
}

/// Runs `comporta ledger verify` beside the server.
pub fn the_ledger_verifies(server: &Server) {
    let output = server.command(&["ledger", "verify"]).output().unwrap();
    assert!(output.status.success(), "ledger verify: {output:?}");
}

fn day(day: &Value) -> Day {
    let movement = Movement {
        credits: centavos(&day["credits"]),
        debits: centavos(&day["debits"]),
        entries: day["entries"].as_i64().unwrap(),
    };
    Day {
        date: day["date"].as_str().unwrap().to_owned(),
        opening: centavos(&day["opening"]),
        movement,
        closing: centavos(&day["closing"]),
    }
}

fn span(sums: &BTreeMap<(String, String), Movement>) -> Option<(String, String)> {
    let days = || sums.keys().map(|(_, day)| day.clone());
    Some((days().min()?, days().max()?))
}
