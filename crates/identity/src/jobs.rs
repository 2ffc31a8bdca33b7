//! The durable jobs of the capability.

use comporta_jobs::{Context, Job, JobError};
use serde::{Deserialize, Serialize};

use crate::SigningKeys;

/// Publishes the signing keys whose turn is near and forgets those that have ended. Schedule it for every hour or
/// so: a key is published a day before it signs.
#[derive(Debug, Serialize, Deserialize)]
pub struct RotateSigningKeys {}

impl Job for RotateSigningKeys {
    const NAME: &'static str = "rotate_signing_keys";
    type State = SigningKeys;

    async fn run(&self, context: &Context<SigningKeys>) -> Result<(), JobError> {
        context.state.rotate().await.map_err(JobError::retry)
    }
}
