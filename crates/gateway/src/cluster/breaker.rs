//! The breaker: how many requests are with one target, and no more than may be.

use std::sync::atomic::{AtomicU32, Ordering};

/// Requests in flight to a target. It has cache lines of its own, because every core writes it for every request
/// while its neighbours are only read.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct InFlight(AtomicU32);

impl InFlight {
    /// Counts one more, unless `most` are there already. Never over it, however many cores ask at once.
    pub(super) fn enter(&self, most: u32) -> bool {
        let enter = |count| if count < most { Some(count + 1) } else { None };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter).is_ok()
    }

    /// Counts one less: for each `enter` that was granted, once.
    pub(super) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_crowd_a_target_never_pass_its_limit() {
        let in_flight = InFlight::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        if in_flight.enter(2) {
                            assert!((1..=2).contains(&in_flight.count()));
                            in_flight.leave();
                        }
                    }
                });
            }
        });
        assert_eq!(in_flight.count(), 0);
    }
}
