//! How long and how often: modest by default, the sizes of acceptance with `COMPORTA_E2E_FULL=1`, or each by its
//! own variable.

use std::time::Duration;

/// How long the exactness stories write: 8 s, in full 60 (`COMPORTA_E2E_SECONDS`).
#[must_use]
pub fn writing() -> Duration {
    Duration::from_secs(size("COMPORTA_E2E_SECONDS", 8, 60))
}

/// How often the server is killed under load: 3 times, in full 50 (`COMPORTA_E2E_ROUNDS`).
#[must_use]
pub fn kills() -> u64 {
    size("COMPORTA_E2E_ROUNDS", 3, 50)
}

/// How often PostgreSQL is killed under load: once, in full 10 times (`COMPORTA_E2E_POSTGRES_ROUNDS`).
#[must_use]
pub fn postgres_kills() -> u64 {
    size("COMPORTA_E2E_POSTGRES_ROUNDS", 1, 10)
}

/// How often the server is killed while it imports: 3 times, in full 30 (`COMPORTA_E2E_IMPORT_KILLS`).
#[must_use]
pub fn import_kills() -> u64 {
    size("COMPORTA_E2E_IMPORT_KILLS", 3, 30)
}

/// Bad rows of a file of nothing else: 30,000, in full a million (`COMPORTA_E2E_BAD_ROWS`).
#[must_use]
pub fn bad_rows() -> usize {
    usize::try_from(size("COMPORTA_E2E_BAD_ROWS", 30_000, 1_000_000)).unwrap()
}

/// Bytes of a line that never ends: 4 MiB, in full 2 GiB (`COMPORTA_E2E_LINE`).
#[must_use]
pub fn endless_line() -> usize {
    usize::try_from(size("COMPORTA_E2E_LINE", 4 << 20, 2 << 30)).unwrap()
}

/// How many requests made by chance each operation of the API gets at most, beside those that follow from its
/// schema (about 900 in all): 1, in full 60 (`COMPORTA_E2E_EXAMPLES`).
#[must_use]
pub fn examples() -> u64 {
    size("COMPORTA_E2E_EXAMPLES", 1, 60)
}

/// Requests a second that the gateway carries while things break around it: 300, in full 2,000 (`COMPORTA_E2E_RATE`).
#[must_use]
pub fn rate() -> u32 {
    u32::try_from(size("COMPORTA_E2E_RATE", 300, 2000)).unwrap()
}

/// How often targets and Redis are killed under that load: once each, in full 5 times (`COMPORTA_E2E_OUTAGES`).
#[must_use]
pub fn outages() -> u64 {
    size("COMPORTA_E2E_OUTAGES", 1, 5)
}

/// How often settings are read again under that load: 6 times, in full 20 (`COMPORTA_E2E_RELOADS`).
#[must_use]
pub fn reloads() -> u64 {
    size("COMPORTA_E2E_RELOADS", 6, 20)
}

/// How often the program is started again under that load: twice, in full 10 times (`COMPORTA_E2E_RESTARTS`).
#[must_use]
pub fn restarts() -> u64 {
    size("COMPORTA_E2E_RESTARTS", 2, 10)
}

/// Calls of the quota that greedy clients share: 1,000, in full 10,000 (`COMPORTA_E2E_QUOTA`).
#[must_use]
pub fn quota() -> u64 {
    size("COMPORTA_E2E_QUOTA", 1000, 10_000)
}

/// How many greedy clients there are: 30, in full 200 (`COMPORTA_E2E_GREEDY`).
#[must_use]
pub fn greedy() -> usize {
    usize::try_from(size("COMPORTA_E2E_GREEDY", 30, 200)).unwrap()
}

/// How long the database is away while quotas are spent: 3 s, in full 20 (`COMPORTA_E2E_AWAY`).
#[must_use]
pub fn away() -> Duration {
    Duration::from_secs(size("COMPORTA_E2E_AWAY", 3, 20))
}

/// How long calls go on before the database is away and after: 3 s, in full 50 (`COMPORTA_E2E_AROUND`).
#[must_use]
pub fn around() -> Duration {
    Duration::from_secs(size("COMPORTA_E2E_AROUND", 3, 50))
}

/// How many idle connections are held at once: 500, in full 10,000 (`COMPORTA_E2E_CONNECTIONS`).
#[must_use]
pub fn idle_connections() -> usize {
    usize::try_from(size("COMPORTA_E2E_CONNECTIONS", 500, 10_000)).unwrap()
}

/// Bytes of a long upload and of a long download: 64 MiB, in full 2 GiB (`COMPORTA_E2E_MEBIBYTES`).
#[must_use]
pub fn bulk() -> u64 {
    size("COMPORTA_E2E_MEBIBYTES", 64, 2048) << 20
}

/// Boletos that are mailed while the server is killed: 400, in full 6,000 (`COMPORTA_E2E_LETTERS`).
#[must_use]
pub fn letters() -> usize {
    usize::try_from(size("COMPORTA_E2E_LETTERS", 400, 6_000)).unwrap()
}

/// How often the server is killed while it mails: 3 times, in full 30 (`COMPORTA_E2E_DELIVERY_ROUNDS`).
#[must_use]
pub fn delivery_kills() -> u64 {
    size("COMPORTA_E2E_DELIVERY_ROUNDS", 3, 30)
}

/// How often each process of a split installation is killed under load: once, in full 5 times (`COMPORTA_E2E_SPLIT_ROUNDS`).
#[must_use]
pub fn split_rounds() -> u64 {
    size("COMPORTA_E2E_SPLIT_ROUNDS", 1, 5)
}

/// Entries and balances a second that a split installation carries with processes missing: 100, in full 500
/// (`COMPORTA_E2E_SPLIT_RATE`).
#[must_use]
pub fn split_rate() -> u32 {
    u32::try_from(size("COMPORTA_E2E_SPLIT_RATE", 100, 500)).unwrap()
}

/// For how long it does: 4 s, in full 30 (`COMPORTA_E2E_SPLIT_SECONDS`).
#[must_use]
pub fn split_lasting() -> Duration {
    Duration::from_secs(size("COMPORTA_E2E_SPLIT_SECONDS", 4, 30))
}

/// Whether the sizes are those of acceptance.
#[must_use]
pub fn are_full() -> bool {
    std::env::var("COMPORTA_E2E_FULL").is_ok_and(|text| text == "1")
}

/// How late something may be that must be prompt: as promised in full, on a machine with nothing else to do; else ten
/// times as late, because a test run shares its machine.
#[must_use]
pub fn late(promised: Duration) -> Duration {
    if are_full() { promised } else { promised * 10 }
}

/// How many of so many may take another way than the best, since something was held up: none in full, on a machine with
/// nothing else to do; else a tenth, because a test run shares its machine.
#[must_use]
pub fn astray(of: usize) -> usize {
    if are_full() { 0 } else { of / 10 }
}

fn size(variable: &str, usual: u64, full: u64) -> u64 {
    let given = std::env::var(variable).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(if are_full() { full } else { usual })
}
