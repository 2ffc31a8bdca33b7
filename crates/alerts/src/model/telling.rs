//! What people are told of an alert, and which of them have got it.

use std::collections::BTreeSet;

use comporta_kernel::Timestamp;

use super::{Alert, Condition};

/// What people are told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Began,
    Still,
    Ended,
}

/// What people are told, or were told last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Telling {
    pub(crate) kind: Kind,
    /// Since when it is told.
    pub(crate) since: Timestamp,
    /// The receivers who have got it.
    pub(crate) reached: BTreeSet<String>,
}

/// Something that this process is to tell people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Notice {
    pub(crate) condition: Condition,
    pub(crate) kind: Kind,
    pub(crate) since: Timestamp,
    pub(crate) alert: Alert,
    /// The receivers who have not got it.
    pub(crate) to: BTreeSet<String>,
}

/// A notice that somebody has got.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) condition: Condition,
    /// Which of its alerts.
    pub(crate) began_at: Timestamp,
    pub(crate) kind: Kind,
    pub(crate) since: Timestamp,
    pub(crate) receiver: String,
}

impl Kind {
    /// Its name in the database, in ids of letters and in webhooks.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Still => "still",
            Self::Ended => "ended",
        }
    }

    /// The one of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Began, Self::Still, Self::Ended].into_iter().find(|kind| kind.name() == name)
    }
}

impl Telling {
    /// One that nobody has got.
    pub(crate) const fn new(kind: Kind, since: Timestamp) -> Self {
        Self { kind, since, reached: BTreeSet::new() }
    }

    /// Notes that somebody has got a notice; once, however often it is noted.
    pub(crate) fn note(&mut self, outcome: &Outcome) {
        // It was told while the database was away, and the board knows nothing of it.
        if self.since < outcome.since {
            *self = Self::new(outcome.kind, outcome.since);
        }
        if self.since == outcome.since {
            self.reached.insert(outcome.receiver.clone());
        }
    }

    /// Those of some receivers who have not got it.
    pub(crate) fn missing(&self, receivers: &BTreeSet<String>) -> BTreeSet<String> {
        receivers.difference(&self.reached).cloned().collect()
    }
}

impl Notice {
    /// That a receiver has got it.
    pub(crate) fn reached(&self, receiver: &str) -> Outcome {
        let Self { condition, kind, since, ref alert, .. } = *self;
        Outcome { condition, began_at: alert.began_at, kind, since, receiver: receiver.to_owned() }
    }
}
