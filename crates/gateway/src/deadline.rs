//! Coarse deadlines of a core: so cheap that every request can have some.
//!
//! A timer of the runtime costs a lock and a walk of its wheel for each request, though hardly any ever fires. Here a
//! deadline is a place in a list that is looked through ten times a second; it fires up to two ticks late.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::body::Flow;

/// How often deadlines are looked at.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// The deadlines of a core, and its coarse clock.
#[derive(Debug)]
pub(crate) struct Deadlines {
    started: Instant,
    /// Milliseconds since `started`, as of the last tick.
    now: AtomicU64,
    waiting: Mutex<Slab<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    until: u64,
    /// Gone once the deadline has fired.
    waker: Option<Waker>,
}

/// What was waited for did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimedOut;

impl Deadlines {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), now: AtomicU64::new(0), waiting: Mutex::default() }
    }

    /// Milliseconds since this core began, at most a tick old.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// When something that may take so long is over its time.
    pub(crate) fn after(&self, limit: Duration) -> u64 {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        // What is left of the present tick is given away, so that no deadline is early.
        self.now().saturating_add(limit).saturating_add(TICK.as_millis() as u64)
    }

    /// Moves the clock on and wakes whoever is over its time.
    pub(crate) fn tick(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.now.store(now, Ordering::Relaxed);
        for (_, waiting) in self.lock().iter_mut() {
            if waiting.until <= now
                && let Some(waker) = waiting.waker.take()
            {
                waker.wake();
            }
        }
    }

    /// Waits for a future, but no longer than the limit.
    pub(crate) async fn within<F: Future>(&self, limit: Duration, future: F) -> Result<F::Output, TimedOut> {
        let mut future = pin!(future);
        let mut place = Place { deadlines: self, key: None };
        std::future::poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            match self.is_over(&mut place.key, limit, cx.waker()) {
                true => Poll::Ready(Err(TimedOut)),
                false => Poll::Pending,
            }
        })
        .await
    }

    /// The same for sending a body, which may take long as long as it moves: something must pass within each limit. While
    /// it is the caller that is waited for, no time passes: a body has a patience of its own with that.
    pub(crate) async fn while_moving<F: Future>(
        &self,
        limit: Duration,
        flow: &Flow,
        future: F,
    ) -> Result<F::Output, TimedOut> {
        let mut future = pin!(future);
        let (mut seen, mut since) = (flow.passed(), self.now());
        loop {
            let quiet = self.since(since);
            // Looked at after each step, because the limit counts from the last move, not from when it is noticed.
            let watched = std::future::poll_fn(|cx| {
                let polled = future.as_mut().poll(cx);
                self.note(flow, &mut seen, &mut since);
                polled
            });
            if let Ok(output) = self.within(limit.saturating_sub(quiet), watched).await {
                return Ok(output);
            }
            // Another task may have moved it meanwhile.
            self.note(flow, &mut seen, &mut since);
            if self.since(since) >= limit + TICK {
                return Err(TimedOut);
            }
        }
    }

    /// The same for what is polled by hand: a place that is kept from the first time nothing came until something
    /// does. Whether its time is over.
    pub(crate) fn is_over(&self, place: &mut Option<usize>, limit: Duration, waker: &Waker) -> bool {
        match *place {
            None => {
                let waiting = Waiting { until: self.after(limit), waker: Some(waker.clone()) };
                *place = Some(self.lock().insert(waiting));
                false
            }
            Some(key) => self.has_fired(key, waker),
        }
    }

    /// Gives such a place back.
    pub(crate) fn forget(&self, place: &mut Option<usize>) {
        if let Some(key) = place.take() {
            self.lock().try_remove(key);
        }
    }

    fn since(&self, moment: u64) -> Duration {
        Duration::from_millis(self.now().saturating_sub(moment))
    }

    /// Notes when something passed last, or the caller was waited for.
    fn note(&self, flow: &Flow, seen: &mut u64, since: &mut u64) {
        let passed = flow.passed();
        if passed != *seen || flow.awaits_caller() {
            (*seen, *since) = (passed, self.now());
        }
    }

    /// Whether a place's time is over; if not, `waker` is whom to wake then.
    fn has_fired(&self, key: usize, waker: &Waker) -> bool {
        let mut waiting = self.lock();
        let Some(waiting) = waiting.get_mut(key) else { return true };
        match &mut waiting.waker {
            None => true,
            Some(held) => {
                held.clone_from(waker);
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slab<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the list; given back on drop.
struct Place<'a> {
    deadlines: &'a Deadlines,
    key: Option<usize>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.deadlines.forget(&mut self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Deadlines whose clock ticks.
    fn ticking() -> Arc<Deadlines> {
        let deadlines = Arc::new(Deadlines::new());
        let ticking = Arc::clone(&deadlines);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK / 10).await;
                ticking.tick();
            }
        });
        deadlines
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up_and_what_is_in_time_is_not() {
        let deadlines = ticking();
        let limit = Duration::from_millis(50);
        let began = Instant::now();
        assert_eq!(deadlines.within(limit, std::future::pending::<()>()).await, Err(TimedOut));
        assert!(began.elapsed() >= limit);
        let soon = async {
            tokio::task::yield_now().await;
            7
        };
        assert_eq!(deadlines.within(limit, soon).await, Ok(7));
        assert!(deadlines.lock().is_empty(), "no place is kept");
    }

    #[tokio::test]
    async fn what_moves_may_take_long_and_what_stops_may_not() {
        let deadlines = ticking();
        let flow = Arc::<Flow>::default();
        let moving = Arc::clone(&flow);
        let long = async move {
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                moving.pass(1);
            }
            std::future::pending::<()>().await;
        };
        let ended = deadlines.while_moving(Duration::from_millis(200), &flow, long).await;
        assert_eq!((ended, flow.passed()), (Err(TimedOut), 20));
    }

    #[tokio::test]
    async fn no_time_passes_while_the_caller_is_waited_for() {
        let deadlines = ticking();
        let flow = Flow::default();
        flow.await_caller(true);
        let slow = async {
            tokio::time::sleep(Duration::from_millis(800)).await;
            flow.await_caller(false);
            7
        };
        assert_eq!(deadlines.while_moving(Duration::from_millis(200), &flow, slow).await, Ok(7));
    }

    #[tokio::test]
    async fn the_limit_counts_from_the_last_move_and_not_from_when_it_was_looked_for() {
        let deadlines = ticking();
        let flow = Flow::default();
        let limit = Duration::from_millis(500);
        let stops_at_once = async {
            flow.pass(1);
            std::future::pending::<()>().await;
        };
        let began = Instant::now();
        assert_eq!(deadlines.while_moving(limit, &flow, stops_at_once).await, Err(TimedOut));
        let took = began.elapsed();
        assert!(limit <= took && took < limit * 2, "{took:?}");
    }
}
