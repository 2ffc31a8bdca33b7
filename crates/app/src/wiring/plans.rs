//! Plans and quotas as the gateway asks for them: the ring knows who is on which plan, `Quotas` what is left.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use comporta_gateway as gateway;
use comporta_kernel::CompanyId;
use comporta_partners::{KeyRing, Per, PlanInForce, Quota, Quotas, Taken};

/// Versions of plans held; more are begun anew. There are as many as plans, and one more for each change of late.
const VERSIONS: usize = 10_000;

/// Which company is on which plan, each version of a plan made ready once.
pub(super) struct OnPlans {
    ring: KeyRing,
    ready: ArcSwap<HashMap<i64, Arc<gateway::Plan>>>,
}

impl OnPlans {
    pub(super) fn new(ring: KeyRing) -> Self {
        Self { ring, ready: ArcSwap::default() }
    }

    #[cold]
    fn make_ready(&self, plan: &PlanInForce) -> Arc<gateway::Plan> {
        let (terms, burst) = (&plan.terms, plan.terms.burst());
        let rate = terms.rate().map(|rate| (rate, burst));
        let made = Arc::new(gateway::Plan::new(plan.name.as_str(), rate, terms.quota().map(shown)));
        self.ready.rcu(|before| {
            let mut ready = if before.len() < VERSIONS { HashMap::clone(before) } else { HashMap::new() };
            ready.insert(plan.epoch, Arc::clone(&made));
            ready
        });
        made
    }
}

impl gateway::Plans for OnPlans {
    fn of(&self, company: CompanyId) -> Option<Arc<gateway::Plan>> {
        let plan = self.ring.plan_of(company)?;
        let ready = self.ready.load().get(&plan.epoch).map(Arc::clone);
        Some(ready.unwrap_or_else(|| self.make_ready(&plan)))
    }
}

/// What is left of companies' quotas.
pub(super) struct OnQuotas(pub(super) Quotas);

#[async_trait]
impl gateway::Quotas for OnQuotas {
    fn take(&self, company: CompanyId, quota: gateway::Quota, now: Instant) -> gateway::Taken {
        match kept(quota) {
            Some(quota) => told(self.0.take(company, quota, now)),
            None => gateway::Taken::Unknown,
        }
    }

    async fn wait(&self, company: CompanyId, quota: gateway::Quota) -> gateway::Taken {
        match kept(quota) {
            Some(quota) => told(self.0.wait(company, quota).await),
            None => gateway::Taken::Unknown,
        }
    }

    fn give_back(&self, company: CompanyId, lease: u64) {
        self.0.give_back(company, lease);
    }
}

fn shown(quota: Quota) -> gateway::Quota {
    let per = match quota.per() {
        Per::Day => gateway::Per::Day,
        Per::Month => gateway::Per::Month,
    };
    gateway::Quota { requests: quota.requests(), per }
}

/// The same again: it came from there, so it is one.
fn kept(quota: gateway::Quota) -> Option<Quota> {
    let per = match quota.per {
        gateway::Per::Day => Per::Day,
        gateway::Per::Month => Per::Month,
    };
    Quota::new(quota.requests, per).ok()
}

const fn told(taken: Taken) -> gateway::Taken {
    match taken {
        Taken::Unit { lease, left, ends_in } => gateway::Taken::Unit { lease, left, ends_in },
        Taken::UsedUp { ends_in } => gateway::Taken::UsedUp { ends_in },
        Taken::Ask => gateway::Taken::Ask,
        Taken::Unknown => gateway::Taken::Unknown,
    }
}
