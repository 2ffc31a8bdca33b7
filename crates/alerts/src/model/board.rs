//! What is wrong, who was told, and what follows from a look: the same rules on the database's board and on the one that
//! a process remembers while the database is away.

use std::collections::{BTreeMap, BTreeSet};

use comporta_kernel::Timestamp;
use jiff::SignedDuration;

use super::{Condition, Sign, Terms};

/// How long a process may take to tell people before another one does.
const CLAIM: SignedDuration = SignedDuration::from_mins(5);

/// What is wrong, or was, and its end has not been told.
pub(crate) type Alerts = BTreeMap<Condition, Alert>;

/// One of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Alert {
    pub(crate) measured: String,
    pub(crate) allowed: String,
    pub(crate) began_at: Timestamp,
    /// When a process saw it last.
    pub(crate) seen_at: Timestamp,
    /// When people were told last.
    pub(crate) told_at: Option<Timestamp>,
    /// Until when a process is telling them.
    pub(crate) claimed_until: Option<Timestamp>,
}

/// A sign, and since when it is there without a break.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) sign: Sign,
    pub(crate) since: Timestamp,
}

/// What people are told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Began,
    Still,
    Ended,
}

/// Something that this process is to tell people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Notice {
    pub(crate) condition: Condition,
    pub(crate) kind: Kind,
    pub(crate) alert: Alert,
}

/// A notice that people have got.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) condition: Condition,
    pub(crate) kind: Kind,
    /// Which of its alerts.
    pub(crate) began_at: Timestamp,
    pub(crate) at: Timestamp,
}

/// A look at what is wrong.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    pub(crate) seen: &'a [Seen],
    pub(crate) outcomes: &'a [Outcome],
    pub(crate) now: Timestamp,
    pub(crate) terms: Terms,
    /// Of which what is not seen any more may be called over; `None` for all.
    pub(crate) may_end: Option<&'a BTreeSet<Condition>>,
}

impl Round<'_> {
    /// Brings the board up to now, and gives what this process is to tell people.
    pub(crate) fn settle(&self, alerts: &mut Alerts) -> Vec<Notice> {
        self.outcomes.iter().for_each(|outcome| self.note(outcome, alerts));
        self.seen.iter().for_each(|seen| self.see(seen, alerts));
        let notices = alerts.iter_mut().filter_map(|(&condition, alert)| {
            let kind = self.due(condition, alert)?;
            alert.claimed_until = Some(self.now + CLAIM);
            Some(Notice { condition, kind, alert: alert.clone() })
        });
        notices.collect()
    }

    fn see(&self, Seen { sign, since }: &Seen, alerts: &mut Alerts) {
        let Sign { condition, measured, allowed } = sign.clone();
        match alerts.get_mut(&condition) {
            Some(alert) => {
                alert.seen_at = alert.seen_at.max(self.now);
                (alert.measured, alert.allowed) = (measured, allowed);
            }
            None if self.now.duration_since(*since) >= self.terms.hold => {
                let (began_at, seen_at) = (*since, self.now);
                let alert =
                    Alert { measured, allowed, began_at, seen_at, told_at: None, claimed_until: None };
                alerts.insert(condition, alert);
            }
            None => {}
        }
    }

    /// Notes that people were told; once, however often it is noted.
    fn note(&self, outcome: &Outcome, alerts: &mut Alerts) {
        let Some(alert) = alerts.get_mut(&outcome.condition) else { return };
        if alert.began_at != outcome.began_at {
            return;
        }
        match outcome.kind {
            Kind::Began | Kind::Still => {
                alert.told_at = alert.told_at.max(Some(outcome.at));
                alert.claimed_until = None;
            }
            Kind::Ended if alert.seen_at <= outcome.at - self.terms.quiet() => {
                alerts.remove(&outcome.condition);
            }
            // It has come back since: another alert, of which nobody was told.
            Kind::Ended => {
                (alert.began_at, alert.told_at, alert.claimed_until) = (alert.seen_at, None, None);
            }
        }
    }

    fn due(&self, condition: Condition, alert: &Alert) -> Option<Kind> {
        if alert.claimed_until.is_some_and(|until| until > self.now) {
            return None;
        }
        match alert.told_at {
            // Of one whose beginning is not known to be told, too: a process may have been killed just after.
            _ if self.is_over(condition, alert) => Some(Kind::Ended),
            None => Some(Kind::Began),
            Some(at) => (self.now.duration_since(at) >= self.terms.repeat).then_some(Kind::Still),
        }
    }

    fn is_over(&self, condition: Condition, alert: &Alert) -> bool {
        self.may_end.is_none_or(|known| known.contains(&condition))
            && self.now.duration_since(alert.seen_at) >= self.terms.quiet()
    }
}

#[cfg(test)]
mod tests;
