//! The life of a request, from its head to the head of its answer. One function shows the order.

mod answer;
mod limits;
mod onward;

use std::sync::Arc;
use std::time::Instant;

use comporta_http::{NewRequestId, Problem, X_REQUEST_ID, is_well_formed_request_id, kinds};
use http::header::{ALLOW, CONNECTION, ORIGIN};
use http::uri::InvalidUri;
use http::{HeaderValue, Method, StatusCode, Uri, Version};
use http_body::Body as _;

use self::answer::Reply;
use self::limits::Limits;
use crate::connections::Connection;
use crate::core::Core;
use crate::head::Head;
use crate::headers::Headers;
use crate::incoming::Incoming;
use crate::model::cors;
use crate::model::forwarded::{Caller, Peer};
use crate::model::header_hygiene::{self, HeaderFault};
use crate::model::path_pattern::{Captures, normalise};
use crate::model::rewrite::Redirect;
use crate::model::table::Found;
use crate::model::trace::TraceContext;
use crate::plane::{Destination, Plane, Route};
use crate::record::{Record, Waited};
use crate::request_log::{HeadText, Tapped};
use crate::tracer::Recording;
use crate::waited::waited;
use crate::who::Gate;

pub(crate) use self::answer::Answer;

/// A request under way.
struct Call<'a> {
    core: &'a Arc<Core>,
    plane: &'a Plane,
    /// Boxed, because it goes from hand to hand.
    record: Box<Record>,
    peer: &'a Peer,
    caller: Caller,
    /// Headers that the answer carries whatever becomes of the request.
    told: Headers,
    /// What limits and quotas say of it, which the answer tells too.
    limits: Limits,
    /// Of a page of another origin: what its route says of that, and the headers it goes by.
    page: Option<(Arc<Route>, Headers)>,
}

/// A request as its caller sent it. Lent from step to step, because it is large and moving it costs.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) head: Head,
    /// The head as it is kept in case it is logged.
    pub(crate) text: HeadText,
    pub(crate) body: Incoming,
}

/// Answers a request.
pub(crate) async fn exchange(
    core: &Arc<Core>,
    connection: &Arc<Connection>,
    peer: &Peer,
    asked: &mut Asked,
) -> Answer {
    let plane = core.shared.plane.load_full();
    let caller = peer.caller(&plane.trusted, &asked.head.uri, &asked.head.headers);
    let text = std::mem::take(&mut asked.text);
    let record = begin(core, connection, &asked.head, text, &caller);
    let mut call = Call::new(core, &plane, record, peer, caller);
    let reply = match pass(&mut call, asked).await {
        Ok(reply) => reply,
        Err(problem) => {
            // What came to nothing here is no call.
            call.give_back();
            call.refused(&problem)
        }
    };
    call.reply(reply)
}

/// Answers what came in place of a request's head.
pub(crate) fn refuse(
    core: &Arc<Core>,
    connection: &Arc<Connection>,
    peer: &Peer,
    problem: Problem,
) -> Answer {
    let plane = core.shared.plane.load_full();
    // What was asked for is not known.
    let head = Head {
        method: Method::from_bytes(b"-").unwrap_or_default(),
        uri: Uri::from_static("*"),
        version: Version::HTTP_11,
        headers: Headers::new(),
    };
    let caller = peer.caller(&plane.trusted, &head.uri, &head.headers);
    let record = begin(core, connection, &head, HeadText::default(), &caller);
    let mut call = Call::new(core, &plane, record, peer, caller);
    let reply = call.refused(&problem);
    call.reply(reply)
}

/// The order in which a request meets what stands between its caller and its upstream.
async fn pass(call: &mut Call<'_>, asked: &mut Asked) -> Result<Reply, Box<Problem>> {
    let head = &mut asked.head;
    // First what two servers could read in two ways: everything below trusts path, host and framing.
    let read = header_hygiene::check(head).map_err(|fault| match fault {
        HeaderFault::Method => no_such_method(&fault),
        _ => malformed(&fault),
    });
    read.and_then(|()| clean_path(head)).map_err(|problem| call.distrust(head, problem))?;

    // A browser asks in advance and without credentials, so before who calls.
    if let Some(headers) = call.preflight(head) {
        return Ok(Reply::empty(StatusCode::NO_CONTENT, headers));
    }

    // Which route: all that follows is the route's own.
    let (route, captures) = match call.find(head, &head.method) {
        Ok(found) => found,
        // Who shows no credential does not learn what exists.
        Err(problem) => {
            call.identify(&call.plane.nowhere, &head.headers).await?;
            return Err(problem);
        }
    };
    call.takes(&route, head);

    // Who: before anything that costs.
    call.identify(&route.gate, &head.headers).await?;
    // From here on the call is somebody's, and counted: what cannot be counted is not served.
    call.meter(&route)?;
    route.gate.admit(call.record.principal.as_deref(), &head.method)?;

    // How often: after who, because it counts by company; before the body is read.
    call.limit(&route).await?;

    // How much: what is announced is refused before it is sent, the rest is counted on its way.
    if asked.body.size_hint().lower() > route.body_limit {
        return Err(too_large(route.body_limit));
    }

    // How many in a day or month: last, so that only what is let through is counted.
    call.spend().await?;

    match &route.leads_to {
        Destination::Elsewhere(redirect) => call.elsewhere(redirect, &asked.head.uri, &captures),
        Destination::Service(service) => call.call_service(&route, service, asked).await,
        Destination::Remote(remote) => call.call_remote(&route, remote, asked, &captures).await,
        Destination::Nowhere => {
            Err(Box::new(Problem::unavailable("the service does not run in this process")))
        }
    }
}

fn begin(
    core: &Arc<Core>,
    connection: &Arc<Connection>,
    head: &Head,
    text: HeadText,
    caller: &Caller,
) -> Box<Record> {
    let began = Instant::now();
    core.counts.begin();
    let given = head.headers.get(X_REQUEST_ID);
    let given = given.filter(|given| given.to_str().is_ok_and(is_well_formed_request_id));
    let request_id = given.cloned().unwrap_or_else(|| {
        // An id is plain text.
        HeaderValue::from_bytes(&core.ids.next::<NewRequestId>().text())
            .unwrap_or(HeaderValue::from_static("req"))
    });
    let mut trace = TraceContext::of(&head.headers, || core.rng.bytes());
    let recording = core.shared.tracer.as_ref();
    let recording = recording.filter(|tracer| tracer.samples(&mut trace, core.random(), core.nanos(began)));
    Box::new(Record {
        core: Arc::clone(core),
        connection: Arc::clone(connection),
        began,
        request_id,
        trace,
        recording: recording.map(|_| Box::new(Recording::new(&core.rng, caller, head.version))),
        client: caller.address,
        method: head.method.clone(),
        uri: head.uri.clone(),
        route: None,
        principal: None,
        metered: false,
        target: None,
        upstream: None,
        problem: None,
        status: 0,
        whole: false,
        bytes_in: None,
        bytes_out: 0,
        sampled: core.shared.request_log.as_ref().is_some_and(|log| log.samples(core.random())),
        waited: Waited::default(),
        sent: None,
        head: text,
        answer_head: None,
        bodies: None,
    })
}

/// Puts the normal form of the path in place of what was sent, so that route and upstream see the same.
fn clean_path(head: &mut Head) -> Result<(), Box<Problem>> {
    let path = normalise(head.uri.path()).map_err(|fault| malformed(&fault))?;
    if path != head.uri.path() {
        let cleaned = match head.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.into_owned(),
        };
        // The host, where the target names one, stays: routes go by it.
        let mut parts = head.uri.clone().into_parts();
        parts.path_and_query = Some(cleaned.parse().map_err(|fault: InvalidUri| malformed(&fault))?);
        head.uri = Uri::from_parts(parts).map_err(|fault| malformed(&fault))?;
    }
    Ok(())
}

impl<'a> Call<'a> {
    fn new(
        core: &'a Arc<Core>,
        plane: &'a Plane,
        record: Box<Record>,
        peer: &'a Peer,
        caller: Caller,
    ) -> Self {
        Self {
            core,
            plane,
            record,
            peer,
            caller,
            told: Headers::new(),
            limits: Limits::default(),
            page: None,
        }
    }

    /// Nothing more is read from who cannot be understood: another server may see the end of this request elsewhere.
    fn distrust(&mut self, head: &Head, problem: Box<Problem>) -> Box<Problem> {
        if head.version < Version::HTTP_2 {
            self.told.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        problem
    }

    /// What a browser is told that asks whether a page may call.
    fn preflight(&mut self, head: &Head) -> Option<Headers> {
        let method = cors::preflight_method(&head.method, &head.headers)?;
        let (route, _) = self.find(head, &method).ok()?;
        let headers = route.cors.as_ref()?.preflight(&head.headers);
        self.record.route = Some(route);
        Some(headers)
    }

    fn find(&self, head: &Head, method: &Method) -> Result<(Arc<Route>, Captures), Box<Problem>> {
        let path = head.uri.path();
        let host = header_hygiene::host(head).unwrap_or_default();
        match self.plane.table.find(host, path, method, &head.headers) {
            Found::Route { index, captures } => Ok((Arc::clone(&self.plane.routes[index]), captures)),
            Found::MethodNotAllowed { allow } => {
                let detail = "the allow header lists what this path takes";
                Err(Box::new(Problem::new(&kinds::METHOD_NOT_ALLOWED, detail).with_header(ALLOW, allow)))
            }
            Found::Nothing => {
                Err(Box::new(Problem::new(&kinds::NOT_FOUND, format!("there is nothing at {path}"))))
            }
        }
    }

    /// Notes which route has taken the request.
    fn takes(&mut self, route: &Arc<Route>, head: &Head) {
        self.record.route = Some(Arc::clone(route));
        if let (Some(rules), Some(log)) = (&route.bodies, &self.core.shared.request_log) {
            self.record.bodies = Some(Box::new(Tapped::begin(rules, &log.room, &head.headers)));
        }
        if route.cors.is_some() {
            let origin = head.headers.get(ORIGIN).map(|origin| (ORIGIN, origin.clone()));
            self.page = Some((Arc::clone(route), origin.into_iter().collect()));
        }
    }

    /// Asks who calls, by what a gate takes for an answer.
    async fn identify(&mut self, gate: &Gate, headers: &Headers) -> Result<(), Box<Problem>> {
        let identified = gate.identify(self.core, &self.plane.issuers, headers, self.caller.address);
        let (principal, wait) = waited(identified).await;
        self.record.waited.who = wait;
        self.record.principal = principal.map_err(|problem| self.unauthenticated(gate, Box::new(problem)))?;
        Ok(())
    }

    /// Has a place promised at which the call is counted. A service may tell only afterwards whose a call was.
    fn meter(&mut self, route: &Route) -> Result<(), Box<Problem>> {
        if self.record.principal.is_some() || matches!(route.leads_to, Destination::Service(_)) {
            self.record.metered = self.core.meter.promise();
            if !self.record.metered && self.core.meter.is_on() {
                return Err(Box::new(Problem::unavailable("calls cannot be counted just now")));
            }
        }
        Ok(())
    }

    fn elsewhere(&self, redirect: &Redirect, uri: &Uri, captures: &Captures) -> Result<Reply, Box<Problem>> {
        let location = redirect.location(uri.path(), captures, uri.query());
        Ok(Reply::redirect(redirect.status(), location.map_err(|fault| malformed(&fault))?))
    }
}

#[cold]
fn malformed(fault: &dyn std::fmt::Display) -> Box<Problem> {
    Box::new(Problem::new(&kinds::MALFORMED, fault.to_string()))
}

/// A method that no route takes, whatever it says of methods.
#[cold]
fn no_such_method(fault: &dyn std::fmt::Display) -> Box<Problem> {
    let problem = Problem::new(&kinds::METHOD_NOT_ALLOWED, fault.to_string());
    let allow = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    Box::new(problem.with_header(ALLOW, allow))
}

#[cold]
fn too_large(limit: u64) -> Box<Problem> {
    Box::new(Problem::new(&kinds::TOO_LARGE, format!("this route takes at most {limit} bytes")))
}
