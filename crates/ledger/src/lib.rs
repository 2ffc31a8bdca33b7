//! Cash flow: accounts, entries, daily balances and closed months, exact at every instant.

mod api;
mod commit;
mod consolidator;
mod error;
mod jobs;
mod model;
mod service;
mod store;

pub use api::{LedgerAdmin, LedgerRead, LedgerWrite, PROBLEM_KINDS, openapi, router};
pub use error::Error;
pub use jobs::ReconcileBalances;
pub use model::{Account, AccountId, Entry, EntryId, Kind};
pub use service::{Difference, Ledger, Options, Repairs};
