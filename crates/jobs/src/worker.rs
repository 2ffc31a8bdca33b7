//! The loop that finds due jobs, runs so many at once, and stops when asked.

mod perform;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use comporta_db::Db;
use comporta_kernel::{Causes, Rng, Timestamp};
use jiff::SignedDuration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use crate::registry::Group;
use crate::store::{Claim, Claimed, Store};
use crate::{Queue, Registry, Schedule};
use perform::Performer;

/// How soon the table is looked at again after an enqueue, whose transaction may commit a moment later.
const SOON: Duration = Duration::from_millis(5);
/// A job that was done is kept for so long, for whoever asks what happened, and to refuse its unique key.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
const PURGE_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Small, because SQLite's turns are short.
const PURGE_AT_ONCE: i64 = 1_000;

/// How a worker works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerOptions {
    /// Jobs that run at once.
    pub concurrency: usize,
    /// How long a job of a process that died stays with it. While a job runs, its lease is renewed.
    pub lease: Duration,
    /// How often the table is looked at when nothing happens here.
    pub poll: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self { concurrency: 8, lease: Duration::from_secs(60), poll: Duration::from_secs(1) }
    }
}

/// Runs the jobs of one database, and enqueues those of a schedule. Any number may work on one database, in one
/// process or in many.
#[derive(Debug)]
pub struct Worker {
    performer: Arc<Performer>,
    groups: Vec<Group>,
    schedule: Schedule,
    options: WorkerOptions,
    purged: Option<Timestamp>,
    /// Whether the database failed at the last look: an outage is told once.
    is_cut_off: bool,
}

/// What a look at the table gave.
#[derive(Default)]
struct Look {
    /// Jobs, with their places among their kind.
    claimed: Vec<(Claimed, Option<OwnedSemaphorePermit>)>,
    /// Whether more may be due, for which there is no room now.
    may_have_left_some: bool,
}

impl Worker {
    /// A worker for the kinds of job in `registry`; others it leaves to newer versions.
    #[must_use]
    pub fn new(
        db: Db,
        queue: Queue,
        registry: Registry,
        schedule: Schedule,
        rng: Rng,
        options: WorkerOptions,
    ) -> Self {
        let groups = registry.groups();
        let store = Store::new(db);
        let performer = Performer { store, queue, registry, rng, lease: options.lease };
        let performer = Arc::new(performer);
        Self { performer, groups, schedule, options, purged: None, is_cut_off: false }
    }

    /// Works until `shutdown` ends, then lets the jobs that run come to their end. Dropped instead, it leaves
    /// them to whoever finds their leases ended.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        for name in self.groups.iter().flat_map(|group| &group.names) {
            perform::begin_counts(name);
        }
        let mut running = JoinSet::new();
        let mut pause = SOON;
        tokio::pin!(shutdown);
        loop {
            while running.try_join_next().is_some() {}
            let free = self.options.concurrency.max(1).saturating_sub(running.len());
            let Look { claimed, may_have_left_some } = self.look(free).await;
            for (job, place) in claimed {
                let performing = Arc::clone(&self.performer).perform(job);
                running.spawn(async move {
                    performing.await;
                    drop(place);
                });
            }
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = running.join_next(), if may_have_left_some => {}
                () = self.performer.queue.enqueued() => {
                    // Not at once, lest each of a thousand jobs enqueued in one transaction costs a look.
                    tokio::time::sleep(SOON).await;
                    pause = SOON;
                }
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(self.options.poll),
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Sees to the schedule and takes so many due jobs; none while the database fails.
    async fn look(&mut self, free: usize) -> Look {
        match self.try_to_look(free).await {
            Ok(look) => {
                self.is_cut_off = false;
                look
            }
            Err(error) => {
                if !self.is_cut_off {
                    tracing::error!(
                        error = %Causes(&error),
                        "jobs wait: the database fails"
                    );
                }
                self.is_cut_off = true;
                Look::default()
            }
        }
    }

    async fn try_to_look(&mut self, free: usize) -> Result<Look, comporta_db::Error> {
        let Performer { store, queue, .. } = &*self.performer;
        self.schedule.fire(store.db(), queue).await?;
        let now = queue.clock().now();
        if self.purged.is_none_or(|last| now.duration_since(last) >= PURGE_EVERY) {
            let is_all = store.purge(now - KEPT, PURGE_AT_ONCE).await? < PURGE_AT_ONCE.unsigned_abs();
            self.purged = is_all.then_some(now);
        }
        self.claim(free).await
    }

    /// Takes so many due jobs, of each kind no more than it has places. A failure after the first claim must not lose
    /// that: what was claimed then is run, and the failure is met again at the next look.
    async fn claim(&self, free: usize) -> Result<Look, comporta_db::Error> {
        let Performer { store, queue, .. } = &*self.performer;
        let mut look = Look::default();
        for Group { names, room } in &self.groups {
            let places = room.as_ref().map_or(usize::MAX, |room| room.available_permits());
            let limit = places.min(free - look.claimed.len());
            if limit == 0 {
                look.may_have_left_some = true;
                continue;
            }
            let now = queue.clock().now();
            let leased_until = now + self.options.lease;
            let claim = Claim { names, now, leased_until, limit: i64::try_from(limit).unwrap_or(i64::MAX) };
            let claimed = match store.claim(&claim).await {
                Ok(claimed) => claimed,
                Err(error) if look.claimed.is_empty() => return Err(error),
                Err(_) => break,
            };
            look.may_have_left_some |= claimed.len() == limit;
            // Nobody else takes places, so there is one for each.
            let place = || room.as_ref().and_then(|room| Arc::clone(room).try_acquire_owned().ok());
            look.claimed.extend(claimed.into_iter().map(|job| (job, place())));
        }
        Ok(look)
    }
}
