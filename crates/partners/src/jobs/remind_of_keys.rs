//! The daily look for keys that end soon.

use comporta_jobs::{Context, Job, JobError, Queue};
use serde::{Deserialize, Serialize};

use super::send_key_reminder::as_job_error;
use crate::Partners;

/// Looks for keys that end soon, and enqueues a letter for each step that is reached: once for each key, end and step.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemindOfKeys {}

impl Job for RemindOfKeys {
    const NAME: &'static str = "remind_of_keys";
    /// The days before its end at which a key's company is told.
    type State = (Partners, Queue, Vec<u16>);

    async fn run(&self, context: &Context<Self::State>) -> Result<(), JobError> {
        let (partners, queue, steps) = &context.state;
        let told = partners.remind_of_keys(queue, steps).await.map_err(as_job_error)?;
        tracing::info!(told, "companies are told of keys that end");
        Ok(())
    }
}
