//! Active health: each target is probed again and again, and left out for as long as it does not answer.

mod http_probe;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use comporta_kernel::Rng;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Cluster, Health, Target};
use crate::config;

pub(crate) use http_probe::HttpProbe;

/// However short the setting, a target is not probed more often.
const MOST_OFTEN: Duration = Duration::from_millis(50);

/// How a target is asked whether it is well.
#[async_trait]
pub(crate) trait Probe: Send + Sync {
    /// Whether `target` answers well at `path`. It is dropped when it takes too long.
    async fn probe(&self, target: &Target, path: &str) -> bool;
}

/// Probes every target of a cluster until `shutdown`; returns at once if the settings ask for no probes. Its place is
/// the services' runtime, not a proxy core.
pub(crate) async fn watch(
    cluster: Arc<Cluster>,
    probe: Arc<dyn Probe>,
    rng: Rng,
    shutdown: CancellationToken,
) {
    let Some(rule) = &cluster.health else { return };
    let watch = Watch { upstream: &cluster.name, rule, probe: &*probe, rng };
    let loops = join_all(cluster.targets.iter().map(|target| watch.follow(target)));
    shutdown.run_until_cancelled(loops).await;
}

struct Watch<'a> {
    upstream: &'a str,
    rule: &'a config::Health,
    probe: &'a dyn Probe,
    rng: Rng,
}

impl Watch<'_> {
    async fn follow(&self, target: &Target) {
        let mut against = 0;
        loop {
            let began = Instant::now();
            if target.has_address() {
                let answer = self.probe.probe(target, &self.rule.path);
                let is_well = timeout(self.rule.timeout.duration(), answer).await.unwrap_or(false);
                against = self.judge(target, is_well, against);
            }
            self.pause(target, began, against).await;
        }
    }

    /// Takes an answer to account: `against` is how many in a row have contradicted what is believed, and so is the
    /// result. A target that has not answered yet is believed to be well.
    fn judge(&self, target: &Target, is_well: bool, against: u32) -> u32 {
        let believed = target.health();
        if is_well != (believed == Health::Unhealthy) {
            if believed == Health::Unknown {
                target.set_health(Health::Healthy);
            }
            return 0;
        }
        if against + 1 < self.needed(believed) {
            return against + 1;
        }
        let (upstream, target_url) = (self.upstream, target.url());
        if is_well {
            // What it was ejected for ended with its death.
            target.state.outlier.pardon();
            target.set_health(Health::Healthy);
            tracing::info!(upstream, target_url, "a target answers its probes again");
        } else {
            target.set_health(Health::Unhealthy);
            tracing::warn!(upstream, target_url, "a target does not answer its probes: it is left out");
        }
        0
    }

    /// How many answers in a row change what is believed.
    fn needed(&self, believed: Health) -> u32 {
        let Self { rule, .. } = self;
        if believed == Health::Unhealthy { rule.healthy_after.max(1) } else { rule.unhealthy_after.max(1) }
    }

    /// Waits for the next probe. One who is well is asked at the set pace, or as soon as a request finds trouble.
    /// Whoever is in doubt or dead is asked faster, so that all the answers that change the belief come within one
    /// interval: a backup takes over, and primaries are back, by the set pace whatever the number of answers needed.
    async fn pause(&self, target: &Target, began: Instant, against: u32) {
        let every = self.rule.every.duration();
        let believed = target.health();
        let short = every / self.needed(believed).saturating_add(1);
        sleep_until(began + self.jitter(short.max(MOST_OFTEN))).await;
        if believed == Health::Healthy && against == 0 {
            let trouble = target.state.is_suspected.notified();
            // Either is a reason to go on.
            let _: Result<(), _> = timeout_at(began + self.jitter(every), trouble).await;
        }
    }

    /// A tenth more or less, so that the probes of many gateways do not come at once.
    fn jitter(&self, pause: Duration) -> Duration {
        let [byte] = self.rng.bytes::<1>();
        pause.mul_f64(0.9 + 0.2 * f64::from(byte) / 255.0)
    }
}
