//! Accounts over HTTP: made, filled, counted.

use comporta_kernel::Rng;
use comporta_testkit::{Answer, EntryBody, Server, batch};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::Outcome;

/// Three years, all in the past, so that no figure depends on the day of the run.
const FIRST_DAY: Date = date(2022, 1, 1);
/// Days in them.
pub(super) const DAYS: u64 = 1096;

/// The most that one request may carry.
const BATCH: u64 = 10_000;

/// Makes an account and gives its id.
pub(super) async fn create(server: &Server, name: &str) -> Outcome<String> {
    let body = json!({"name": name, "opening_date": FIRST_DAY}).to_string();
    let answer = expect(server.client()?.post("/v1/accounts", &[], body).await?, 201)?;
    Ok(answer["id"].as_str().ok_or("an account without an id")?.to_owned())
}

/// Writes entries on random days of the three years, in batches.
pub(super) async fn fill(server: &Server, account: &str, entries: u64) -> Outcome {
    let mut client = server.client()?;
    let rng = Rng::seeded(entries);
    let mut left = entries;
    while left > 0 {
        let count = left.min(BATCH);
        let one = |_| entry(account).on(&day(any(&rng, DAYS)).to_string());
        let bodies: Vec<EntryBody> = (0..count).map(one).collect();
        let answer = client.post("/v1/entries/batch", &[], batch(&bodies)).await?;
        if answer.status != 201 {
            return Err(format!("{}: {}", answer.status, answer.text()).into());
        }
        left -= count;
    }
    Ok(())
}

/// The entry that every contender writes; unless told, it is today's.
pub(super) fn entry(account: &str) -> EntryBody {
    EntryBody::credit(15_000, "Venda no balcão").account(account).with("category", json!("vendas"))
}

/// A random number below `bound`.
pub(super) fn any(rng: &Rng, bound: u64) -> u64 {
    u64::from_le_bytes(rng.bytes()) % bound
}

/// A day of the three years, or after them.
pub(super) fn day(number: u64) -> Date {
    FIRST_DAY.saturating_add(i64::try_from(number).unwrap_or_default().days())
}

/// How many entries the daily balances of a range hold; without a range, those of the last month.
pub(super) async fn count(server: &Server, account: &str, range: Option<(Date, Date)>) -> Outcome<u64> {
    let range = range.map(|(from, to)| format!("&from={from}&to={to}")).unwrap_or_default();
    let path = format!("/v1/daily-balances?account_id={account}{range}");
    let answer = expect(server.client()?.get(&path).await?, 200)?;
    let days = answer["data"].as_array().ok_or("no days")?;
    Ok(days.iter().filter_map(|day| day["entries"].as_u64()).sum())
}

fn expect(answer: Answer, status: u16) -> Outcome<Value> {
    match answer.status == status {
        true => Ok(answer.json()),
        false => Err(format!("{status} was expected, {} came: {}", answer.status, answer.text()).into()),
    }
}
