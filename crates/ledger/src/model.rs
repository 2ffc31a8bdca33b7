//! The ledger's rules, pure: what an entry, an account and a balance are, and which postings may stand.

mod account;
mod balance;
mod entry;
mod posting;
mod report;

pub use account::{Account, AccountId, MAIN, NewAccount};
pub use balance::{DayBalance, Movement, Movements};
pub use entry::{Category, Description, Entry, EntryId, ExternalId, Kind, Metadata, NewEntry, Text};
pub use posting::{Facts, Outcome, Posting, StoredRequest, decide};
pub use report::{CashFlow, GroupBy, ReportRow, group};
