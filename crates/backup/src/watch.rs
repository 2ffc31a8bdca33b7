//! When the last good backup was made, told to whoever watches.

use std::time::Duration;

use comporta_kernel::{Causes, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::model::Condition;
use crate::service::Backups;

/// How often the age is told; it grows by itself.
const TELL: Duration = Duration::from_secs(5);
/// How often the place is looked into: backups are made by others too.
const LOOKS: u32 = 24;

impl Backups {
    /// Keeps `comporta_backup_last_good_timestamp_seconds` true until told to stop: when the newest backup that is not
    /// known to be bad was begun, in seconds since 1970; of dumps and base backups the older one. Without any it is 0, so that an alert on its age finds that
    /// too; `comporta_backup_age_seconds` is that age, without one infinite.
    pub async fn watch_until(&self, stop: CancellationToken) {
        for act in ["list", "create", "verify", "prune"] {
            metrics::counter!("comporta_backup_failures_total", "act" => act).increment(0);
        }
        let mut ticks = tokio::time::interval(TELL);
        let (mut newest, mut looks) = (None, 0);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if looks == 0 {
                match self.newest().await {
                    Ok(found) => newest = found,
                    Err(error) => {
                        tracing::warn!(error = %Causes(&error), "the place of the backups cannot be looked into");
                        metrics::counter!("comporta_backup_failures_total", "act" => "list").increment(1);
                    }
                }
            }
            looks = (looks + 1) % LOOKS;
            let age = newest.map_or(f64::INFINITY, |at| self.clock().now().duration_since(at).as_secs_f64());
            let last_good = newest.map_or(0, Timestamp::as_second);
            metrics::gauge!("comporta_backup_last_good_timestamp_seconds").set(last_good as f64);
            metrics::gauge!("comporta_backup_age_seconds").set(age);
        }
    }

    /// When the newest was begun; of the kind that is worst off, where the schedule makes several.
    async fn newest(&self) -> Result<Option<Timestamp>, crate::Error> {
        let found = self.list().await?;
        let good = found.iter().filter(|found| found.condition() != Condition::Bad);
        let good: Vec<_> = good.filter_map(|found| found.manifest.as_ref().ok()).collect();
        let of = |kind| good.iter().filter(move |manifest| manifest.kind == kind && self.is_ours(manifest));
        let newest = |kind| of(kind).map(|manifest| manifest.started_at).max();
        Ok(self.scheduled_kinds().into_iter().map(newest).min().flatten())
    }
}
