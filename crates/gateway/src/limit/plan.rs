//! A company's plan as it is applied: a rate over the routes without a limit of their own, and a quota over all.

use std::time::Duration;

use comporta_kernel::{CompanyId, Rate};

use super::{Quota, Rule};
use crate::config::{Limit, LimitBy};

/// What holds for the companies that are on a plan.
#[derive(Debug)]
pub struct Plan {
    pub(crate) rate: Option<Rule>,
    pub(crate) quota: Option<Quota>,
}

/// A unit of a company's quota, to be given back if its call comes to nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) company: CompanyId,
    pub(crate) lease: u64,
}

/// What a caller is told of its company's quota.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) left: u64,
    pub(crate) ends_in: Duration,
}

impl Plan {
    /// A plan of a name that says this of rate and burst, and of a quota. The rate is counted for each company, for all
    /// gateways together where they share their limits.
    #[must_use]
    pub fn new(name: &str, rate: Option<(Rate, Option<u32>)>, quota: Option<Quota>) -> Self {
        let rate = rate.map(|(rate, burst)| {
            // No route has such a name.
            let name = format!("plan\0{name}");
            Rule::new(&name, &Limit { rate, burst, by: LimitBy::Company, shared: true })
        });
        Self { rate, quota }
    }
}
