//! How often callers may come: a route's rule, whom it counts together, and where the count is kept.

mod headers;
mod local;
mod plan;
mod quota;
mod shared;

use std::net::IpAddr;

use comporta_http::Principal;
use comporta_kernel::{CompanyId, TypedId};
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::config::{Limit, LimitBy};
use crate::model::gcra::{Gcra, Verdict};

pub(crate) use headers::{Told, write};
pub(crate) use local::Limiter;
pub use plan::Plan;
pub(crate) use plan::{Standing, Unit};
pub use quota::{Per, Quota};
pub(crate) use shared::Shared;

/// A limit as it is applied: its arithmetic, its name, and the header that tells of it.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    id: u64,
    gcra: Gcra,
    by: LimitBy,
    shared: bool,
    policy: HeaderValue,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// All keys of a company.
    Company(CompanyId),
    /// One key, by its id.
    Key(&'a str),
    /// One address; of IPv6 its /64, which is what one customer is given.
    Address(IpAddr),
    /// Everybody who takes the route.
    Route,
}

/// The counts of this process, and those that all gateways share.
#[derive(Debug)]
pub(crate) struct Limits {
    local: Limiter,
    shared: Option<Shared>,
}

impl Limits {
    /// Limits kept here, and in Redis too if there is one.
    pub(crate) const fn new(local: Limiter, shared: Option<Shared>) -> Self {
        Self { local, shared }
    }

    /// Decides on a request at `now`, nanoseconds since the process's epoch.
    ///
    /// While Redis is away, a shared rule holds for each gateway by itself. What Redis let through was charged here
    /// all along, so nobody gets a fresh allowance of this process when it goes away.
    pub(crate) async fn take(&self, rule: &Rule, subject: Subject<'_>, now: u64) -> Verdict {
        if rule.shared
            && let Some(shared) = &self.shared
            && let Ok(verdict) = shared.take(rule, subject).await
        {
            if verdict.allowed {
                self.local.charge(rule, subject, now);
            }
            return verdict;
        }
        self.local.take(rule, subject, now)
    }

    /// The same for what this process alone counts.
    pub(crate) fn take_here(&self, rule: &Rule, subject: Subject<'_>, now: u64) -> Verdict {
        self.local.take(rule, subject, now)
    }
}

impl Rule {
    /// The rule of a limit. `name` tells it from other rules: a route's name, or a plan's.
    pub(crate) fn new(name: &str, limit: &Limit) -> Self {
        let (count, window) = (limit.rate.count(), limit.rate.window());
        let of_a_second = u64::from(count) / window.as_secs().max(1);
        let gcra = Gcra::new(count, window, limit.burst.unwrap_or(of_a_second as u32));
        Self {
            id: identify(name, gcra, limit.by),
            gcra,
            by: limit.by,
            shared: limit.shared,
            policy: headers::policy(gcra),
        }
    }

    /// Whom it counts together.
    pub(crate) const fn by(&self) -> LimitBy {
        self.by
    }
}

/// The same in every process; another one when the limit changes, so that no count is read by another measure.
fn identify(name: &str, gcra: Gcra, by: LimitBy) -> u64 {
    let digest = Sha256::new()
        .chain_update(gcra.interval().to_be_bytes())
        .chain_update(gcra.burst().to_be_bytes())
        .chain_update([by as u8])
        .chain_update(name)
        .finalize();
    digest.iter().take(8).fold(0, |id, &byte| id << 8 | u64::from(byte))
}

impl<'a> Subject<'a> {
    /// Whom a rule counts a request under. Who came without naming itself is counted by its address.
    pub(crate) fn of(by: LimitBy, principal: Option<&'a Principal>, client: IpAddr) -> Self {
        match (by, principal) {
            (LimitBy::Route, _) => Self::Route,
            (LimitBy::Company, Some(principal)) => Self::Company(principal.company_id),
            (LimitBy::Key, Some(principal)) => Self::Key(&principal.actor),
            (LimitBy::Address, _) | (_, None) => Self::Address(client),
        }
    }

    /// Hands over the bytes that tell it from every other subject.
    fn identify(self, mut to: impl FnMut(&[u8])) {
        match self {
            Self::Company(id) => {
                to(b"c");
                to(id.uuid().as_bytes());
            }
            Self::Key(id) => {
                to(b"k");
                to(id.as_bytes());
            }
            Self::Address(address) => match address.to_canonical() {
                IpAddr::V4(address) => {
                    to(b"4");
                    to(&address.octets());
                }
                IpAddr::V6(address) => {
                    to(b"6");
                    to(&address.octets()[..8]);
                }
            },
            Self::Route => to(b"r"),
        }
    }
}

#[cfg(test)]
mod tests;
