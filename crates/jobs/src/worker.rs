//! The loop that finds due jobs, runs so many at once, and stops when asked.

mod perform;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use comporta_db::Db;
use comporta_kernel::{Rng, Timestamp};
use jiff::SignedDuration;
use tokio::task::JoinSet;

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
    names: Vec<String>,
    schedule: Schedule,
    options: WorkerOptions,
    purged: Option<Timestamp>,
    /// Whether the database failed at the last look: an outage is told once.
    is_cut_off: bool,
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
        let names = registry.names().map(str::to_owned).collect();
        let store = Store::new(db);
        let performer = Performer { store, queue, registry, rng, lease: options.lease };
        let performer = Arc::new(performer);
        Self { performer, names, schedule, options, purged: None, is_cut_off: false }
    }

    /// Works until `shutdown` ends, then lets the jobs that run come to their end. Dropped instead, it leaves
    /// them to whoever finds their leases ended.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let mut running = JoinSet::new();
        let mut pause = SOON;
        tokio::pin!(shutdown);
        loop {
            while running.try_join_next().is_some() {}
            let free = self.options.concurrency.max(1).saturating_sub(running.len());
            let claimed = self.look(free).await;
            let may_have_left_some = claimed.len() == free;
            for job in claimed {
                running.spawn(Arc::clone(&self.performer).perform(job));
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
    async fn look(&mut self, free: usize) -> Vec<Claimed> {
        match self.try_to_look(free).await {
            Ok(claimed) => {
                self.is_cut_off = false;
                claimed
            }
            Err(error) => {
                if !self.is_cut_off {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "jobs wait: the database fails"
                    );
                }
                self.is_cut_off = true;
                Vec::new()
            }
        }
    }

    async fn try_to_look(&mut self, free: usize) -> Result<Vec<Claimed>, comporta_db::Error> {
        let Performer { store, queue, .. } = &*self.performer;
        self.schedule.fire(store.db(), queue).await?;
        let now = queue.clock().now();
        if self.purged.is_none_or(|last| now.duration_since(last) >= PURGE_EVERY) {
            let is_all = store.purge(now - KEPT, PURGE_AT_ONCE).await? < PURGE_AT_ONCE.unsigned_abs();
            self.purged = is_all.then_some(now);
        }
        if free == 0 {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let leased_until = now + self.options.lease;
        store.claim(&Claim { names: &self.names, now, leased_until, limit }).await
    }
}
