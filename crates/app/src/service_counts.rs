//! Prometheus' counters of requests that gateways of other processes send here, by service, method and status. Under
//! names of their own: the gateway counts the same requests, and a sum over all processes would have them twice.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use metrics::{Counter, Gauge};

/// Statuses of failures of ours.
const FAILURES: [u16; 3] = [500, 502, 503];
/// The status of a request whose gateway left before there was an answer, as proxies have it.
const LEFT: u16 = 499;

/// The service that a request is for, once a route of it was found.
#[derive(Clone, Default)]
struct Found(Arc<OnceLock<&'static str>>);

/// A request under way. It is counted when its answer has ended, or nobody waits for it any more.
struct Counted {
    found: Found,
    method: &'static str,
    status: u16,
    began: Instant,
    in_flight: Gauge,
}

/// The body of an answer, with the request that it answers.
struct Counting {
    body: Body,
    _counted: Counted,
}

/// Begins a service's counters of failures at none: a rate does not see the first of a counter that begins with it.
pub(crate) fn begin(service: &'static str) {
    for status in FAILURES {
        ["GET", "POST"].iter().for_each(|method| requests(service, method, status).increment(0));
    }
}

/// Notes which service a request is for: around the routes of that service.
pub(crate) async fn note(State(service): State<&'static str>, request: Request, next: Next) -> Response {
    if let Some(Found(found)) = request.extensions().get() {
        let _ = found.set(service);
    }
    next.run(request).await
}

/// Counts a request, to the last byte of its answer: around everything.
pub(crate) async fn count(mut request: Request, next: Next) -> Response {
    let found = Found::default();
    request.extensions_mut().insert(found.clone());
    let in_flight = metrics::gauge!("comporta_service_requests_in_flight");
    in_flight.increment(1.0);
    let method = known(request.method());
    let mut counted = Counted { found, method, status: LEFT, began: Instant::now(), in_flight };
    let response = next.run(request).await;
    counted.status = response.status().as_u16();
    response.map(|body| Body::new(Counting { body, _counted: counted }))
}

fn requests(service: &'static str, method: &'static str, status: u16) -> Counter {
    let labels =
        [("service", service.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
    metrics::counter!("comporta_service_requests_total", &labels)
}

/// What stands as `method`: a caller may send any word, as a label it must be one of a few.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // Probes, what was refused, and paths that no service has are nobody's.
        let service = self.found.0.get().copied().unwrap_or("none");
        requests(service, self.method, self.status).increment(1);
        let took = self.began.elapsed();
        metrics::histogram!("comporta_service_request_seconds", "service" => service).record(took);
        self.in_flight.decrement(1.0);
    }
}

impl HttpBody for Counting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
