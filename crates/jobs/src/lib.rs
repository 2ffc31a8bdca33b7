//! Durable jobs: enqueued in the transaction that causes them, run at least once, retried, given up aloud.

mod backoff;
mod job;
mod queue;
mod registry;
mod schedule;
mod store;
mod worker;

pub use backoff::pause_after;
pub use job::{Context, Job, JobError};
pub use queue::{Backlog, EnqueueError, EnqueueOptions, Queue};
pub use registry::Registry;
pub use schedule::Schedule;
pub use worker::{Worker, WorkerOptions};
