//! One company's quota in this process: its lease, who waits for it, and the sums that the database knows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use comporta_kernel::CompanyId;
use tokio::sync::Notify;

use super::lease::Lease;
use crate::Quota;

/// Units are wanted for so long ahead.
const AHEAD: f64 = 1.0;
/// A need is measured over so long at least: a burst of a millisecond is no rate.
const SHORTEST: Duration = Duration::from_millis(100);
/// Units of one lease at most.
const MOST: u64 = 1_000_000;
/// How long the sums of a period are remembered after its end.
const KEPT: Duration = Duration::from_secs(3600);

/// A company that has a quota and has called here.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) company: CompanyId,
    pub(super) lease: ArcSwapOption<Lease>,
    /// The quota was used up when it was last asked for: until then nobody need ask again.
    pub(super) spent: ArcSwapOption<Spent>,
    /// It stands in the queue of those who ask.
    pub(super) queued: AtomicBool,
    /// Requests that wait for units.
    pub(super) waiting: AtomicU32,
    /// Called when there was an answer, or none will come.
    pub(super) told: Notify,
    /// Locked by whoever asks the database, never by a request.
    pub(super) books: Mutex<Books>,
    /// The quota to ask for: what the plan said at the last request.
    pub(super) wanted: Mutex<Option<Quota>>,
}

/// A quota that was used up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub(super) quota: Quota,
    /// When the period is over, in nanoseconds of this process.
    pub(super) ends: u64,
    /// When it may be worth asking again, for others may have returned some.
    pub(super) again: u64,
}

/// What this process and the database have told each other, by period.
#[derive(Debug, Default)]
pub(super) struct Books {
    pages: Vec<Page>,
    /// How many units a second's need is.
    size: u64,
    /// Units spent at the last grant, and when that was.
    measured: (u64, u64),
    /// Units spent when that last changed, and when that was seen.
    moved: (u64, u64),
}

/// The sums of one period: they only rise.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) name: Box<str>,
    pub(super) ends: u64,
    pub(super) granted: u64,
    pub(super) returned: u64,
    /// How much of that the database has acknowledged.
    pub(super) told: u64,
    /// An ask was sent whose answer has not come: what it granted, if anything, is not known.
    pub(super) is_open: bool,
}

impl Account {
    pub(super) fn new(company: CompanyId) -> Self {
        Self {
            company,
            lease: ArcSwapOption::empty(),
            spent: ArcSwapOption::empty(),
            queued: AtomicBool::new(false),
            waiting: AtomicU32::new(0),
            told: Notify::new(),
            books: Mutex::default(),
            wanted: Mutex::new(None),
        }
    }

    /// Whether the database has nothing more for this quota, as far as is known.
    pub(super) fn is_spent(&self, quota: Quota, now: u64) -> Option<Spent> {
        let spent = self.spent.load();
        spent.as_deref().copied().filter(|spent| spent.quota == quota && now < spent.ends)
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Relaxed).into()
    }
}

impl Books {
    /// The page of a period, begun if there is none.
    pub(super) fn page(&mut self, name: &str, ends: u64, now: u64) -> &mut Page {
        let place = match self.pages.iter().position(|page| *page.name == *name) {
            Some(place) => place,
            None => {
                self.pages.push(Page {
                    name: name.into(),
                    ends,
                    granted: 0,
                    returned: 0,
                    told: 0,
                    is_open: false,
                });
                (self.measured, self.moved) = ((0, now), (0, now));
                self.pages.len() - 1
            }
        };
        &mut self.pages[place]
    }

    /// How many units to hold: about a second's need, as it was since the last grant, or half as many as before.
    pub(super) fn size(&mut self, spent: u64, now: u64) -> u64 {
        let (before, since) = self.measured;
        let elapsed = Duration::from_nanos(now.saturating_sub(since)).max(SHORTEST);
        let need = spent.saturating_sub(before) as f64 / elapsed.as_secs_f64() * AHEAD;
        self.size = (need.ceil() as u64).max(self.size / 2).clamp(1, MOST);
        self.measured = (spent, now);
        self.size
    }

    /// Whether nothing was spent for so long.
    pub(super) fn is_idle(&mut self, spent: u64, now: u64, idle: Duration) -> bool {
        if self.moved.0 != spent {
            self.moved = (spent, now);
        }
        Duration::from_nanos(now.saturating_sub(self.moved.1)) >= idle
    }

    /// The pages that still count and of which this process and the database do not know the same.
    pub(super) fn owing(&self, now: u64) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(move |page| page.owes() && now < page.ends)
    }

    /// Asks about every page once more.
    pub(super) fn open(&mut self) {
        self.pages.iter_mut().for_each(|page| page.is_open = true);
    }

    /// Tears out pages long over: not before, for the database's clock may be set back, and a page is the only memory
    /// of what was spent. Gives whether any is left.
    pub(super) fn tear_out(&mut self, now: u64) -> bool {
        let kept = u64::try_from(KEPT.as_nanos()).unwrap_or(u64::MAX);
        self.pages.retain(|page| now < page.ends.saturating_add(kept));
        !self.pages.is_empty()
    }
}

impl Page {
    const fn owes(&self) -> bool {
        self.returned > self.told || self.is_open
    }

    /// Units that were spent, if so many are left to spend.
    pub(super) const fn spent(&self, left: u64) -> u64 {
        self.granted.saturating_sub(self.returned).saturating_sub(left)
    }
}
