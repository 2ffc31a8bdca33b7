//! A request that is over, as spans: by OpenTelemetry's conventions for HTTP (stable since 1.23).
//!
//! One span for the request, and one for the call of a target: retries are within it, for the upstream was told of one
//! span. The query is never shown: people put secrets there.

use std::time::Duration;

use comporta_kernel::{Span, SpanContext, SpanKind, SpanValue};
use http::uri::Authority;
use http::{HeaderValue, Method, Uri, Version};

use super::{Recording, Tracer};
use crate::access::cut;
use crate::record::Record;

type Attributes = Vec<(&'static str, SpanValue)>;

/// Who tells of these spans.
const SCOPE: &str = "comporta.gateway";
/// The kind of failure of an answer that did not reach its end.
const BROKEN_OFF: &str = "broken_off";

impl Tracer {
    /// Hands on the spans of a request that took so long until `ended`, in nanoseconds since 1970.
    pub(crate) fn tell(&self, record: &Record, recording: &Recording, ended: u64, took: Duration) {
        let began = ended.saturating_sub(nanos(took));
        if let Some(call) = call(record, recording, began) {
            self.sink.record(call);
        }
        self.sink.record(request(record, recording, (began, ended)));
    }
}

/// The request as the gateway answered it.
fn request(record: &Record, recording: &Recording, (began, ended): (u64, u64)) -> Span {
    let method = known(&record.method);
    let failure = match record.problem {
        _ if !record.whole => Some(BROKEN_OFF.into()),
        Some(slug) if record.status >= 500 => Some(slug.into()),
        _ if record.status >= 500 => Some(record.status.to_string().into()),
        _ => None,
    };
    let mut attributes: Attributes = vec![
        ("http.request.method", method.unwrap_or("_OTHER").into()),
        ("url.scheme", recording.scheme.into()),
        ("url.path", cut(record.uri.path()).to_owned().into()),
        ("http.response.status_code", record.status.into()),
        ("client.address", record.client.to_string().into()),
        ("network.protocol.version", protocol(recording.version).into()),
        ("http.request.body.size", record.bytes_in().into()),
        ("http.response.body.size", record.bytes_out.into()),
        ("comporta.request_id", record.request_id().to_owned().into()),
    ];
    let host = recording.host.as_ref().map(HeaderValue::as_bytes);
    if let Some(host) = host.and_then(|host| Authority::try_from(host).ok()) {
        attributes.extend(server(host.host(), host.port_u16()));
    }
    if let Some(route) = &record.route {
        attributes.push(("http.route", route.pattern().to_owned().into()));
        attributes.push(("comporta.route", route.name().to_owned().into()));
    }
    if let Some(principal) = &record.principal {
        attributes.push(("comporta.company_id", principal.company_id.to_string().into()));
    }
    let name = method.unwrap_or("HTTP");
    Span {
        scope: SCOPE,
        context: recording.context(&record.trace),
        parent: record.trace.parent,
        kind: SpanKind::Server,
        name: record
            .route
            .as_ref()
            .map_or_else(|| name.into(), |route| format!("{name} {}", route.pattern()).into()),
        began,
        ended,
        failed: failure.is_some(),
        attributes: with_failure(attributes, failure),
    }
}

/// The call of the upstream, from sending the request to the head of the answer.
fn call(record: &Record, recording: &Recording, request_began: u64) -> Option<Span> {
    let (sent, path) = recording.call.as_ref()?;
    let method = known(&record.method);
    // A problem is ours: the target gave no answer that could be passed on.
    let failure = match record.problem {
        Some(slug) => Some(slug.into()),
        None => (record.status >= 400).then(|| record.status.to_string().into()),
    };
    let mut attributes: Attributes = vec![("http.request.method", method.unwrap_or("_OTHER").into())];
    let target = record.target.as_ref().and_then(|target| target.parse::<Uri>().ok());
    if let Some((scheme, authority)) = target.as_ref().and_then(|uri| uri.scheme_str().zip(uri.authority())) {
        let port = authority.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        attributes.extend(server(authority.host(), Some(port)));
        attributes.push(("url.full", format!("{scheme}://{authority}{}", cut(path.path())).into()));
    }
    if record.problem.is_none() {
        attributes.push(("http.response.status_code", record.status.into()));
    }
    let began = request_began.saturating_add(nanos(sent.duration_since(record.began)));
    Some(Span {
        scope: SCOPE,
        context: SpanContext { trace_id: record.trace.trace_id, span_id: recording.call_id },
        parent: Some(recording.span_id),
        kind: SpanKind::Client,
        name: method.unwrap_or("HTTP").into(),
        began,
        ended: began.saturating_add(record.upstream.map_or(0, nanos)),
        failed: failure.is_some(),
        attributes: with_failure(attributes, failure),
    })
}

fn server(host: &str, port: Option<u16>) -> impl Iterator<Item = (&'static str, SpanValue)> {
    let port = port.map(|port| ("server.port", port.into()));
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    std::iter::once(("server.address", host.into())).chain(port)
}

fn with_failure(mut attributes: Attributes, failure: Option<SpanValue>) -> Attributes {
    attributes.extend(failure.map(|failure| ("error.type", failure)));
    attributes
}

/// A caller may send any word as a method; those that the conventions know are told.
fn known(method: &Method) -> Option<&'static str> {
    match *method {
        Method::GET => Some("GET"),
        Method::HEAD => Some("HEAD"),
        Method::POST => Some("POST"),
        Method::PUT => Some("PUT"),
        Method::PATCH => Some("PATCH"),
        Method::DELETE => Some("DELETE"),
        Method::OPTIONS => Some("OPTIONS"),
        Method::CONNECT => Some("CONNECT"),
        Method::TRACE => Some("TRACE"),
        _ => None,
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
