//! Calls that were served: how many, of whom, and when. What meters count comes in here, and only once.

use std::sync::Arc;

use comporta_db::Db;
use comporta_kernel::{BusinessDate, Clock, CompanyId, Timestamp, Zone};
use jiff::SignedDuration;

use crate::Error;
use crate::model::{CountedSegment, UsageGroup, UsageQuery, UsageRange, UsageRow};
use crate::store::usage::{self, UsageStore};

/// Rows of one answer at most. Only companies can be more.
pub(crate) const MOST_ROWS: u32 = 100_000;
/// Rows deleted in one transaction: a short turn of SQLite's writer.
const FORGOTTEN_AT_ONCE: u32 = 2_000;
/// For how many days a segment is remembered to have been counted.
const REMEMBERED: i64 = 30;
/// Up to how many days old calls a segment that is found may hold. Newer ones were noted within this time, if they were
/// counted, so their note is still there, with a day for clocks that differ.
pub(super) const TAKEN: i64 = REMEMBERED - 1;

/// The calls of every company. Cheap to clone.
#[derive(Clone)]
pub struct Usage {
    store: Arc<dyn UsageStore>,
    clock: Clock,
    zone: Zone,
}

impl Usage {
    /// The service on a database; days are those of a zone.
    #[must_use]
    pub fn new(db: &Db, clock: Clock, zone: Zone) -> Self {
        Self { store: usage::of(db), clock, zone }
    }

    /// The calls of a range, of one company or of all, in the order of what they have in common. One row more than an
    /// answer may have says that there are too many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usage(
        &self,
        company: Option<CompanyId>,
        range: UsageRange,
        group: UsageGroup,
    ) -> Result<Vec<UsageRow>, Error> {
        self.store.usage(&UsageQuery { company, range, group, limit: MOST_ROWS + 1 }).await
    }

    /// Today, by the zone.
    #[must_use]
    pub fn today(&self) -> BusinessDate {
        self.day_of(self.clock.now())
    }

    /// Deletes rows of minutes older than `keep`, and what is remembered of segments that no meter can offer again.
    ///
    /// # Errors
    /// When the database fails; what was deleted stays so.
    pub async fn forget_old(&self, keep: SignedDuration) -> Result<u64, Error> {
        let now = self.clock.now();
        let (minutes, flushes) =
            (before(now, keep), before(now, SignedDuration::from_hours(24 * REMEMBERED)));
        let mut forgotten = 0;
        loop {
            let minutes = self.store.forget_minutes(minutes, FORGOTTEN_AT_ONCE).await?;
            let flushes = self.store.forget_flushes(flushes, FORGOTTEN_AT_ONCE).await?;
            forgotten += minutes + flushes;
            if minutes.max(flushes) < u64::from(FORGOTTEN_AT_ONCE) {
                return Ok(forgotten);
            }
        }
    }

    pub(super) async fn add(&self, segments: &[CountedSegment]) -> Result<i64, Error> {
        self.store.add(segments, self.clock.now()).await
    }

    /// Whether calls are too old for their segment to be remembered surely, if it was counted.
    pub(super) fn is_too_old(&self, newest: Timestamp) -> bool {
        newest < before(self.clock.now(), SignedDuration::from_hours(24 * TAKEN))
    }

    pub(super) fn day_of(&self, instant: Timestamp) -> BusinessDate {
        self.zone.date_of(instant).unwrap_or(BusinessDate::MIN)
    }
}

fn before(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_sub(span).unwrap_or(Timestamp::MIN)
}

impl std::fmt::Debug for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Usage").field("zone", &self.zone).finish_non_exhaustive()
    }
}
