//! What the stories in `tests/` share: sizes, databases, loads, and an oracle that asks the database itself.
//!
//! Each story drives the shipped binary over HTTP. Sizes are modest unless `COMPORTA_E2E_FULL=1`; see [`sizes`].

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "it is part of tests: what goes wrong here fails a test"
)]

mod balances;
mod bodies;
mod callers;
mod chance;
mod engine;
mod gateway;
mod load;
pub mod memory;
mod oracle;
mod pki;
pub mod sizes;
mod syscalls;
mod tally;
mod upstream;
mod writers;

pub use balances::{Day, centavos, daily_balances, every_day_equals_its_entries, the_ledger_verifies};
pub use bodies::{AnyBody, Feeder, fed, full, long, long_until_dropped};
pub use callers::{connect_from, http1_on, http2_on, tls};
pub use chance::Chance;
pub use engine::Engine;
pub use gateway::{Admin, Gateway, Key};
pub use load::{Fate, Load, Sent};
pub use oracle::{Movement, Oracle};
pub use pki::{Authority, Identity};
pub use syscalls::{Call, Trace, unless_excused};
pub use tally::{Account, Line, Tally};
pub use upstream::{Mirror, Terms, Upstream, image};
pub use writers::{read_until, write_until};
