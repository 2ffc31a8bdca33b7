//! A restart that refuses nobody: the running process starts the program again, hands it the sockets it listens on,
//! and leaves when the new one serves.
//!
//! Between the two is a pair of connected sockets; the new process finds its end as standard input. What is said:
//!
//! | by | lines |
//! |---|---|
//! | the old one | one per socket, which comes with it: what it is for, and who opened it; then `end` |
//! | the new one | `ready`; or `failed`, and why on those that follow |

mod channel;
mod predecessor;
mod program;
mod successor;

pub use predecessor::{Error, Predecessor};
pub use program::Program;
pub use successor::{Failure, Patience, Successor};

/// The variable that tells a process that another one waits for it, and in which version of this protocol.
pub const VARIABLE: &str = "COMPORTA_HANDOVER";

/// What this version speaks.
const VERSION: &str = "1";
const READY: &str = "ready";
const FAILED: &str = "failed";
const BY_US: &str = "ours";
const BY_SUPERVISOR: &str = "supervisor";
