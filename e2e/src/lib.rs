//! What the stories in `tests/` share: sizes, databases, loads, and an oracle that asks the database itself.
//!
//! Each story drives the shipped binary over HTTP. Sizes are modest unless `COMPORTA_E2E_FULL=1`; see [`sizes`].

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "it is part of tests: what goes wrong here fails a test"
)]

mod balances;
mod chance;
mod engine;
mod load;
mod oracle;
pub mod sizes;
mod syscalls;
mod tally;
mod writers;

pub use balances::{Day, centavos, daily_balances, every_day_equals_its_entries, the_ledger_verifies};
pub use chance::Chance;
pub use engine::Engine;
pub use load::{Fate, Load, Sent};
pub use oracle::{Movement, Oracle};
pub use syscalls::{Call, Trace};
pub use tally::{Account, Line, Tally};
pub use writers::{read_until, write_until};
