//! What a backup is, and which of them are kept: pure.

mod key;
mod manifest;
mod retention;
mod totals;
mod wal_name;

pub use key::{Key, Keys};
pub use manifest::{Check, Condition, Fault, Kind, Manifest, Piece};
pub use retention::{Known, leave, needless_wal};
pub use totals::{Difference, Tables, Totals};
pub use wal_name::{WalName, WalNameError};

comporta_kernel::define_id!(
    /// A backup. Its id tells when it was begun, so that ids sort by age.
    BackupId,
    "bkp"
);
