//! A core's counter of what companies are served, and what a record tells it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use comporta_kernel::Clock;
use comporta_meter::{Call, Class, Counter};

use crate::record::Record;

/// The status of what a limit or a quota refuses.
const TOO_MANY_REQUESTS: u16 = 429;

/// A core's counter, if calls are counted. Only the core's own thread locks it while the core lives.
pub(crate) struct Metered(Option<Mutex<Counter>>);

impl Metered {
    pub(crate) fn new(counter: Option<Counter>, clock: &Clock) -> Self {
        let metered = Self(counter.map(Mutex::new));
        metered.tick(clock);
        metered
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Promises a call a place to be counted at.
    pub(crate) fn promise(&self) -> bool {
        self.counter().is_some_and(|mut counter| counter.promise())
    }

    /// Counts a call for which a place was promised, if it was somebody's.
    pub(crate) fn tell(&self, record: &Record) {
        if !record.metered {
            return;
        }
        let Some(mut counter) = self.counter() else { return };
        let (Some(principal), Some(route)) = (&record.principal, &record.route) else {
            return counter.release();
        };
        // An upstream's own 429 is its answer like any other; ours has a problem's name.
        let class = match record.status {
            TOO_MANY_REQUESTS if record.problem.is_some() => Class::LIMITED,
            status => Class::of_status(status),
        };
        counter.count(&Call {
            company: principal.company_id,
            route: route.meter(),
            class,
            live: principal.live,
            bytes_in: record.bytes_in(),
            bytes_out: record.bytes_out,
        });
    }

    /// Ten times a second.
    pub(crate) fn tick(&self, clock: &Clock) {
        let Some(mut counter) = self.counter() else { return };
        let minute = clock.now().as_second().div_euclid(60);
        counter.tick(Instant::now(), u32::try_from(minute).unwrap_or_default());
    }

    /// Hands over what was counted; nothing is counted any more.
    pub(crate) fn close(&self) {
        if let Some(mut counter) = self.counter() {
            counter.close();
        }
    }

    fn counter(&self) -> Option<MutexGuard<'_, Counter>> {
        self.0.as_ref().map(|counter| counter.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Metered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metered").field("is_on", &self.is_on()).finish_non_exhaustive()
    }
}
