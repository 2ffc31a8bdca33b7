//! The request log: every error and a sample of the rest, handed to whoever keeps it.
//!
//! A request that is not logged costs a comparison. What is logged is put together here, on its core, and handed on
//! without waiting; bodies are read and masked by whoever takes it, elsewhere.

mod tap;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use comporta_kernel::{CompanyId, Timestamp};
use http::{HeaderName, HeaderValue};
use metrics::{Counter, counter};

use crate::access::cut;
use crate::config::{Limit, LimitBy, Percent, Rate};
use crate::core::Core;
use crate::headers::Headers;
use crate::http1::MAX_HEADERS;
use crate::limit::{Rule, Subject};
use crate::model::redaction;
use crate::record::Record;

pub(crate) use self::tap::{BodyRules, Room, SharedTap, Tapped};

/// Longest method, query, key's id and route's name that are kept, in bytes.
const TEXT: usize = 1024;
/// What everybody who has no name may have logged together: as much as so many companies.
const NAMELESS: u32 = 4;

/// Where logged requests go, and which those are.
pub struct RequestLogging {
    /// Takes them.
    pub sink: Arc<dyn RequestLog>,
    /// The share of the requests without an error that is logged.
    pub sample: Percent,
    /// How many of one company's are logged at most; of callers without a name, of one address.
    pub rate: Rate,
}

/// Where logged requests go.
pub trait RequestLog: Send + Sync + 'static {
    /// Takes a request that is over, or drops it. Must not wait: it is called on the data plane.
    fn record(&self, request: Box<LoggedRequest>);
}

/// A request that is over, as it is logged: nothing in it opens anything.
#[derive(Debug)]
pub struct LoggedRequest {
    /// When it began.
    pub at: Timestamp,
    /// Whose it was, where that was found out.
    pub company: Option<CompanyId>,
    /// The id of the key, or the subject of the token.
    pub key: Option<String>,
    /// Its id, as its caller was told.
    pub request_id: String,
    /// The trace it belonged to.
    pub trace_id: [u8; 16],
    /// As it was sent.
    pub method: String,
    /// Its path, cut.
    pub path: String,
    /// Its query, redacted and cut.
    pub query: Option<String>,
    /// The route that took it.
    pub route: Option<String>,
    /// What was answered; 499 if the caller left before.
    pub status: u16,
    /// The answer did not reach its end.
    pub broken_off: bool,
    /// It is here by chance, and not for an error.
    pub sampled: bool,
    /// The kind of problem that was answered: the last part of its URI.
    pub problem: Option<&'static str>,
    /// The target that answered.
    pub target: Option<Arc<str>>,
    /// Bytes of its body that passed.
    pub bytes_in: u64,
    /// Bytes of the answer's body that passed.
    pub bytes_out: u64,
    /// What took how long.
    pub timings: Timings,
    /// Who called.
    pub client: IpAddr,
    /// Those of its headers that are harmless.
    pub request_headers: Vec<(&'static str, String)>,
    /// Those of the answer's headers that are harmless; none of an answer that looked well and broke off later.
    pub response_headers: Vec<(&'static str, String)>,
    bodies: Option<Box<Tapped>>,
}

/// What took how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Waiting for somebody else to say who calls: nothing where memory knew.
    pub who: Duration,
    /// Waiting for the count of a limit that gateways share: nothing where it was counted here.
    pub limit: Duration,
    /// From the head of the request until it went on to its upstream, both of the above included.
    pub before: Option<Duration>,
    /// From then to the head of the answer.
    pub upstream: Option<Duration>,
    /// From then to the end of the answer's body.
    pub body: Option<Duration>,
    /// From the first to the last.
    pub total: Duration,
}

/// A body as it is kept: JSON, masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedBody {
    /// Its text, or the beginning of it.
    pub text: String,
    /// The text was longer.
    pub cut: bool,
}

impl LoggedRequest {
    /// The bodies of request and answer, as far as they are kept. Reads and masks them: not for the data plane.
    #[must_use]
    pub fn take_bodies(&mut self) -> (Option<LoggedBody>, Option<LoggedBody>) {
        self.bodies.take().map_or((None, None), |bodies| bodies.masked())
    }
}

/// The head of a request, from which its headers are read once more if it is logged.
#[derive(Debug)]
pub(crate) enum HeadText {
    /// As it came by HTTP/1.1: the buffer that its headers are pieces of, and so no copy.
    Plain(Bytes),
    /// Of HTTP/2, which has no text.
    Fields(Vec<(&'static str, HeaderValue)>),
}

/// Decides which requests are logged, and puts those together.
pub(crate) struct Logger {
    sink: Arc<dyn RequestLog>,
    /// Of four billion numbers those below are sampled.
    below: u64,
    of_a_company: Rule,
    of_an_address: Rule,
    of_the_nameless: Rule,
    pub(crate) room: Arc<Room>,
    left_out: Counter,
}

impl Logger {
    pub(crate) fn new(logging: &RequestLogging) -> Self {
        let rule = |name, rate: Rate, by| Rule::new(name, &Limit { rate, burst: None, by, shared: false });
        Self {
            sink: Arc::clone(&logging.sink),
            below: (u64::from(logging.sample.hundredths()) << 32) / 100,
            of_a_company: rule("request log", logging.rate, LimitBy::Company),
            of_an_address: rule("request log", logging.rate, LimitBy::Address),
            of_the_nameless: rule("request log", logging.rate.times(NAMELESS), LimitBy::Route),
            room: Arc::default(),
            left_out: counter!("comporta_request_log_dropped_total", "reason" => "rate"),
        }
    }

    /// Whether a request is logged whatever becomes of it, by a random number.
    pub(crate) const fn samples(&self, chance: u64) -> bool {
        chance >> 32 < self.below
    }

    /// Logs a request that is over, unless there were too many of its company's.
    pub(crate) fn tell(&self, core: &Core, record: &mut Record, took: Duration) {
        if self.has_room(core, record, took) {
            let logged = self.logged(core, record, took);
            self.sink.record(Box::new(logged));
        } else {
            self.left_out.increment(1);
        }
    }

    /// A flood of one company, or of one address, does not crowd out the others.
    fn has_room(&self, core: &Core, record: &Record, took: Duration) -> bool {
        let now = core.nanos(record.began).saturating_add(nanos(took));
        let takes = |rule, subject| core.shared.limits.take_here(rule, subject, now).allowed;
        match &record.principal {
            Some(principal) => takes(&self.of_a_company, Subject::Company(principal.company_id)),
            None => {
                takes(&self.of_an_address, Subject::Address(record.client))
                    && takes(&self.of_the_nameless, Subject::Route)
            }
        }
    }

    fn logged(&self, core: &Core, record: &mut Record, took: Duration) -> LoggedRequest {
        let principal = record.principal.as_deref();
        LoggedRequest {
            at: core.shared.clock.now() - took,
            company: principal.map(|principal| principal.company_id),
            key: principal.map(|principal| text(&principal.actor)),
            request_id: redaction::request_id(record.request_id()).to_owned(),
            trace_id: record.trace.trace_id,
            method: redaction::cut(record.method.as_str(), 32).to_owned(),
            path: redaction::path(cut(record.uri.path())).into_owned(),
            query: record.uri.query().map(|query| text(&redaction::query(cut(query)))),
            route: record.route.as_ref().map(|route| text(route.name())),
            status: record.status,
            broken_off: !record.whole,
            sampled: record.status < 400 && record.whole,
            problem: record.problem,
            target: record.target.clone(),
            bytes_in: record.bytes_in(),
            bytes_out: record.bytes_out,
            timings: timings(record, took),
            client: record.client,
            request_headers: record.head.kept(),
            response_headers: told(record.answer_head.take()),
            bodies: record.bodies.take(),
        }
    }
}

impl Record {
    /// Whether it is known already that the request is logged.
    pub(crate) fn is_logged(&self) -> bool {
        self.core.shared.request_log.is_some() && (self.sampled || self.status >= 400)
    }
}

impl Default for HeadText {
    fn default() -> Self {
        Self::Plain(Bytes::new())
    }
}

impl HeadText {
    /// What is kept of HTTP/2's headers until it is known whether the request is logged.
    pub(crate) fn of(core: &Core, headers: &Headers) -> Self {
        match core.shared.request_log {
            Some(_) => Self::Fields(kept(headers, &redaction::OF_REQUESTS)),
            None => Self::default(),
        }
    }

    fn kept(&self) -> Vec<(&'static str, String)> {
        let head = match self {
            Self::Fields(fields) => return told(Some(fields.clone())),
            Self::Plain(head) => head,
        };
        let mut room = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut room);
        // It was read once already: what is refused now was refused then.
        let _ = parsed.parse(head);
        let of = |name: &'static HeaderName| {
            let values =
                parsed.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name.as_str()));
            values.filter_map(|header| Some((name.as_str(), HeaderValue::from_bytes(header.value).ok()?)))
        };
        told(Some(redaction::OF_REQUESTS.iter().flat_map(of).collect()))
    }
}

/// Those of the headers that are harmless.
pub(crate) fn kept(headers: &Headers, harmless: &'static [HeaderName]) -> Vec<(&'static str, HeaderValue)> {
    let of = |name: &'static HeaderName| headers.get_all(name).map(|value| (name.as_str(), value.clone()));
    harmless.iter().flat_map(of).collect()
}

fn told(headers: Option<Vec<(&'static str, HeaderValue)>>) -> Vec<(&'static str, String)> {
    headers.into_iter().flatten().map(|(name, value)| (name, redaction::value(&value))).collect()
}

fn timings(record: &Record, took: Duration) -> Timings {
    let before = record.sent.map(|sent: Instant| sent.duration_since(record.began));
    let head = before.zip(record.upstream).map(|(before, upstream)| before + upstream);
    Timings {
        who: record.waited.who,
        limit: record.waited.limit,
        before,
        upstream: record.upstream,
        body: head.map(|head| took.saturating_sub(head)),
        total: took,
    }
}

/// Text that others choose, as a database takes it.
fn text(text: &str) -> String {
    redaction::cut(text, TEXT).replace(char::is_control, "")
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logger").finish_non_exhaustive()
    }
}

impl fmt::Debug for RequestLogging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLogging").field("sample", &self.sample).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, AUTHORIZATION, HOST, USER_AGENT};

    use super::*;

    #[test]
    fn of_either_protocol_the_harmless_headers_are_kept_and_no_others() {
        let text = b"GET / HTTP/1.1\r\nhost: x\r\nAuthorization: s\r\nUSER-AGENT: till\r\nx-api-key: k\r\naccept: a\r\n\r\n";
        let lines = [(HOST, "x"), (AUTHORIZATION, "s"), (USER_AGENT, "till"), (ACCEPT, "a")];
        let headers = lines.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let fields = kept(&headers.into_iter().collect(), &redaction::OF_REQUESTS);
        for head in [HeadText::Plain(Bytes::from_static(text)), HeadText::Fields(fields)] {
            let mut seen = head.kept();
            seen.sort_unstable();
            let wanted = [("accept", "a"), ("host", "x"), ("user-agent", "till")];
            assert_eq!(seen, wanted.map(|(name, value)| (name, value.to_owned())));
        }
        assert!(HeadText::default().kept().is_empty());
    }
}
