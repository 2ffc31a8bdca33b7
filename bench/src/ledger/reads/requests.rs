//! What readers and writers ask for.

use comporta_kernel::Rng;
use comporta_testkit::Server;

use crate::Outcome;
use crate::ledger::accounts::{self, DAYS};
use crate::load::{Requests, get, post};

/// Days of a range.
const RANGE: u64 = 31;
/// Different requests; they are repeated after that.
const RENDERED: usize = 1000;

/// Reads of random ranges of the three years.
pub(super) fn reads(server: &Server, account: &str) -> Outcome<Requests> {
    let key = server.first_run()?.api_key;
    let rng = Rng::seeded(31);
    let read = |_| {
        let first = accounts::any(&rng, DAYS - RANGE + 1);
        let (from, to) = (accounts::day(first), accounts::day(first + RANGE - 1));
        get(&format!("/v1/daily-balances?account_id={account}&from={from}&to={to}"), &key)
    };
    Ok(Requests::new((0..RENDERED).map(read).collect()))
}

/// Entries of which nine in ten fall on the last day, as they do in life, and the tenth on any.
pub(super) fn entries(server: &Server, account: &str) -> Outcome<Requests> {
    let key = server.first_run()?.api_key;
    let rng = Rng::seeded(10);
    let entry = |number: usize| {
        let day = if number.is_multiple_of(10) { accounts::any(&rng, DAYS) } else { DAYS - 1 };
        post("/v1/entries", &key, &accounts::entry(account).on(&accounts::day(day).to_string()))
    };
    Ok(Requests::new((0..RENDERED).map(entry).collect()))
}
