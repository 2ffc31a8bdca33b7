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

/// How many requests made by chance each operation of the API gets at most, beside those that follow from its
/// schema (about 900 in all): 1, in full 60 (`COMPORTA_E2E_EXAMPLES`).
#[must_use]
pub fn examples() -> u64 {
    size("COMPORTA_E2E_EXAMPLES", 1, 60)
}

/// Whether the sizes are those of acceptance.
#[must_use]
pub fn are_full() -> bool {
    std::env::var("COMPORTA_E2E_FULL").is_ok_and(|text| text == "1")
}

fn size(variable: &str, usual: u64, full: u64) -> u64 {
    let given = std::env::var(variable).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(if are_full() { full } else { usual })
}
