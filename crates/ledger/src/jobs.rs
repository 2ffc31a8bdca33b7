//! The ledger's durable jobs.

use comporta_jobs::{Context, Job, JobError};
use serde::{Deserialize, Serialize};

use crate::service::Ledger;

/// Nightly: every sum against its entries, repaired and told where it differs.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReconcileBalances {}

impl Job for ReconcileBalances {
    const NAME: &'static str = "reconcile_balances";
    type State = Ledger;

    async fn run(&self, context: &Context<Ledger>) -> Result<(), JobError> {
        context.state.reconcile().await.map(drop).map_err(JobError::retry)
    }
}
