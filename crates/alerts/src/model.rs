//! What may be wrong, and when people are told of it: pure.

mod board;
mod condition;
mod telling;

#[cfg(test)]
pub(crate) use board::CLAIM;
pub(crate) use board::{Alert, Alerts, Round, Seen};
pub use condition::{Condition, Sign};
use jiff::SignedDuration;
pub(crate) use telling::{Kind, Notice, Outcome, Telling};

/// When people are told.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How often is looked.
    pub every: SignedDuration,
    /// How long something must have held, and how long it must have been gone, before that is told.
    pub hold: SignedDuration,
    /// How often what lasts is told again.
    pub repeat: SignedDuration,
}

impl Terms {
    /// After how long what nobody has seen is over: longer than several processes need to look.
    pub(crate) fn quiet(&self) -> SignedDuration {
        self.hold.max(self.every * 4)
    }
}
