//! Where segments come out that are old or full: their owner writes them down elsewhere, and gives them back.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use comporta_kernel::{Timestamp, Uuid};
use tokio::sync::mpsc;

use crate::call::Tally;
use crate::layout::{Place, Torn};
use crate::route_names::RouteNames;
use crate::segment::Segment;
use crate::stock::{Stock, lock};

/// A segment into which nobody counts any more.
#[derive(Debug)]
pub struct Sealed {
    segment: Segment,
    since: Instant,
}

/// The other end of a process's counters.
#[derive(Debug)]
pub struct Outlet {
    inbox: mpsc::Receiver<Sealed>,
    stock: Stock,
    names: Arc<Mutex<RouteNames>>,
}

impl Sealed {
    pub(crate) const fn new(segment: Segment, since: Instant) -> Self {
        Self { segment, since }
    }

    /// Which of its process's segments it is: never the same twice.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.segment.sequence()
    }

    /// How long ago it was handed over.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Outlet {
    pub(crate) const fn new(
        inbox: mpsc::Receiver<Sealed>,
        stock: Stock,
        names: Arc<Mutex<RouteNames>>,
    ) -> Self {
        Self { inbox, stock, names }
    }

    /// The next segment, once there is one; `None` when no counter is left.
    pub async fn next(&mut self) -> Option<Sealed> {
        self.inbox.recv().await
    }

    /// The next segment, if there is one now.
    pub fn next_now(&mut self) -> Option<Sealed> {
        self.inbox.try_recv().ok()
    }

    /// What was counted in a segment.
    ///
    /// # Errors
    /// When the file was tampered with.
    pub fn read(&self, sealed: &Sealed) -> Result<Vec<Tally>, Torn> {
        tallies(sealed.segment.read()?, lock(&self.names).names())
    }

    /// Gives a segment back whose calls are elsewhere for good.
    ///
    /// # Errors
    /// When its file is not needed and cannot be deleted.
    pub fn give_back(&self, sealed: Sealed) -> io::Result<()> {
        self.stock.give_back(sealed.segment)
    }

    /// Puts a segment that cannot be read where nobody looks for segments: where it is now.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_aside(&self, sealed: &Sealed) -> io::Result<PathBuf> {
        self.stock.set_aside(&sealed.segment)
    }

    /// The segments of this process.
    #[must_use]
    pub const fn stock(&self) -> &Stock {
        &self.stock
    }

    /// The process, as its segments name it.
    #[must_use]
    pub fn instance(&self) -> Uuid {
        self.stock.instance().id
    }

    /// Deletes the process's folder: to be called when every counter is closed and every segment was given back.
    ///
    /// # Errors
    /// When the disk refuses; what is left holds nothing that the next process would count.
    pub fn end(self) -> io::Result<()> {
        self.stock.instance().remove()
    }
}

/// Places with the names of their routes.
pub(crate) fn tallies(places: Vec<Place>, names: &[Arc<str>]) -> Result<Vec<Tally>, Torn> {
    let tally = |place: Place| {
        let route = names.get(place.route as usize).ok_or(Torn::Route(place.route))?;
        let minute = Timestamp::from_second(i64::from(place.minute) * 60);
        Ok(Tally {
            company: place.company,
            route: Arc::clone(route),
            // Every minute of 32 bits is one of the years there are.
            minute: minute.unwrap_or(Timestamp::MAX),
            class: place.class,
            live: place.live,
            requests: place.requests,
            bytes_in: place.bytes_in,
            bytes_out: place.bytes_out,
        })
    };
    places.into_iter().map(tally).collect()
}
