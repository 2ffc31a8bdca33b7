//! What is wrong, who was told, and what follows from a look: the same rules on the database's board and on the one that
//! a process remembers while the database is away.

use std::collections::{BTreeMap, BTreeSet};

use comporta_kernel::Timestamp;
use jiff::SignedDuration;

use super::{Condition, Kind, Notice, Outcome, Sign, Telling, Terms};

/// How long a process has to tell people: then whoever has not got it is told again, perhaps by another process.
pub(crate) const CLAIM: SignedDuration = SignedDuration::from_mins(5);
/// For how long some are told again of what others have got.
const PERSISTENCE: SignedDuration = SignedDuration::from_hours(24);

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
    /// What people are told of it, or were told last; nothing yet if `None`.
    pub(crate) telling: Option<Telling>,
    /// Until when a process is telling them.
    pub(crate) claimed_until: Option<Timestamp>,
}

/// A sign, and since when it is there without a break.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) sign: Sign,
    pub(crate) since: Timestamp,
}

/// A look at what is wrong.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    pub(crate) seen: &'a [Seen],
    pub(crate) outcomes: &'a [Outcome],
    pub(crate) now: Timestamp,
    pub(crate) terms: Terms,
    /// All who are to be told.
    pub(crate) receivers: &'a BTreeSet<String>,
    /// Of which what is not seen any more may be called over.
    pub(crate) may_end: &'a BTreeSet<Condition>,
}

impl Round<'_> {
    /// Brings the board up to now, and gives what this process is to tell people.
    pub(crate) fn settle(&self, alerts: &mut Alerts) -> Vec<Notice> {
        self.outcomes.iter().for_each(|outcome| self.note(outcome, alerts));
        self.seen.iter().for_each(|seen| self.see(seen, alerts));
        alerts.retain(|_, alert| !self.is_done(alert));
        let notices = alerts.iter_mut().filter_map(|(&condition, alert)| {
            let telling = self.due(condition, alert)?;
            let (kind, since, to) = (telling.kind, telling.since, telling.missing(self.receivers));
            (alert.telling, alert.claimed_until) = (Some(telling), Some(self.now + CLAIM));
            Some(Notice { condition, kind, since, alert: alert.clone(), to })
        });
        notices.collect()
    }

    fn note(&self, outcome: &Outcome, alerts: &mut Alerts) {
        let alert = alerts.get_mut(&outcome.condition);
        let Some(alert) = alert.filter(|alert| alert.began_at == outcome.began_at) else { return };
        let telling = alert.telling.get_or_insert_with(|| Telling::new(outcome.kind, outcome.since));
        telling.note(outcome);
        if telling.missing(self.receivers).is_empty() {
            alert.claimed_until = None;
        }
    }

    fn see(&self, Seen { sign, since }: &Seen, alerts: &mut Alerts) {
        let Sign { condition, measured, allowed } = sign.clone();
        let known = alerts.get_mut(&condition);
        let claimed_until = known.as_ref().and_then(|alert| alert.claimed_until);
        match known {
            Some(alert) if !alert.is_ending() => {
                alert.seen_at = alert.seen_at.max(self.now);
                (alert.measured, alert.allowed) = (measured, allowed);
            }
            // People may have been told of its end: what is back is another alert.
            _ if self.now.duration_since(*since) >= self.terms.hold => {
                let (began_at, seen_at) = (*since, self.now);
                let alert = Alert { measured, allowed, began_at, seen_at, telling: None, claimed_until };
                alerts.insert(condition, alert);
            }
            _ => {}
        }
    }

    /// What is to be told now.
    fn due(&self, condition: Condition, alert: &Alert) -> Option<Telling> {
        // Its end, too, waits for that: overtaking its beginning, it would leave somebody alarmed.
        if alert.claimed_until.is_some_and(|until| until > self.now) {
            return None;
        }
        let new = |kind| Some(Telling::new(kind, self.now));
        match &alert.telling {
            Some(telling) if alert.is_ending() => self.again(telling),
            // Of one whose beginning is not known to be told, too: a process may have been killed just after.
            _ if !self.is_seen(alert) && self.may_end.contains(&condition) => new(Kind::Ended),
            None => new(Kind::Began),
            // What nobody sees, and nobody can call over, is not told again: it is not known whether it lasts.
            Some(telling) if self.is_seen(alert) && self.is_old(telling) => new(Kind::Still),
            Some(telling) => self.again(telling),
        }
    }

    /// The same once more, to those who have not got it.
    fn again(&self, telling: &Telling) -> Option<Telling> {
        let is_given_up = !telling.reached.is_empty() && self.age(telling) >= PERSISTENCE;
        let is_for_nobody = telling.missing(self.receivers).is_empty();
        (!is_given_up && !is_for_nobody).then(|| telling.clone())
    }

    fn is_done(&self, alert: &Alert) -> bool {
        alert.is_ending() && alert.telling.as_ref().is_none_or(|telling| self.again(telling).is_none())
    }

    fn is_seen(&self, alert: &Alert) -> bool {
        self.now.duration_since(alert.seen_at) < self.terms.quiet()
    }

    /// Whether what somebody was told is to be told again because it lasts.
    fn is_old(&self, telling: &Telling) -> bool {
        !telling.reached.is_empty() && self.age(telling) >= self.terms.repeat
    }

    fn age(&self, telling: &Telling) -> SignedDuration {
        self.now.duration_since(telling.since)
    }
}

impl Alert {
    fn is_ending(&self) -> bool {
        self.telling.as_ref().is_some_and(|telling| telling.kind == Kind::Ended)
    }
}

#[cfg(test)]
mod tests;
