//! Metrics for CloudWatch where no agent asks for them: from time to time a line in the embedded metric format, on
//! standard output, where whatever takes the log finds it, or at the end of a file.

mod line;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use comporta_kernel::Clock;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::line::Teller;
use crate::metrics::{Metrics, Readings};
use crate::settings::{MetricsSettings, Outlet};

/// Writes lines until told to stop; none if the settings want none.
pub async fn tell_until(
    settings: MetricsSettings,
    installation: String,
    metrics: Metrics,
    clock: Clock,
    stop: CancellationToken,
) {
    if settings.emf == Outlet::Off {
        return stop.cancelled().await;
    }
    let mut ticks = interval(settings.every.duration());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut teller = Teller::new(settings.namespace, installation);
    let mut is_well = true;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let (metrics, at, outlet) = (metrics.clone(), clock.now(), settings.emf.clone());
        let telling = tokio::task::spawn_blocking(move || {
            let line = teller.line(&Readings::of(metrics.render()), at);
            (write(&outlet, line.as_bytes()), teller)
        });
        let Ok((written, back)) = telling.await else { return stop.cancelled().await };
        teller = back;
        // A disk that is full is told of once.
        if let (Err(error), true) = (&written, is_well) {
            tracing::warn!(%error, "metrics for CloudWatch cannot be written");
        }
        is_well = written.is_ok();
    }
}

fn write(outlet: &Outlet, line: &[u8]) -> io::Result<()> {
    match outlet {
        Outlet::Off => Ok(()),
        Outlet::Stdout => io::stdout().lock().write_all(line),
        Outlet::File(path) => append(path, line),
    }
}

/// Opened for each line, so that whoever takes the file away is not written to in secret.
fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(line)
}
