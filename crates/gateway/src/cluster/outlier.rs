//! Outlier ejection: a target that fails several times in a row is left out for a while, longer each time.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::config::Outlier;

/// A target is never left out for longer than so many times the setting.
const LONGEST: u64 = 10;

/// What is remembered of a target's failures. Times are nanoseconds of the process's own clock.
#[derive(Debug, Default)]
pub(super) struct Record {
    in_a_row: AtomicU32,
    ejections: AtomicU64,
    until: AtomicU64,
}

impl Record {
    /// Whether it is left out now.
    pub(super) fn is_ejected(&self, now: u64) -> bool {
        self.until.load(Ordering::Relaxed) > now
    }

    /// Failures since the last success.
    pub(super) fn failures(&self) -> u32 {
        self.in_a_row.load(Ordering::Relaxed)
    }

    /// A good answer.
    pub(super) fn succeeded(&self) {
        // Read first: a write for every answer would send the line from core to core.
        if self.failures() != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// A failure; tells whether it is one too many.
    ///
    /// The count is not set back by an ejection, so that whoever comes back is on probation: its next failure ejects
    /// it again, its next success clears it. What fails while it is out began before, and says nothing new.
    pub(super) fn failed(&self, rule: &Outlier, now: u64) -> bool {
        if rule.consecutive_failures == 0 || self.is_ejected(now) {
            return false;
        }
        self.in_a_row.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= rule.consecutive_failures
    }

    /// Leaves it out, and tells for how long; none if another core just did.
    ///
    /// Each ejection lasts one `eject_for` more than the last, and each `eject_for` spent in service takes one off.
    pub(super) fn eject(&self, rule: &Outlier, now: u64) -> Option<Duration> {
        let base = u64::try_from(rule.eject_for.duration().as_nanos()).unwrap_or(u64::MAX).max(1);
        let until = self.until.load(Ordering::Relaxed);
        let in_service = now.checked_sub(until)?;
        let before = self.ejections.load(Ordering::Relaxed).saturating_sub(in_service / base);
        let times = (before + 1).min(LONGEST);
        let lasts = base.saturating_mul(times);
        let end = now.saturating_add(lasts);
        self.until.compare_exchange(until, end, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        self.ejections.store(times, Ordering::Relaxed);
        Some(Duration::from_nanos(lasts))
    }

    /// Forgets everything: it died and came back, or the rule was taken away.
    pub(super) fn pardon(&self) {
        self.in_a_row.store(0, Ordering::Relaxed);
        self.ejections.store(0, Ordering::Relaxed);
        self.until.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn seconds(record: &Record, now: u64) -> Option<u64> {
        record.eject(&Outlier::default(), now * SECOND).map(|lasts| lasts.as_secs())
    }

    #[test]
    fn ejections_in_a_row_last_longer_up_to_ten_times_and_good_days_shorten_them() {
        let record = Record::default();
        let mut now = 0;
        for expected in [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100] {
            assert_eq!(seconds(&record, now), Some(expected));
            assert_eq!(seconds(&record, now + expected - 1), None, "it is out already");
            now += expected;
        }
        assert_eq!(seconds(&record, now + 35), Some(80), "three times ten seconds in service, and one more");
        assert_eq!(seconds(&record, now + 10_000), Some(10));
    }

    #[test]
    fn who_comes_back_is_on_probation_until_it_answers_well() {
        let (record, rule) = (Record::default(), Outlier::default());
        assert!((1..5).all(|_| !record.failed(&rule, 0)) && record.failed(&rule, 0));
        assert!(record.eject(&rule, 0).is_some());
        assert!(!record.failed(&rule, 9 * SECOND), "it is out already");
        assert!(record.failed(&rule, 10 * SECOND));
        record.succeeded();
        assert!(!record.failed(&rule, 10 * SECOND));
    }

    #[test]
    fn a_rule_of_zero_failures_ejects_nobody() {
        let rule = Outlier { consecutive_failures: 0, ..Outlier::default() };
        let record = Record::default();
        assert!((0..100).all(|_| !record.failed(&rule, 0)));
    }
}
