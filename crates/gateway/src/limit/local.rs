//! The counts of this process: a table of fixed size that all its cores share.

use std::hash::Hasher;
use std::sync::{Mutex, PoisonError};

use siphasher::sip::SipHasher13;

use super::{Rule, Subject};
use crate::model::gcra::Verdict;

/// With the lock before them, seven slots fill two cache lines: names in the first, times in the second.
const SLOTS: usize = 7;
/// 1 MiB of them, 57,344 slots.
const BUCKETS: usize = 8192;

/// The due times of subjects, in memory that does not grow with their number.
///
/// A subject has one bucket, chosen by a keyed hash so that nobody can aim at another's. A slot whose due time has
/// passed is as good as empty. So the slot with the earliest time is always the one to give to a newcomer: while
/// any slot of the bucket is free nothing is lost; when none is, the subject nearest to a whole allowance gets it.
pub(crate) struct Limiter {
    seed: [u8; 16],
    buckets: Box<[Bucket]>,
}

/// A lock of its own for each bucket: two cores meet only over subjects of one bucket, and for nanoseconds.
#[derive(Default)]
#[repr(align(64))]
struct Bucket(Mutex<Slots>);

#[derive(Default)]
struct Slots {
    names: [u64; SLOTS],
    due: [u64; SLOTS],
}

impl Limiter {
    /// An empty table; `seed` comes from the system's generator.
    pub(crate) fn new(seed: [u8; 16]) -> Self {
        Self::with_buckets(seed, BUCKETS)
    }

    fn with_buckets(seed: [u8; 16], count: usize) -> Self {
        Self { seed, buckets: (0..count).map(|_| Bucket::default()).collect() }
    }

    /// Decides on a request at `now`, nanoseconds since the process's epoch.
    pub(crate) fn take(&self, rule: &Rule, subject: Subject<'_>, now: u64) -> Verdict {
        self.update(rule, subject, |due| rule.gcra.take(due, now))
    }

    /// Counts a request that somebody else let through.
    pub(crate) fn charge(&self, rule: &Rule, subject: Subject<'_>, now: u64) {
        self.update(rule, subject, |due| (rule.gcra.charge(due, now), ()));
    }

    fn update<R>(&self, rule: &Rule, subject: Subject<'_>, step: impl FnOnce(u64) -> (u64, R)) -> R {
        let name = self.name(rule, subject);
        let bucket = &self.buckets[self.place(name)];
        // Nothing under the lock can panic half-way, so a poisoned bucket is whole all the same.
        let mut slots = bucket.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.find_or_free(name);
        let (due, outcome) = step(slots.due[slot]);
        slots.due[slot] = due;
        outcome
    }

    /// 64 bits that stand for the subject: two of a million subjects share them once in 37 million starts.
    fn name(&self, rule: &Rule, subject: Subject<'_>) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.seed);
        hasher.write(&rule.id.to_le_bytes());
        subject.identify(|bytes| hasher.write(bytes));
        hasher.finish()
    }

    fn place(&self, name: u64) -> usize {
        (name % self.buckets.len() as u64) as usize
    }
}

impl Slots {
    /// The subject's slot, else the one with the earliest time, emptied for it.
    fn find_or_free(&mut self, name: u64) -> usize {
        if let Some(slot) = self.names.iter().position(|&known| known == name) {
            return slot;
        }
        let earliest =
            (1..SLOTS).fold(0, |best, slot| if self.due[slot] < self.due[best] { slot } else { best });
        self.names[earliest] = name;
        self.due[earliest] = 0;
        earliest
    }
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;
    use std::time::Instant;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::limit::tests::rule;

    const SECOND: u64 = 1_000_000_000;

    /// Admitted requests of 8 threads that together try `attempts` times.
    fn admitted_by_threads(attempts: u64, attempt: impl Fn() -> bool + Sync) -> u64 {
        let admitted = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..attempts / 8 {
                        admitted.fetch_add(u64::from(attempt()), Ordering::Relaxed);
                    }
                });
            }
        });
        admitted.into_inner()
    }

    #[test]
    fn threads_at_one_instant_are_let_through_as_often_as_the_burst_says() {
        let limiter = Limiter::new([7; 16]);
        let rule = rule("100/s", 12_345);
        let admitted = admitted_by_threads(200_000, || limiter.take(&rule, Subject::Route, SECOND).allowed);
        assert_eq!(admitted, 12_345);
    }

    #[test]
    fn threads_in_time_are_never_let_through_more_often_than_burst_and_rate_say() {
        let limiter = Limiter::new([7; 16]);
        let rule = rule("10000/s", 100);
        let epoch = Instant::now();
        let now = || u64::try_from(epoch.elapsed().as_nanos()).unwrap();
        let admitted = admitted_by_threads(200_000, || limiter.take(&rule, Subject::Route, now()).allowed);
        let most = 100 + now() / 100_000;
        assert!((100..=most).contains(&admitted), "{admitted} of at most {most}");
    }

    proptest! {
        #[test]
        fn a_live_subject_keeps_its_state_while_its_bucket_has_room(
            steps in vec((0u8..60, 0u64..SECOND / 4), 1..400),
        ) {
            let limiter = Limiter::with_buckets([3; 16], 4);
            let rule = rule("1/s", 3);
            let mut exact: HashMap<u8, u64> = HashMap::new();
            let mut now = 0;
            for (number, pause) in steps {
                now += pause;
                exact.retain(|_, due| *due > now);
                let key = |number: u8| ["key", &number.to_string()].concat();
                let place = |number: u8| limiter.place(limiter.name(&rule, Subject::Key(&key(number))));
                let others = exact.keys().filter(|&&other| other != number && place(other) == place(number));
                if others.count() >= SLOTS {
                    break; // somebody has to go
                }
                let (due, expected) = rule.gcra.take(exact.get(&number).copied().unwrap_or(0), now);
                exact.insert(number, due);
                prop_assert_eq!(limiter.take(&rule, Subject::Key(&key(number)), now), expected);
            }
        }
    }

    #[test]
    fn a_full_bucket_gives_up_the_subject_nearest_to_a_whole_allowance() {
        let limiter = Limiter::with_buckets([3; 16], 1);
        let rule = rule("1/s", 10);
        let take = |key: &str| limiter.take(&rule, Subject::Key(key), 0).remaining;
        let keys = ["a", "b", "c", "d", "e", "f", "g"];
        for (place, key) in keys.iter().enumerate() {
            for _ in 0..=place {
                take(key);
            }
        }
        assert_eq!(take("newcomer"), 9);
        assert_eq!(keys[2..].iter().map(|key| take(key)).collect::<Vec<_>>(), [6, 5, 4, 3, 2]);
        assert_eq!(take("b"), 7);
        assert_eq!(take("a"), 9, "it was the one to go");
    }

    #[test]
    fn a_million_subjects_take_no_memory_and_the_one_most_in_debt_stays_known() {
        let limiter = Limiter::new([3; 16]);
        let rule = rule("1/s", 5);
        let flooder = Subject::Key("flooder");
        while limiter.take(&rule, flooder, 0).allowed {}
        for number in 0..1_000_000u32 {
            limiter.take(&rule, Subject::Address(std::net::Ipv4Addr::from(number).into()), 0);
        }
        assert!(!limiter.take(&rule, flooder, 0).allowed);
        assert_eq!(size_of_val(&*limiter.buckets), 1 << 20);
    }

    #[test]
    fn another_seed_puts_subjects_elsewhere() {
        let places = |seed| {
            let limiter = Limiter::new([seed; 16]);
            let rule = rule("1/s", 1);
            ["a", "b", "c"].map(|key| limiter.place(limiter.name(&rule, Subject::Key(key))))
        };
        assert_ne!(places(1), places(2));
        assert_eq!(places(1), places(1));
    }
}
