//! How often, and how many: the route's limit or else the plan's rate, and the plan's quota.

use std::sync::Arc;
use std::time::{Duration, Instant};

use comporta_http::{Problem, kinds};

use super::Call;
use crate::limit::{Plan, Quota, Rule, Standing, Subject, Told, Unit};
use crate::model::gcra::Verdict;
use crate::plane::Route;
use crate::ports::Taken;
use crate::waited::waited;

/// What limits say of a request.
#[derive(Default)]
pub(super) struct Limits {
    /// The plan of its company.
    plan: Option<Arc<Plan>>,
    /// What the limit in force says: the route's own, or the plan's.
    verdict: Option<Verdict>,
    /// The quota, and what is left of it.
    quota: Option<(Quota, Standing)>,
    used_up: bool,
    /// The unit of the quota that the request has.
    unit: Option<Unit>,
}

impl Limits {
    /// What its answer tells.
    pub(super) fn told<'a>(&'a self, route: Option<&'a Route>) -> Told<'a> {
        let rule = self.rule(route);
        Told { rate: rule.zip(self.verdict.as_ref()), quota: self.quota, used_up: self.used_up }
    }

    /// The route's own limit, else the plan's rate.
    fn rule<'a>(&'a self, route: Option<&'a Route>) -> Option<&'a Rule> {
        route?.limit.as_ref().or_else(|| self.plan.as_ref()?.rate.as_ref())
    }
}

impl Call<'_> {
    /// How often: by the route's own limit, else by the rate of the company's plan.
    pub(super) async fn limit(&mut self, route: &Route) -> Result<(), Box<Problem>> {
        let principal = self.record.principal.as_deref();
        self.limits.plan = principal.and_then(|principal| self.core.shared.plans.of(principal.company_id));
        let Some(rule) = self.limits.rule(Some(route)) else { return Ok(()) };
        let subject = Subject::of(rule.by(), principal, self.record.client);
        let now = self.core.nanos(self.record.began);
        let (verdict, wait) = waited(self.core.shared.limits.take(rule, subject, now)).await;
        self.record.waited.limit = wait;
        self.limits.verdict = Some(verdict);
        match (verdict.allowed, &route.limit) {
            (true, _) => Ok(()),
            (false, Some(_)) => Err(too_many("the limit of this route is used up")),
            (false, None) => Err(too_many("the rate of the company's plan is used up")),
        }
    }

    /// How many: takes a unit of the quota of the company's plan.
    pub(super) async fn spend(&mut self) -> Result<(), Box<Problem>> {
        let Some(quota) = self.limits.plan.as_ref().and_then(|plan| plan.quota) else { return Ok(()) };
        let Some(company) = self.record.principal.as_ref().map(|principal| principal.company_id) else {
            return Ok(());
        };
        let quotas = &self.core.shared.quotas;
        let taken = match quotas.take(company, quota, Instant::now()) {
            Taken::Ask => quotas.wait(company, quota).await,
            taken => taken,
        };
        match taken {
            Taken::Unit { lease, left, ends_in } => {
                self.limits.unit = Some(Unit { company, lease });
                self.limits.quota = Some((quota, Standing { left, ends_in }));
                Ok(())
            }
            Taken::UsedUp { ends_in } => Err(self.used_up(quota, ends_in)),
            Taken::Ask | Taken::Unknown => Err(Box::new(Problem::unavailable(
                "the quota of the company's plan cannot be counted just now",
            ))),
        }
    }

    fn used_up(&mut self, quota: Quota, ends_in: Duration) -> Box<Problem> {
        self.limits.quota = Some((quota, Standing { left: 0, ends_in }));
        self.limits.used_up = true;
        too_many(&format!("the quota of the company's plan for this {} is used up", quota.per.name()))
    }

    /// The request came to nothing: its unit is another's.
    pub(super) fn give_back(&mut self) {
        if let Some(Unit { company, lease }) = self.limits.unit.take() {
            self.core.shared.quotas.give_back(company, lease);
        }
    }
}

fn too_many(detail: &str) -> Box<Problem> {
    Box::new(Problem::new(&kinds::TOO_MANY_REQUESTS, detail))
}
