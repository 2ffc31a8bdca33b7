//! Counts and timings of this process, in Prometheus' text format.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Seconds: from a balance read on a warm cache to a request that gave up.
const SECONDS: &[f64] = &[0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0];
/// Postings that shared a commit.
const GROUPS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The facade that every crate counts through is the process's; so is this.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// What has been counted so far.
#[derive(Clone)]
pub struct Metrics(Option<PrometheusHandle>);

impl Metrics {
    /// Begins to count; a second call in a process shares what the first began.
    #[must_use]
    pub fn start() -> Self {
        Self(RECORDER.get_or_init(install).clone())
    }

    /// Everything counted, in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let Some(recorder) = &self.0 else { return String::new() };
        recorder.run_upkeep();
        recorder.render()
    }

    /// Folds raw samples into buckets, so that a process nobody scrapes does not hoard them.
    pub fn upkeep(&self) {
        if let Some(recorder) = &self.0 {
            recorder.run_upkeep();
        }
    }
}

fn install() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new();
    let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS).ok()?;
    let builder = builder
        .set_buckets_for_metric(Matcher::Full("comporta_ledger_group_postings".into()), GROUPS)
        .ok()?;
    builder.install_recorder().inspect_err(|error| tracing::warn!(%error, "nothing will be counted")).ok()
}
