//! The background worker that folds deltas into daily, monthly and category sums. Balances are exact without it,
//! only slower to read.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::service::Ledger;

/// Deltas folded in one transaction at most: a turn of a few milliseconds.
const BATCH: u32 = 2_000;
/// The pause after a failure, so that a dead database is not hammered.
const PAUSE: Duration = Duration::from_secs(1);

impl Ledger {
    /// Folds waiting deltas every `interval` until told to stop. Several processes may run it.
    pub async fn consolidate_until(&self, stop: CancellationToken, interval: Duration) {
        // At none: a rate does not see the first of a counter that begins with it.
        metrics::counter!("comporta_ledger_repaired_sums_total").increment(0);
        while !stop.is_cancelled() {
            let pause = match self.consolidate_all(&stop).await {
                Ok(()) => interval,
                Err(error) => {
                    tracing::warn!(%error, "the consolidator failed and will try again");
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Folds every delta that waits now.
    ///
    /// # Errors
    /// When the database fails; what was folded before stays folded.
    pub async fn consolidate_all(&self, stop: &CancellationToken) -> Result<(), crate::Error> {
        loop {
            let folded = self.store().consolidate(BATCH).await?;
            metrics::counter!("comporta_ledger_consolidated_deltas_total").increment(folded);
            if folded < u64::from(BATCH) || stop.is_cancelled() {
                let pending = self.store().pending().await?;
                metrics::gauge!("comporta_ledger_pending_deltas").set(pending.deltas as f64);
                return Ok(());
            }
        }
    }
}
