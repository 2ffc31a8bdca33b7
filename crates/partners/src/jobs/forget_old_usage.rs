//! Nightly: rows of usage that nobody needs any more.

use comporta_jobs::{Context, Job, JobError};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::Usage;

/// Deletes usage by minute that is older than the settings keep it; by day it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForgetOldUsage {}

impl Job for ForgetOldUsage {
    const NAME: &'static str = "forget_old_usage";
    type State = (Usage, SignedDuration);

    async fn run(&self, context: &Context<Self::State>) -> Result<(), JobError> {
        let (usage, keep) = &context.state;
        let forgotten = usage.forget_old(*keep).await.map_err(JobError::retry)?;
        tracing::info!(forgotten, "old rows of usage were deleted");
        Ok(())
    }
}
