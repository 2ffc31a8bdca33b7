//! The retry budget: retries are a share of the requests of the last ten seconds, so that they never feed an outage.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::config::Percent;

/// Each slot is a second of the window.
const WINDOW: usize = 10;
/// So many retries a second are allowed whatever the traffic: a share of little traffic would be none.
const FLOOR: u64 = 10;
const SECOND: u64 = Duration::from_secs(1).as_nanos() as u64;

/// Counts requests and retries by the second. In any ten seconds of the clock, retries are at most the share of the
/// requests plus ten a second. Without locks: a request costs one addition.
#[derive(Debug, Default)]
pub(super) struct RetryBudget {
    requests: Window,
    retries: Window,
}

impl RetryBudget {
    /// A request came; its retries are not counted here.
    pub(super) fn deposit(&self, now: u64) {
        self.requests.add(second_of(now));
    }

    /// Takes one retry, if there is one left.
    ///
    /// It is counted before the sum is looked at, and given back when that was one too many: cores that ask at once
    /// may all be refused the last one, but never all get it.
    pub(super) fn withdraw(&self, share: Percent, now: u64) -> bool {
        let second = second_of(now);
        self.retries.add(second);
        let allowed = self.requests.sum(second) * u64::from(share.hundredths()) / 100 + FLOOR * WINDOW as u64;
        let granted = self.retries.sum(second) <= allowed;
        if !granted {
            self.retries.take_back(second);
        }
        granted
    }
}

/// As it fits into half a slot: 136 years.
fn second_of(now: u64) -> u64 {
    (now / SECOND) & 0xffff_ffff
}

/// A count for each of the last seconds: the second in the upper half of its slot, the count in the lower.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Window([AtomicU64; WINDOW]);

impl Window {
    fn slot(&self, second: u64) -> &AtomicU64 {
        &self.0[(second % WINDOW as u64) as usize]
    }

    fn add(&self, second: u64) {
        let slot = self.slot(second);
        let mut seen = slot.load(Ordering::Relaxed);
        // A slot of an older second is begun anew by the first who finds it. Who comes late counts in the newer one.
        while seen >> 32 < second {
            match slot.compare_exchange_weak(seen, second << 32 | 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => seen = newer,
            }
        }
        slot.fetch_add(1, Ordering::Relaxed);
    }

    /// Only after an `add` of the same second.
    fn take_back(&self, second: u64) {
        let less = |seen: u64| (seen as u32 > 0).then(|| seen - 1);
        // Empty already when the slot went on to a newer second meanwhile: there is nothing to give back.
        let _: Result<u64, u64> = self.slot(second).fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    fn sum(&self, second: u64) -> u64 {
        let oldest = (second + 1).saturating_sub(WINDOW as u64);
        let recent = |slot: u64| if slot >> 32 >= oldest { slot & 0xffff_ffff } else { 0 };
        self.0.iter().map(|slot| recent(slot.load(Ordering::Relaxed))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests of one second, each of which fails and wants two retries; gives how many were granted.
    fn outage(budget: &RetryBudget, second: u64, requests: u64) -> u64 {
        let mut granted = 0;
        for request in 0..requests {
            let now = second * SECOND + request * SECOND / requests;
            budget.deposit(now);
            for _ in 0..2 {
                granted += u64::from(budget.withdraw(Percent::of(20), now));
            }
        }
        granted
    }

    #[test]
    fn in_an_outage_retries_stay_within_a_fifth_and_the_floor_in_every_window() {
        let budget = RetryBudget::default();
        let granted: Vec<u64> = (0..60).map(|second| outage(&budget, second, 1000)).collect();
        for window in granted.windows(WINDOW) {
            let retries: u64 = window.iter().sum();
            assert!(retries <= 10 * 200 + 100, "{retries}");
        }
        let all: u64 = granted.iter().sum();
        assert!(all > 60 * 200, "the budget is there to be used: {all}");
    }

    #[test]
    fn little_traffic_has_the_floor_and_no_share_of_long_ago() {
        let budget = RetryBudget::default();
        for _ in 0..10_000 {
            budget.deposit(0);
        }
        let later = 30 * SECOND;
        let granted = (0..500).filter(|_| budget.withdraw(Percent::of(20), later)).count();
        assert_eq!(granted, 100);
        let granted = (0..500).filter(|_| budget.withdraw(Percent::of(20), later + 10 * SECOND)).count();
        assert_eq!(granted, 100);
    }

    #[test]
    fn cores_that_ask_at_once_get_no_more_than_there_is() {
        let budget = RetryBudget::default();
        let granted = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for turn in 0..5_000 {
                        let got = budget.withdraw(Percent::of(0), turn * SECOND / 5_000);
                        granted.fetch_add(u64::from(got), Ordering::Relaxed);
                    }
                });
            }
        });
        let granted = granted.into_inner();
        assert!((90..=100).contains(&granted), "{granted}");
    }
}
