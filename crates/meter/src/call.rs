//! What is counted: a call, its kind of status, and the sum of many alike.

use std::sync::Arc;

use comporta_kernel::{CompanyId, Timestamp};

/// A call that is over, or about to be.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Whose it was.
    pub company: CompanyId,
    /// The number of the route it took.
    pub route: u32,
    /// How it was answered.
    pub class: Class,
    /// Whether it was made with a live key.
    pub live: bool,
    /// Bytes of its body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
}

/// The kind of an answer: the first digit of its status, or that a limit refused the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(u8);

/// Calls of one company, route, minute and class, all live or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Whose they were.
    pub company: CompanyId,
    /// The name of the route they took.
    pub route: Arc<str>,
    /// The beginning of the minute in which they were answered.
    pub minute: Timestamp,
    /// How they were answered.
    pub class: Class,
    /// Whether they were made with live keys.
    pub live: bool,
    /// How many.
    pub requests: u64,
    /// Bytes of their bodies.
    pub bytes_in: u64,
    /// Bytes of the answers' bodies.
    pub bytes_out: u64,
}

impl Class {
    /// Refused by a limit or a quota: told apart from other refusals, because it is never billed.
    pub const LIMITED: Self = Self(9);

    /// The class of a status.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status / 100 {
            // What no standard knows is read as RFC 9110 (15) says: by the first digit, or as a server's error.
            digit @ 1..=5 => Self(digit as u8),
            _ => Self(5),
        }
    }

    /// What stands for it in files and in the database.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_number(number: u64) -> Option<Self> {
        match number {
            1..=5 | 9 => Some(Self(number as u8)),
            _ => None,
        }
    }
}
