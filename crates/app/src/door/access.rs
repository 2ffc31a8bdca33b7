//! One line and one count per request.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use comporta_http::{Principal, RequestId};

use crate::logging::ACCESS;

/// The layer that logs and measures each request. Labels are the route's pattern and the status: never a company.
pub(super) async fn log_request(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let request_id = request.extensions().get::<RequestId>().cloned();
    let trace_id = trace_id(request.headers()).map(str::to_owned);
    let response = next.run(request).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let labels = [
        ("route", route.to_owned()),
        ("method", known_method(&method).to_owned()),
        ("status", status.to_string()),
    ];
    metrics::counter!("comporta_http_requests_total", &labels).increment(1);
    metrics::histogram!("comporta_http_request_seconds", "route" => route.to_owned()).record(took);
    let principal = response.extensions().get::<Arc<Principal>>();
    tracing::info!(
        target: ACCESS,
        request_id = request_id.as_ref().map_or("", RequestId::as_str),
        trace_id,
        company = principal.map(|principal| tracing::field::display(principal.company_id)),
        key = principal.map(|principal| &*principal.actor),
        method = method.as_str(),
        path,
        route,
        status,
        microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

/// A caller may send any word as a method: as a label it must be one of a few.
fn known_method(method: &axum::http::Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    }
}

/// The trace that the caller goes on with: W3C `traceparent` (version-trace-parent-flags) or X-Ray's `Root=`.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_hex = |id: &&str| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let from_w3c = text("traceparent").and_then(|parent| parent.split('-').nth(1)).filter(is_hex);
    let root = || text("x-amzn-trace-id")?.split(';').find_map(|part| part.trim().strip_prefix("Root="));
    from_w3c.or_else(|| {
        root().filter(|id| id.len() == 35 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, value: &'static str) -> Option<String> {
        let headers =
            [(axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_static(value))];
        trace_id(&headers.into_iter().collect()).map(str::to_owned)
    }

    #[test]
    fn a_callers_trace_is_gone_on_with_only_when_well_formed() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(of("traceparent", parent).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        let root = "Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678";
        assert_eq!(of("x-amzn-trace-id", root).as_deref(), Some("1-67891233-abcdef012345678912345678"));
        for wrong in ["", "00-xyz-1-01", "a\"b", "00"] {
            assert_eq!(of("traceparent", wrong), None, "{wrong}");
        }
    }
}
