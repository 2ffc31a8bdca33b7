//! Empty segments, made ahead and used again: a core never waits for a file.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::instance::Instance;
use crate::segment::Segment;

/// Empty segments that lie ready for each core, while the disk's share lasts.
const READY: usize = 2;

/// The segments of a process. Clones share one stock.
#[derive(Clone, Debug)]
pub struct Stock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    instance: Instance,
    places: usize,
    /// Files there may be in all.
    most: usize,
    held: Mutex<Held>,
    /// Segments handed over and not given back yet.
    waiting: AtomicUsize,
    cores: AtomicUsize,
}

#[derive(Debug)]
struct Held {
    next: u64,
    files: usize,
    shelves: Vec<Arc<Shelf>>,
}

/// A core's empty segments. The core takes, others put: the lock is held for a moment only.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Vec<Segment>>);

impl Shelf {
    pub(crate) fn take(&self) -> Option<Segment> {
        lock(&self.0).pop()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }

    fn put(&self, segment: Segment) {
        lock(&self.0).push(segment);
    }
}

impl Stock {
    pub(crate) fn new(instance: Instance, places: usize, most: usize) -> Self {
        let held = Mutex::new(Held { next: 1, files: 0, shelves: Vec::new() });
        let (waiting, cores) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Inner { instance, places, most, held, waiting, cores }))
    }

    /// A segment and a shelf with another one, for one more core. Waits for the disk.
    pub(crate) fn open_shelf(&self) -> io::Result<(Segment, Arc<Shelf>)> {
        let mut held = lock(&self.0.held);
        let (first, spare) = (self.create(&mut held)?, self.create(&mut held)?);
        let shelf = Arc::new(Shelf(Mutex::new(vec![spare])));
        held.shelves.push(Arc::clone(&shelf));
        self.0.cores.fetch_add(1, Ordering::Relaxed);
        Ok((first, shelf))
    }

    /// Whether a shelf should be filled and can be.
    #[must_use]
    pub fn is_low(&self) -> bool {
        let held = lock(&self.0.held);
        held.files < self.0.most && held.shelves.iter().any(|shelf| shelf.len() < READY)
    }

    /// Fills the shelves as far as the disk's share goes, the emptiest first. Waits for the disk.
    ///
    /// # Errors
    /// When the disk takes no more.
    pub fn replenish(&self) -> io::Result<()> {
        let mut held = lock(&self.0.held);
        while held.files < self.0.most
            && let Some(shelf) = emptiest(&held.shelves)
        {
            shelf.put(self.create(&mut held)?);
        }
        Ok(())
    }

    /// Segments that were handed over and not given back yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// Whether whoever empties segments keeps up: each core may have one under way.
    pub(crate) fn keeps_up(&self) -> bool {
        self.waiting() < self.0.cores.load(Ordering::Relaxed)
    }

    pub(crate) fn handed_over(&self) {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes back a segment whose calls are elsewhere for good.
    pub(crate) fn give_back(&self, mut segment: Segment) -> io::Result<()> {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        let mut held = lock(&self.0.held);
        if let Some(shelf) = emptiest(&held.shelves) {
            segment.renew(held.next);
            held.next += 1;
            shelf.put(segment);
            return Ok(());
        }
        held.files -= 1;
        drop(held);
        segment.remove()
    }

    /// Puts a segment that cannot be read where somebody may look at it.
    pub(crate) fn set_aside(&self, segment: &Segment) -> io::Result<std::path::PathBuf> {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        lock(&self.0.held).files -= 1;
        self.0.instance.set_aside(segment.path())
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.0.instance
    }

    fn create(&self, held: &mut Held) -> io::Result<Segment> {
        let (sequence, instance) = (held.next, &self.0.instance);
        let path = instance.folder.join(format!("segment-{sequence:06}"));
        let segment = Segment::create(&path, self.0.places, instance.id, sequence)?;
        held.next += 1;
        held.files += 1;
        Ok(segment)
    }
}

/// The emptiest shelf, if it has room.
fn emptiest(shelves: &[Arc<Shelf>]) -> Option<Arc<Shelf>> {
    let emptiest = shelves.iter().map(|shelf| (shelf.len(), shelf)).min_by_key(|(length, _)| *length);
    emptiest.filter(|(length, _)| *length < READY).map(|(_, shelf)| Arc::clone(shelf))
}

/// What a panicking holder left is whole: each change is one store.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
