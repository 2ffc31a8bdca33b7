//! Keeps the request log within its bounds.

use comporta_jobs::{Context, Job, JobError};
use serde::{Deserialize, Serialize};

use crate::RequestLog;

/// Makes room for the request log's days to come, and lets go of what is too old or too much. Schedule it for every few
/// minutes: between two runs the log may be over its bounds.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeepRequestLog {}

impl Job for KeepRequestLog {
    const NAME: &'static str = "keep_request_log";
    /// The next one is due in a few minutes.
    const ATTEMPTS: u32 = 2;
    type State = RequestLog;

    async fn run(&self, context: &Context<RequestLog>) -> Result<(), JobError> {
        let forgotten = context.state.keep_within_bounds().await.map_err(JobError::retry)?;
        if forgotten > 0 {
            tracing::info!(rows = forgotten, "old requests went from the request log");
        }
        Ok(())
    }
}
