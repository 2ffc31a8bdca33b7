//! Counts and timings of this process, in Prometheus' text format.

mod exposition;
mod process;
mod readings;

use std::sync::{Arc, OnceLock};

use comporta_gateway::View;
use exposition::Exposition;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
pub use readings::{Readings, Sample};

/// Seconds: from a balance read on a warm cache to a request that gave up.
const SECONDS: &[f64] = &[0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0];
/// Postings that shared a commit.
const GROUPS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The facade that every crate counts through is the process's; so is this.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// What has been counted so far, and what is looked up when somebody asks. Clones share it.
#[derive(Clone)]
pub struct Metrics {
    recorder: Option<PrometheusHandle>,
    gateway: Arc<OnceLock<View>>,
}

impl Metrics {
    /// Begins to count; a second call in a process shares what the first began.
    #[must_use]
    pub fn start() -> Self {
        let recorder = RECORDER.get_or_init(install).clone();
        metrics::gauge!("comporta_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Self { recorder, gateway: Arc::default() }
    }

    /// Tells of a gateway, too, from now on; of the first that it is given.
    pub fn watch(&self, gateway: View) {
        let _ = self.gateway.set(gateway);
    }

    /// Everything counted, and what the process and its gateway are like now, in Prometheus' text format. Asks the
    /// kernel and nobody else.
    #[must_use]
    pub fn render(&self) -> String {
        let Some(recorder) = &self.recorder else { return String::new() };
        recorder.run_upkeep();
        let mut now = Exposition::default();
        process::tell(&mut now);
        if let Some(gateway) = self.gateway.get() {
            tell_gateway(gateway, &mut now);
        }
        recorder.render() + &now.into_text()
    }

    /// Folds raw samples into buckets, so that a process nobody scrapes does not hoard them.
    pub fn upkeep(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.run_upkeep();
        }
    }
}

/// What is true of the routes in force alone: a target that a reload drops is told of no more.
fn tell_gateway(gateway: &View, lines: &mut Exposition) {
    let in_flight = f64::from(gateway.requests_in_flight());
    lines.single("comporta_http_requests_in_flight", "gauge", in_flight);
    if let Some(ends) = gateway.certificate_ends() {
        lines.single("comporta_tls_certificate_expires_timestamp_seconds", "gauge", ends as f64);
    }
    lines.family("comporta_upstream_target_healthy", "gauge");
    for (upstream, targets) in gateway.upstreams() {
        for target in targets {
            let labels = [("upstream", upstream.as_str()), ("target", target.url.as_str())];
            let healthy = f64::from(u8::from(target.is_healthy()));
            lines.sample("comporta_upstream_target_healthy", &labels, healthy);
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
