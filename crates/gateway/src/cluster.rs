//! The targets of an upstream, shared by all cores: who is asked next, who is left out, and what may be tried again.
//!
//! Who may be asked, best first:
//! 1. the primaries that neither probes nor outlier ejection leave out;
//! 2. the backups of which the same is true: only when there is no such primary, or all were tried. Traffic returns
//!    to the primaries with the first pick that finds one;
//! 3. those left out for their failures: when 1 and 2 are used up. To try is better than to refuse, and nothing is
//!    known against them but their past;
//! 4. those that probes call dead: only when there is nobody else at all, or whoever there is took no connection. They
//!    may be back since they were last probed, and who went away a moment ago has not been missed by the probes yet.
//!
//! Within a step the less loaded of two is asked. Full targets are passed over, but they do not lead to the next step:
//! load is no illness, and to spill it over would let one zone's overload become another's.

mod addresses;
mod breaker;
mod choice;
mod health;
mod outlier;
mod pick;
mod resolve;
mod retry_budget;
mod status;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::config::{self, Breaker, Outlier, Percent, Upstream};
use choice::Bits;
use retry_budget::RetryBudget;
use tokio_util::sync::CancellationToken;

pub(crate) use health::{HttpProbe, watch};
pub(crate) use pick::{NoTarget, Outcome, Pick};
pub(crate) use resolve::{Dns, follow_names};
pub use status::{Health, TargetStatus};
pub(crate) use target::Target;

/// Each target has a bit in a word.
const MOST_TARGETS: usize = 64;

/// What a [`Cluster`] cannot be made of.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ClusterFault {
    /// More targets than a word has bits.
    #[error("at most 64 targets")]
    TooManyTargets,
    /// A path or a query would be lost.
    #[error("{url}: a target has no path; a route's rewrite adds one")]
    Path {
        /// The target.
        url: String,
    },
    /// No share.
    #[error("{url}: a weight is at least 1")]
    Weight {
        /// The target.
        url: String,
    },
    /// No such port.
    #[error("{url}: not a host and a port from 1 to 65535")]
    Place {
        /// The target.
        url: String,
    },
    /// No certificate can name it.
    #[error("{url}: not a name that a certificate can prove")]
    ServerName {
        /// The target.
        url: String,
    },
}

/// The targets of one upstream and their state. Times are nanoseconds of one monotonic clock of the process, `now`.
#[derive(Debug)]
pub(crate) struct Cluster {
    name: String,
    targets: Box<[Target]>,
    primaries: u64,
    health: Option<config::Health>,
    breaker: Breaker,
    outlier: Outlier,
    budget_share: Percent,
    budget: Arc<RetryBudget>,
    /// Cancelled when every name has been looked up once.
    looked_up: CancellationToken,
}

/// The targets by what is known of them, a bit each; in none of the three when no address is known.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    available: u64,
    ejected: u64,
    dead: u64,
}

impl Cluster {
    /// The cluster of an upstream. Of `previous`, the one before a reload, targets of the same URL keep their state:
    /// health, ejection, requests in flight and addresses; and the retry budget goes on.
    ///
    /// # Errors
    /// Settings that name no usable targets: see [`ClusterFault`].
    pub(crate) fn new(
        name: &str,
        upstream: &Upstream,
        previous: Option<&Self>,
    ) -> Result<Arc<Self>, ClusterFault> {
        if upstream.targets.len() > MOST_TARGETS {
            return Err(ClusterFault::TooManyTargets);
        }
        let known = previous.map_or(&[][..], |previous| &previous.targets[..]);
        let target = |setting: &config::Target| {
            let same = known.iter().find(|known| known.url() == setting.url.as_str());
            Target::new(setting, &upstream.tls, same)
        };
        let targets: Box<[Target]> = upstream.targets.iter().map(target).collect::<Result<_, _>>()?;
        for target in &targets {
            // What nobody will ever revise must not stay.
            if upstream.health.is_none() {
                target.set_health(Health::Unknown);
            }
            if upstream.outlier.consecutive_failures == 0 {
                target.state.outlier.pardon();
            }
        }
        Ok(Arc::new(Self {
            name: name.to_owned(),
            primaries: mask(&targets, |target| !target.is_backup()),
            targets,
            health: upstream.health.clone(),
            breaker: upstream.breaker,
            outlier: upstream.outlier,
            budget_share: upstream.retry.budget,
            budget: previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.budget)),
            looked_up: CancellationToken::new(),
        }))
    }

    /// A place at the target that should be asked next, as the module says. `random` is uniform; `tried` has the bits
    /// of the targets that this request was with already.
    ///
    /// # Errors
    /// When there is none: see [`NoTarget`].
    pub(crate) fn pick(self: &Arc<Self>, random: u64, tried: u64, now: u64) -> Result<Pick, NoTarget> {
        self.choose(self.standing(now).candidates(self.primaries, tried)?, random).ok_or(NoTarget::Full)
    }

    /// The same among those that probes call dead, for a request that found everybody else gone.
    pub(crate) fn pick_dead(self: &Arc<Self>, random: u64, tried: u64, now: u64) -> Option<Pick> {
        self.choose(self.standing(now).dead & !tried, random)
    }

    fn choose(self: &Arc<Self>, mut candidates: u64, random: u64) -> Option<Pick> {
        while let Some(index) = choice::choose(&self.targets, candidates, random) {
            if let Some(pick) = Pick::take(self, index) {
                return Some(pick);
            }
            candidates &= !(1 << index);
        }
        None
    }

    /// Counts a request into the retry budget: once for each that comes, not for its retries.
    pub(crate) fn count_request(&self, now: u64) {
        self.budget.deposit(now);
    }

    /// Takes a retry out of the budget; false when there is none left.
    pub(crate) fn may_retry(&self, now: u64) -> bool {
        self.budget.withdraw(self.budget_share, now)
    }

    /// The state of each target, in the order of the settings.
    pub(crate) fn describe(&self, now: u64) -> Vec<TargetStatus> {
        self.targets.iter().map(|target| TargetStatus::of(target, now)).collect()
    }

    fn standing(&self, now: u64) -> Standing {
        let mut standing = Standing::default();
        for (index, target) in self.targets.iter().enumerate() {
            let side = if !target.has_address() {
                continue;
            } else if target.health() == Health::Unhealthy {
                &mut standing.dead
            } else if target.state.outlier.is_ejected(now) {
                &mut standing.ejected
            } else {
                &mut standing.available
            };
            *side |= 1 << index;
        }
        standing
    }

    /// Counts a failure, and leaves the target out if it is one too many and others can do its work.
    fn failed(&self, index: usize, outcome: Outcome, now: u64) {
        let target = &self.targets[index];
        let is_too_many = target.state.outlier.failed(&self.outlier, now);
        if !is_too_many || !self.can_spare(index, outcome, now) {
            return;
        }
        if let Some(lasts) = target.state.outlier.eject(&self.outlier, now) {
            let seconds = lasts.as_secs_f32();
            tracing::warn!(
                upstream = self.name,
                target_url = target.url(),
                ?outcome,
                seconds,
                "a target is left out for its failures"
            );
        }
    }

    /// Whether a target may be ejected.
    ///
    /// Never the last one available, backups included: somebody must be asked. And for bad answers, only up to half
    /// of the primaries, or of the backups, may be out: such failures mostly mean overload, and each ejection puts
    /// more of it on the rest (Envoy's `max_ejection_percent`, which is 10 there, and always allows one). A target
    /// that takes no connections carries nothing anyway: for it there is no such bound.
    fn can_spare(&self, index: usize, outcome: Outcome, now: u64) -> bool {
        let standing = self.standing(now);
        let bit = 1 << index;
        if standing.available & !bit == 0 {
            return false;
        }
        let peers = if self.primaries & bit != 0 { self.primaries } else { !self.primaries };
        let count = Bits(peers).take_while(|&index| index < self.targets.len()).count();
        let out = (standing.ejected & peers & !bit).count_ones() as usize;
        outcome == Outcome::ConnectFailed || out < (count / 2).max(1)
    }
}

impl Standing {
    /// The best step that has somebody left, without those tried.
    fn candidates(self, primaries: u64, tried: u64) -> Result<u64, NoTarget> {
        let steps = [self.available & primaries, self.available & !primaries, self.ejected];
        if let Some(step) = steps.iter().find(|&step| step & !tried != 0) {
            return Ok(step & !tried);
        }
        match (self.available | self.ejected, self.dead & !tried) {
            (0, 0) if self.dead == 0 => Err(NoTarget::Unresolved),
            (0, dead) if dead != 0 => Ok(dead),
            _ => Err(NoTarget::AllTried),
        }
    }
}

fn mask(targets: &[Target], is_in: impl Fn(&Target) -> bool) -> u64 {
    targets.iter().enumerate().fold(0, |mask, (index, target)| mask | (u64::from(is_in(target)) << index))
}
