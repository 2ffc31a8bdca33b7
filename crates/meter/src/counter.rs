//! A core's own counter: nobody else touches it, and it waits for nobody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::call::Call;
use crate::outlet::Sealed;
use crate::segment::Segment;
use crate::stock::{Shelf, Stock};

/// Counts the calls of one core.
///
/// A call is counted in two steps, so that none is served that there is no place for: [`Counter::promise`] before it is
/// served, then [`Counter::count`], or [`Counter::release`] if it was nobody's.
#[derive(Debug)]
pub struct Counter {
    /// Gone once the counter is closed.
    current: Option<Segment>,
    /// When the current segment was first seen to hold something.
    since: Option<Instant>,
    /// Calls that were promised a place and have not been counted yet.
    promised: usize,
    /// The present minute since 1970.
    minute: u32,
    stock: Stock,
    shelf: Arc<Shelf>,
    outbox: mpsc::Sender<Sealed>,
    hand_over_every: Duration,
    refused: metrics::Counter,
}

impl Counter {
    pub(crate) fn new(
        current: Segment,
        shelf: Arc<Shelf>,
        stock: Stock,
        outbox: mpsc::Sender<Sealed>,
        hand_over_every: Duration,
    ) -> Self {
        let refused = metrics::counter!("comporta_meter_refused_total");
        metrics::counter!("comporta_meter_uncounted_total").increment(0);
        let current = Some(current);
        Self { current, since: None, promised: 0, minute: 0, stock, shelf, outbox, hand_over_every, refused }
    }

    /// Promises a call a place to be counted at. False if there is none: what cannot be counted is not to be served.
    #[must_use]
    pub fn promise(&mut self) -> bool {
        let fits = match &self.current {
            // Each may be unlike all others, and take a place of its own.
            Some(current) if current.taken() + self.promised < current.room() => true,
            Some(current) => current.taken() + self.promised < current.room() * (1 + self.shelf.len()),
            None => false,
        };
        match fits {
            true => self.promised += 1,
            false => self.refused.increment(1),
        }
        fits
    }

    /// Takes a promise back: there is nothing to count.
    pub fn release(&mut self) {
        self.promised = self.promised.saturating_sub(1);
    }

    /// Counts a call that was promised a place. When this returns, it stays counted though the process be killed.
    pub fn count(&mut self, call: &Call) {
        let minute = self.minute;
        // One that is full has a successor: the promise saw to that.
        let counted = self.current.as_mut().is_some_and(|current| current.count(call, minute))
            || (self.hand_over(Instant::now())
                && self.current.as_mut().is_some_and(|current| current.count(call, minute)));
        self.release();
        if !counted {
            metrics::counter!("comporta_meter_uncounted_total").increment(1);
        }
    }

    /// To be called about ten times a second, with the minute since 1970.
    pub fn tick(&mut self, now: Instant, minute: u32) {
        self.minute = minute;
        let Some(current) = self.current.as_ref().filter(|current| current.taken() > 0) else { return };
        let room = current.room();
        let is_old = now.duration_since(*self.since.get_or_insert(now)) >= self.hand_over_every;
        // While nobody empties segments this one is filled: it holds more when minutes and routes repeat.
        if is_old && self.stock.keeps_up() && self.promised < room * self.shelf.len() {
            self.hand_over(now);
        }
    }

    /// Hands over what was counted, and counts no more.
    pub fn close(&mut self) {
        if let Some(last) = self.current.take().filter(|last| last.taken() > 0) {
            self.send(last, Instant::now());
        }
    }

    fn hand_over(&mut self, now: Instant) -> bool {
        let Some(fresh) = self.shelf.take() else { return false };
        self.since = None;
        if let Some(full) = self.current.replace(fresh) {
            self.send(full, now);
        }
        true
    }

    fn send(&self, segment: Segment, now: Instant) {
        self.stock.handed_over();
        // There is room for every segment there can be. If nobody is there any more, the file is: the next process
        // finds it.
        let _ = self.outbox.try_send(Sealed::new(segment, now));
    }
}
