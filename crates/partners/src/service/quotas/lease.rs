//! A lease as requests spend it: units in memory, until its day or month is over.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Quota;
use crate::model::Period;

/// What one gateway may spend of one company's quota in one period.
#[derive(Debug)]
pub(super) struct Lease {
    /// Tells it from every other one of this process.
    pub(super) id: u64,
    pub(super) period: Period,
    /// When it can no longer be spent, in nanoseconds of this process. Never later than the period's end by the
    /// database's clock, for it is counted from before the database was asked for the time.
    pub(super) ends: u64,
    /// Units to spend.
    left: AtomicU64,
    /// More are asked for when so many are left.
    low: AtomicU64,
    /// What nobody had been granted at the last grant.
    rest: AtomicU64,
    /// The quota that it was granted under. A plan that says otherwise now is asked about first.
    terms: AtomicU64,
}

/// What is left after a unit was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    /// Units of the whole quota, as far as this gateway knows.
    pub(super) units: u64,
    /// It is time to ask for more.
    pub(super) is_low: bool,
}

impl Lease {
    pub(super) fn new(id: u64, period: Period, ends: u64) -> Self {
        let zero = || AtomicU64::new(0);
        Self { id, period, ends, left: zero(), low: zero(), rest: zero(), terms: zero() }
    }

    /// Whether it may be spent under a quota at a moment.
    pub(super) fn holds(&self, quota: Quota, now: u64) -> bool {
        now < self.ends && self.terms.load(Relaxed) == terms(quota)
    }

    /// Whether its period is over.
    pub(super) const fn is_over(&self, now: u64) -> bool {
        now >= self.ends
    }

    /// Takes one unit, if there is any.
    pub(super) fn take(&self) -> Option<Left> {
        let before = self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).ok()?;
        let left = before - 1;
        Some(Left { units: left + self.rest.load(Relaxed), is_low: left < self.low.load(Relaxed) })
    }

    /// Gives a unit back.
    pub(super) fn give_back(&self) {
        self.left.fetch_add(1, Relaxed);
    }

    /// Takes all that is left, so that nobody else can.
    pub(super) fn empty(&self) -> u64 {
        self.left.swap(0, Relaxed)
    }

    pub(super) fn left(&self) -> u64 {
        self.left.load(Relaxed)
    }

    /// Whether there is no need to ask for more yet.
    pub(super) fn is_enough(&self) -> bool {
        let left = self.left();
        left > 0 && left >= self.low.load(Relaxed)
    }

    /// Puts fresh units in under a quota, of which so many are wanted at hand.
    pub(super) fn fill(&self, units: u64, quota: Quota, rest: u64, size: u64) {
        // Half of what there is, where that is less than was wanted: else each unit would be asked for.
        let low = if rest == 0 { 0 } else { size.min(self.left().saturating_add(units)) / 2 };
        self.low.store(low, Relaxed);
        self.rest.store(rest, Relaxed);
        self.terms.store(terms(quota), Relaxed);
        self.left.fetch_add(units, Relaxed);
    }

    /// Whether it was filled under this quota last.
    pub(super) fn is_of(&self, quota: Quota) -> bool {
        self.terms.load(Relaxed) == terms(quota)
    }
}

/// A quota as one number, never zero.
pub(super) fn terms(quota: Quota) -> u64 {
    quota.requests() << 1 | u64::from(quota.per() == crate::Per::Month)
}
