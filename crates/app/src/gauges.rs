//! What the database knows of work that waits and of what runs out, looked up from time to time: whoever asks for the
//! metrics neither waits for the database nor costs it anything.

use std::time::Duration;

use comporta_kernel::Causes;
use metrics::{Gauge, gauge};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::settings::Role;
use crate::wiring::App;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(15);
/// How long it may take before it counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is told.
struct Gauges {
    waiting: Gauge,
    oldest_due: Gauge,
    near: Gauge,
    used_up: Gauge,
}

impl Gauges {
    fn new() -> Self {
        Self {
            waiting: gauge!("comporta_jobs_waiting"),
            oldest_due: gauge!("comporta_jobs_oldest_due_seconds"),
            near: gauge!("comporta_quota_companies", "level" => "80"),
            used_up: gauge!("comporta_quota_companies", "level" => "100"),
        }
    }
}

/// Looks until told to stop. Every process tells whether the database answers; those that run jobs tell the rest.
pub async fn keep_until(app: App, stop: CancellationToken) {
    let up = gauge!("comporta_database_up");
    let rest = app.runs(Role::Jobs).then(Gauges::new);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_up = true;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let looked = timeout(PATIENCE, look(&app, rest.as_ref())).await;
        let failure = match looked {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(slow) => Some(slow.into()),
        };
        up.set(f64::from(u8::from(failure.is_none())));
        // An outage is told once.
        if let (Some(error), true) = (&failure, is_up) {
            tracing::warn!(error = %Causes(&**error), "the database cannot be asked what waits");
        }
        is_up = failure.is_none();
    }
}

async fn look(app: &App, gauges: Option<&Gauges>) -> Result<(), Failure> {
    app.db.migration_state().await?;
    let Some(gauges) = gauges else { return Ok(()) };
    let backlog = app.queue().backlog(&app.db).await?;
    let since = backlog.oldest_due.map(|due| app.clock.now().duration_since(due).as_secs_f64());
    gauges.waiting.set(backlog.waiting as f64);
    gauges.oldest_due.set(since.unwrap_or(0.0).max(0.0));
    let quotas = app.partners.quotas_in_use().await?;
    gauges.near.set(quotas.near as f64);
    gauges.used_up.set(quotas.used_up as f64);
    Ok(())
}
