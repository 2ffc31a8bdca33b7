//! What is known of a request once it is over: its access line and its counts.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comporta_http::Principal;
use http::{HeaderValue, Method, Uri};

use crate::body::Flow;
use crate::connections::Connection;
use crate::core::Core;
use crate::model::redaction;
use crate::model::trace::TraceContext;
use crate::plane::Route;
use crate::ports::Failure;
use crate::request_log::{HeadText, Tapped};
use crate::tracer::Recording;

/// The status of a request whose caller left before there was an answer, as proxies have it.
const LEFT: u16 = 499;

/// A request from its head to the last byte of its answer.
pub(crate) struct Record {
    pub(crate) core: Arc<Core>,
    pub(crate) connection: Arc<Connection>,
    pub(crate) began: Instant,
    /// Plain visible text, as it stands in `x-request-id`.
    pub(crate) request_id: HeaderValue,
    pub(crate) trace: TraceContext,
    /// What its spans need; `None` if it is not recorded.
    pub(crate) recording: Option<Box<Recording>>,
    pub(crate) client: IpAddr,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) route: Option<Arc<Route>>,
    pub(crate) principal: Option<Arc<Principal>>,
    /// A place is promised at which it is counted.
    pub(crate) metered: bool,
    /// The target that answered.
    pub(crate) target: Option<Arc<str>>,
    /// From sending the request on to the head of the answer.
    pub(crate) upstream: Option<Duration>,
    /// The slug of the problem that the gateway answered with.
    pub(crate) problem: Option<&'static str>,
    pub(crate) status: u16,
    /// Its answer was given to its end.
    pub(crate) whole: bool,
    /// Bytes of the request's body that have passed.
    pub(crate) bytes_in: Option<Arc<Flow>>,
    /// Bytes of the answer's body that have passed.
    pub(crate) bytes_out: u64,
    /// It is logged whatever becomes of it.
    pub(crate) sampled: bool,
    /// What had to be waited for before it went on.
    pub(crate) waited: Waited,
    /// When it went on to its upstream.
    pub(crate) sent: Option<Instant>,
    pub(crate) head: HeadText,
    /// Headers of its answer, once it is known that it is logged.
    pub(crate) answer_head: Option<Vec<(&'static str, HeaderValue)>>,
    /// Its bodies, where its route has them logged.
    pub(crate) bodies: Option<Box<Tapped>>,
}

/// What had to be waited for before a request went on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waited {
    /// Somebody else, to say who calls.
    pub(crate) who: Duration,
    /// The count of a limit that gateways share.
    pub(crate) limit: Duration,
}

impl Record {
    /// The request's id as text.
    pub(crate) fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// Hands it to the request log, which may have no room for it.
    fn log(&mut self, took: Duration) {
        let core = Arc::clone(&self.core);
        if let Some(log) = &core.shared.request_log {
            log.tell(&core, self, took);
        }
    }

    fn tell_failure(&self) {
        if let (Some(failures), Some(problem)) = (&self.core.shared.failures, self.problem) {
            failures.failed(&Failure {
                request_id: redaction::request_id(self.request_id()),
                trace_id: Some(self.trace.trace_id),
                route: self.route.as_ref().map(|route| route.name()),
                status: self.status,
                problem,
            });
        }
    }

    /// How many bytes of the request's body have passed.
    pub(crate) fn bytes_in(&self) -> u64 {
        self.bytes_in.as_ref().map_or(0, |flow| flow.passed())
    }
}

/// Whatever becomes of a request, it is told of once: when its answer has ended, or nobody waits for it any more.
impl Drop for Record {
    fn drop(&mut self) {
        if self.status == 0 {
            self.status = LEFT;
        }
        // First: whatever else goes wrong, it is counted.
        self.core.meter.tell(self);
        let took = self.began.elapsed();
        // At once: what was done within it must not seem to reach beyond it.
        let ended = self.recording.as_ref().map(|_| self.core.shared.clock.now());
        self.core.counts.count(self, took);
        self.core.shared.access.tell(&self.core, self, took);
        if let (Some(recording), Some(tracer), Some(ended)) =
            (&self.recording, &self.core.shared.tracer, ended)
        {
            tracer.tell(self, recording, u64::try_from(ended.as_nanosecond()).unwrap_or(0), took);
        }
        if self.status >= 500 {
            self.tell_failure();
        }
        if self.status >= 400 || self.sampled || !self.whole {
            self.log(took);
        }
        self.connection.ends(&self.core.deadlines, &self.core.patience());
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}
