//! Deletes files that nobody needs any more.

use comporta_jobs::{Context, Job, JobError};
use serde::{Deserialize, Serialize};

use crate::service::Boletos;

/// Files of imports that ended a week ago, and those that were never taken in whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct SweepFiles {}

impl Job for SweepFiles {
    const NAME: &'static str = "sweep_boleto_files";
    type State = Boletos;

    async fn run(&self, context: &Context<Boletos>) -> Result<(), JobError> {
        let swept = context.state.sweep_files().await.map_err(JobError::retry)?;
        tracing::info!(swept, "files that nobody needs any more were deleted");
        Ok(())
    }
}
