//! What the gateway asks of the rest of the product: small traits that the program implements.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use comporta_http::{Principal, Problem};
use comporta_kernel::CompanyId;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

use crate::body::RequestBody;
use crate::limit::{Plan, Quota};

/// Who holds which API key.
#[async_trait]
pub trait Keys: Send + Sync + 'static {
    /// From memory alone: asked on the data plane, for every request, with the caller's address.
    fn known(&self, text: &str, from: IpAddr) -> Known;

    /// From the database, at a bounded rate: a key that is not known yet.
    async fn ask(&self, text: &str, from: IpAddr) -> Result<Arc<Principal>, Problem>;
}

/// What memory knows of a key.
#[derive(Debug)]
pub enum Known {
    /// Whose it is.
    Holder(Arc<Principal>),
    /// It opens nothing.
    Refused(Problem),
    /// Memory does not know it: the database may.
    Ask,
}

/// Which company is on which plan.
pub trait Plans: Send + Sync + 'static {
    /// A company's plan, from memory alone: asked on the data plane, for every request. `None` for no plan.
    fn of(&self, company: CompanyId) -> Option<Arc<Plan>>;
}

/// What is left of companies' quotas.
#[async_trait]
pub trait Quotas: Send + Sync + 'static {
    /// Takes a unit of a company's quota for one call, from memory alone: asked on the data plane.
    fn take(&self, company: CompanyId, quota: Quota, now: Instant) -> Taken;

    /// Takes one, and waits for it a second at most. Waits for nothing but a word of another runtime.
    async fn wait(&self, company: CompanyId, quota: Quota) -> Taken;

    /// Gives back the unit of a call that came to nothing.
    fn give_back(&self, company: CompanyId, lease: u64);
}

/// What becomes of a call under a quota.
#[derive(Clone, Copy, Debug)]
pub enum Taken {
    /// It has its unit.
    Unit {
        /// What the unit is of, to give it back.
        lease: u64,
        /// About how many calls are left.
        left: u64,
        /// How long until the day or month is over.
        ends_in: Duration,
    },
    /// The quota is used up.
    UsedUp {
        /// How long until the day or month is over.
        ends_in: Duration,
    },
    /// Memory does not know: [`Quotas::wait`] asks.
    Ask,
    /// It cannot be told just now.
    Unknown,
}

/// The body of a service's answer.
pub type ServiceBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A service of this process. It is called on the services' runtime, never on a core of the data plane.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// Answers a request. The caller is in its extensions as `Arc<Principal>`, its id as `RequestId`.
    async fn call(&self, request: Request<RequestBody>) -> Response<ServiceBody>;
}

/// Where the line of each request goes.
pub trait AccessLog: Send + Sync + 'static {
    /// One JSON object per line, or readable text.
    fn is_json(&self) -> bool;

    /// Takes one line, its end included. Must not wait.
    fn write(&self, line: &[u8]);
}

/// Who is told of failures of ours: answers of 5xx whose kind of problem is known.
pub trait FailureSink: Send + Sync + 'static {
    /// Takes a failure, or drops it. Must not wait: it is called on the data plane.
    fn failed(&self, failure: &Failure<'_>);
}

/// A request that was answered with a problem of 5xx. Holds nothing secret: no header, no query, no caller.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// Its id, as its caller was told.
    pub request_id: &'a str,
    /// The trace it belonged to; `None` where that is not known.
    pub trace_id: Option<[u8; 16]>,
    /// The route that took it.
    pub route: Option<&'a str>,
    /// What was answered.
    pub status: u16,
    /// The kind of problem: the last part of its URI.
    pub problem: &'static str,
}
