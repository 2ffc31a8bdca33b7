//! The generic cell rate algorithm (ITU-T I.371, ATM Forum TM 4.0): how soon the next request may come.

use std::time::Duration;

/// The most that one subject can owe, in nanoseconds (52 days): larger allowances are quotas, not rates. Up to
/// here a double, the only number of Redis' scripts, is exact.
const LONGEST: u64 = 1 << 52;

/// A steady rate and how far a caller may run ahead of it.
///
/// Each subject has one number, its theoretical arrival time: when it would be due had it kept to the rate.
/// A time that has passed says the same as none at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Gcra {
    interval: u64,
    burst: u32,
}

/// Whether a request may pass, and what is left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Verdict {
    /// It may pass.
    pub allowed: bool,
    /// How many more may pass at this instant.
    pub remaining: u32,
    /// How long until the allowance is whole again, in nanoseconds.
    pub reset: u64,
    /// How long until one may pass, in nanoseconds; 0 while any remain.
    pub retry_after: u64,
}

impl Gcra {
    /// `count` requests in each `window`, `burst` of them at once. Rounds to the nanosecond on the strict side.
    pub(crate) fn new(count: u32, window: Duration, burst: u32) -> Self {
        let window = u64::try_from(window.as_nanos()).unwrap_or(LONGEST).clamp(1, LONGEST);
        let interval = window.div_ceil(u64::from(count.max(1)));
        let most = u32::try_from(LONGEST / interval).unwrap_or(u32::MAX);
        Self { interval, burst: burst.clamp(1, most) }
    }

    /// From one request to the next at just the rate, in nanoseconds.
    pub(crate) const fn interval(self) -> u64 {
        self.interval
    }

    /// How many may pass at once.
    pub(crate) const fn burst(self) -> u32 {
        self.burst
    }

    /// How long a whole allowance takes to come back, in nanoseconds.
    pub(crate) const fn capacity(self) -> u64 {
        self.interval * self.burst as u64
    }

    /// Decides on a request at `now` of a subject due at `due`, and says when it is due from now on.
    pub(crate) const fn take(self, due: u64, now: u64) -> (u64, Verdict) {
        let owed = due.saturating_sub(now);
        let after = owed.saturating_add(self.interval);
        if after > self.capacity() {
            return (due, self.verdict(false, owed));
        }
        (now.saturating_add(after), self.verdict(true, after))
    }

    /// When a subject is due whose request at `now` was let through by somebody else.
    pub(crate) fn charge(self, due: u64, now: u64) -> u64 {
        let after = due.saturating_sub(now).saturating_add(self.interval);
        now.saturating_add(after.min(self.capacity()))
    }

    /// What to tell of a subject that now owes so many nanoseconds.
    pub(crate) const fn verdict(self, allowed: bool, owed: u64) -> Verdict {
        let remaining = self.capacity().saturating_sub(owed) / self.interval;
        Verdict {
            allowed,
            // At most the burst, which has 32 bits.
            remaining: remaining as u32,
            reset: owed,
            retry_after: owed.saturating_add(self.interval).saturating_sub(self.capacity()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The instants at which requests passed.
    fn admitted(gcra: Gcra, arrivals: &[u64]) -> Vec<u64> {
        let mut due = 0;
        let mut passed = Vec::new();
        for &now in arrivals {
            let (next, verdict) = gcra.take(due, now);
            due = next;
            if verdict.allowed {
                passed.push(now);
            }
        }
        passed
    }

    fn any_gcra() -> impl Strategy<Value = Gcra> {
        let window = prop_oneof![Just(1), Just(60), Just(3600)].prop_map(Duration::from_secs);
        (1u32..2_000_000, window, 1u32..50).prop_map(|(count, window, burst)| Gcra::new(count, window, burst))
    }

    /// Arrivals at gaps around the interval, so that some pass and some do not.
    fn arrivals(gcra: Gcra, gaps: &[u16]) -> Vec<u64> {
        let mut now = 0;
        gaps.iter()
            .map(|&gap| {
                now += gcra.interval() * u64::from(gap) / 60_000;
                now
            })
            .collect()
    }

    proptest! {
        #[test]
        fn no_window_lets_more_through_than_the_burst_and_the_rate(
            gcra in any_gcra(), gaps in vec(any::<u16>(), 1..300),
        ) {
            let passed = admitted(gcra, &arrivals(gcra, &gaps));
            for (first, &from) in passed.iter().enumerate() {
                for (last, &to) in passed.iter().enumerate().skip(first) {
                    let most = u64::from(gcra.burst()) + (to - from) / gcra.interval();
                    prop_assert!((last - first + 1) as u64 <= most);
                }
            }
        }

        #[test]
        fn a_caller_that_keeps_to_the_rate_always_passes(
            gcra in any_gcra(), early in vec(0u64..1000, 1..300),
        ) {
            // With room for one more, each may also come up to an interval before its time.
            let slack = if gcra.burst() > 1 { gcra.interval() } else { 0 };
            let mut latest = 0;
            let steady: Vec<u64> = early.iter().enumerate().map(|(place, early)| {
                latest = latest.max((place as u64 + 1) * gcra.interval() - slack * early / 1000);
                latest
            }).collect();
            prop_assert_eq!(admitted(gcra, &steady), steady);
        }

        #[test]
        fn the_due_time_never_goes_back(gcra in any_gcra(), gaps in vec(any::<u16>(), 1..300)) {
            let mut due = 0;
            for now in arrivals(gcra, &gaps) {
                let (next, verdict) = gcra.take(due, now);
                prop_assert!(next >= due);
                prop_assert_eq!(next > due, verdict.allowed);
                due = next;
            }
        }

        #[test]
        fn what_a_verdict_promises_holds(gcra in any_gcra(), gaps in vec(any::<u16>(), 1..100)) {
            let mut due = 0;
            for now in arrivals(gcra, &gaps) {
                let (next, verdict) = gcra.take(due, now);
                due = next;
                prop_assert!(verdict.remaining < gcra.burst());
                prop_assert_eq!(verdict.retry_after == 0, verdict.remaining > 0);
                let at_once = admitted_from(gcra, due, now);
                prop_assert_eq!(at_once, verdict.remaining);
                prop_assert!(gcra.take(due, now + verdict.retry_after).1.allowed);
                if verdict.retry_after > 0 {
                    prop_assert!(!gcra.take(due, now + verdict.retry_after - 1).1.allowed);
                }
                prop_assert_eq!(admitted_from(gcra, due, now + verdict.reset), gcra.burst());
            }
        }

        #[test]
        fn what_was_let_through_elsewhere_counts_the_same(gcra in any_gcra(), gaps in vec(any::<u16>(), 1..100)) {
            let mut due = 0;
            for now in arrivals(gcra, &gaps) {
                let (next, verdict) = gcra.take(due, now);
                if verdict.allowed {
                    prop_assert_eq!(gcra.charge(due, now), next);
                } else {
                    prop_assert_eq!(gcra.charge(due, now), now + gcra.capacity());
                }
                due = next;
            }
        }

        #[test]
        fn no_settings_and_no_times_overflow(count: u32, window: u64, burst: u32, due: u64, now: u64) {
            let gcra = Gcra::new(count, Duration::from_nanos(window), burst);
            prop_assert!(gcra.burst() >= 1 && gcra.capacity() <= LONGEST);
            let (next, _) = gcra.take(due, now);
            prop_assert!(next >= due);
            let _ = gcra.charge(due, now);
        }
    }

    fn admitted_from(gcra: Gcra, mut due: u64, now: u64) -> u32 {
        for count in 0.. {
            let (next, verdict) = gcra.take(due, now);
            if !verdict.allowed {
                return count;
            }
            due = next;
        }
        unreachable!("a burst has an end")
    }

    #[test]
    fn a_rate_that_does_not_divide_is_rounded_to_the_strict_side() {
        assert_eq!(Gcra::new(3, SECOND, 1).interval(), 333_333_334);
        assert_eq!(Gcra::new(100, SECOND, 200).capacity(), 2_000_000_000);
        assert_eq!(Gcra::new(1_000_000_000, SECOND, 1).interval(), 1);
    }

    #[test]
    fn a_burst_of_more_than_52_days_is_cut() {
        assert_eq!(Gcra::new(1, Duration::from_secs(3600), 10_000).burst(), 1250);
    }
}
