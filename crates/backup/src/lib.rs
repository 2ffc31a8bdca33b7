//! Backups of either engine: made while it serves, kept in a folder or a bucket, proven by restoring them.

mod cipher;
mod error;
mod flow;
mod jobs;
mod model;
mod postgres;
mod repository;
mod service;
mod sqlite;
mod store;
mod wal;
mod watch;

pub use error::{Error, Missing};
pub use jobs::MakeBackup;
pub use model::{
    BackupId, Check, Condition, Difference, Fault, Key, Keys, Kind, Manifest, Piece, Tables, Totals, WalName,
    WalNameError,
};
pub use repository::{Found, Repository};
pub use service::{
    Backups, Choice, Doubt, Failure, Options, Pepper, Proof, Proves, PruneOptions, Pruned, RestoreOptions,
    Restored, Trail,
};
pub use wal::WalArchive;
