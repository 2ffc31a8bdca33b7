//! One attempt at one job: run under a lease that is kept up, then written down.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use comporta_kernel::{Causes, Rng};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use crate::registry::Handler;
use crate::store::{Claimed, Outcome, Store};
use crate::{JobError, Queue, Registry, backoff};

/// What it takes to run a job.
#[derive(Debug)]
pub(crate) struct Performer {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) registry: Registry,
    pub(crate) rng: Rng,
    pub(crate) lease: Duration,
}

impl Performer {
    pub(crate) async fn perform(self: Arc<Self>, job: Claimed) {
        let span = tracing::info_span!("job", name = job.name, id = %job.id, attempt = job.attempt);
        async {
            // A worker claims only what its registry names.
            let Some(handler) = self.registry.handler(&job.name) else { return };
            let began = tokio::time::Instant::now();
            let Some(result) = self.run_under_lease(handler, &job).await else { return };
            metrics::histogram!("comporta_job_seconds", "name" => job.name.clone()).record(began.elapsed());
            let outcome = self.judge(result, handler, &job);
            match self.store.settle(&job, &outcome).await {
                Ok(true) => tell(&job, &outcome),
                Ok(false) => tell_lost_lease(),
                Err(error) => {
                    tracing::error!(error = %Causes(&error), "a job's end could not be written down: it will run again");
                }
            }
        }
        .instrument(span)
        .await;
    }

    /// Runs a job; `None` when its lease was lost, and the job with it.
    async fn run_under_lease(&self, handler: &Handler, job: &Claimed) -> Option<Result<(), JobError>> {
        if job.attempt > handler.attempts {
            return Some(Err(JobError::give_up("its process died, or lost it, at the last attempt")));
        }
        // Side by side in one task, so that a job that waits for a turn of the SQLite writer, or holds it, and
        // the renewal, which needs one too, never wait for each other.
        let run = AssertUnwindSafe(handler.run(job)).catch_unwind();
        tokio::select! {
            result = run => Some(result.unwrap_or_else(|_| Err(JobError::retry("it panicked")))),
            () = self.keep_lease(job) => {
                tell_lost_lease();
                None
            }
        }
    }

    /// Renews a lease again and again; ends when it was lost.
    async fn keep_lease(&self, job: &Claimed) {
        loop {
            tokio::time::sleep(self.lease / 3).await;
            // A database that fails now may answer before the lease ends.
            let until = self.queue.clock().now() + self.lease;
            if matches!(self.store.renew(job, until).await, Ok(false)) {
                return;
            }
        }
    }

    fn judge(&self, result: Result<(), JobError>, handler: &Handler, job: &Claimed) -> Outcome {
        let at = self.queue.clock().now();
        match result {
            Ok(()) => Outcome::Done { at },
            Err(error @ JobError::Retry(_)) if job.attempt < handler.attempts => {
                let due_at = at + backoff::pause_after(job.attempt, &self.rng);
                Outcome::Retry { due_at, error: error.reason() }
            }
            Err(error) => Outcome::Failed { at, error: error.reason() },
        }
    }
}

/// Begins a kind's counters at none: a rate does not see the first of a counter that begins with it.
pub(super) fn begin_counts(name: &str) {
    for counter in ["comporta_jobs_done_total", "comporta_jobs_retried_total", "comporta_jobs_failed_total"] {
        metrics::counter!(counter, "name" => name.to_owned()).increment(0);
    }
}

fn tell(job: &Claimed, outcome: &Outcome) {
    let name = job.name.clone();
    match outcome {
        Outcome::Done { .. } => metrics::counter!("comporta_jobs_done_total", "name" => name).increment(1),
        Outcome::Retry { due_at, error } => {
            metrics::counter!("comporta_jobs_retried_total", "name" => name).increment(1);
            tracing::warn!(error, %due_at, "a job failed and will be tried again");
        }
        Outcome::Failed { error, .. } => {
            metrics::counter!("comporta_jobs_failed_total", "name" => name).increment(1);
            tracing::error!(error, "a job failed for good");
        }
    }
}

fn tell_lost_lease() {
    tracing::warn!("a job's lease ended before it did: another process has it");
}
