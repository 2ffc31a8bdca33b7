//! What a collector and an upstream learn of a request's trace.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use comporta::server::{Limits, Stop, serve};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as Outcome;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::collector::{Collector, attributes};
use crate::test_app::{Answer, TestApp};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A gateway that sends traces, and an upstream behind it.
struct Case {
    app: TestApp,
    collector: Collector,
    upstream: Upstream,
}

/// Answers 404 to `/missing`, else 200, and keeps the headers it was sent.
struct Upstream {
    url: String,
    seen: Arc<Mutex<Vec<HeaderMap>>>,
    stop: Stop,
}

impl Upstream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, (stop, stopped)) = (Arc::new(Mutex::new(Vec::new())), watch::channel(None));
        let seeing = Arc::clone(&seen);
        let answer = move |uri: Uri, headers: HeaderMap| {
            seeing.lock().unwrap().push(headers);
            let missing = uri.path() == "/inner/missing";
            std::future::ready(if missing { StatusCode::NOT_FOUND } else { StatusCode::OK })
        };
        let patience = Duration::from_secs(10);
        let limits = Limits { connections: 100, header_timeout: patience };
        tokio::spawn(serve(listener, Router::new().fallback(answer), limits, stopped));
        Self { url, seen, stop }
    }

    /// The last request's header.
    fn saw(&self, name: &str) -> String {
        let seen = self.seen.lock().unwrap();
        seen.last().unwrap().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
    }
}

impl Case {
    async fn start(sample: &str) -> Self {
        let (collector, upstream) = (Collector::start().await, Upstream::start().await);
        let yaml = format!(
            "
tracing: {{otlp: '{}', sample: {sample}, service_name: shop, headers: {{api-key: hunter2}}}}
upstreams:
  orders: {{targets: [{{url: '{}'}}]}}
routes:
  - {{name: orders, match: {{path: '/orders/{{id}}'}}, upstream: orders, rewrite: {{path: {{to: '/inner/{{id}}'}}}}}}
",
            collector.url(),
            upstream.url
        );
        Self { app: TestApp::start_with(&yaml).await, collector, upstream }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path).header("x-api-key", &self.app.first.api_key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.app.send(request.body(Body::empty()).unwrap()).await
    }

    /// Every span there will be, those of upstream calls first.
    async fn spans(&mut self) -> Vec<Span> {
        self.app.flush().await;
        let mut spans = self.collector.spans();
        spans.sort_by_key(|span| std::cmp::Reverse(span.kind));
        spans
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_trace_goes_from_the_caller_through_the_gateway_to_the_upstream() {
    let mut case = Case::start("0%").await;
    let answer =
        case.get("/orders/7?token=hunter3", &[("traceparent", &format!("00-{TRACE}-{CALLER}-01"))]).await;
    assert_eq!(answer.status, 200);
    let spans = case.spans().await;
    let [call, request] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!([&call.trace_id, &request.trace_id].map(|id| hex(id)), [TRACE, TRACE]);
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(call.parent_span_id, request.span_id);
    assert_eq!(case.upstream.saw("traceparent"), format!("00-{TRACE}-{}-01", hex(&call.span_id)));

    assert_eq!((request.kind(), request.name.as_str()), (SpanKind::Server, "GET /orders/{id}"));
    let size = answer.body.len().to_string();
    let upstream = case.upstream.url.trim_start_matches("http://").to_owned();
    let expected = [
        ("client.address", "127.0.0.1"),
        ("comporta.company_id", &case.app.first.company_id),
        ("comporta.request_id", answer.header("x-request-id")),
        ("comporta.route", "orders"),
        ("http.request.body.size", "0"),
        ("http.request.method", "GET"),
        ("http.response.body.size", &size),
        ("http.response.status_code", "200"),
        ("http.route", "/orders/{id}"),
        ("network.protocol.version", "1.1"),
        ("server.address", "comporta.test"),
        ("url.path", "/orders/7"),
        ("url.scheme", "http"),
    ];
    assert_eq!(attributes(&request.attributes), expected.map(|(key, value)| (key, value.to_owned())).into());
    assert_eq!((call.kind(), call.name.as_str()), (SpanKind::Client, "GET"));
    let expected = [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("server.address", "127.0.0.1"),
        ("server.port", upstream.rsplit_once(':').unwrap().1),
        ("url.full", &format!("http://{upstream}/inner/7")),
    ];
    assert_eq!(attributes(&call.attributes), expected.map(|(key, value)| (key, value.to_owned())).into());

    // 2026-03-10T15:00:00Z, where the clock stands; what was measured lies before it.
    assert_eq!(request.end_time_unix_nano, 1_773_154_800_000_000_000);
    assert!(request.start_time_unix_nano < call.start_time_unix_nano);
    assert!(call.start_time_unix_nano < call.end_time_unix_nano);
    assert!(call.end_time_unix_nano <= request.end_time_unix_nano);
}

#[tokio::test]
async fn a_collector_learns_no_secret_and_knows_whose_traces_they_are() {
    let mut case = Case::start("100%").await;
    case.get("/orders/7?token=hunter3", &[("cookie", "session=hunter3")]).await;
    case.spans().await;
    let [(headers, body)] = &case.collector.sent()[..] else { panic!() };
    assert_eq!(
        (&headers["content-type"], &headers["api-key"]),
        (&"application/x-protobuf".parse().unwrap(), &"hunter2".parse().unwrap())
    );
    let text = String::from_utf8_lossy(body);
    for secret in [case.app.first.api_key.as_str(), "hunter", "token", "session"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let message = &case.collector.messages()[0].resource_spans[0];
    let resource = attributes(&message.resource.as_ref().unwrap().attributes).clone();
    assert_eq!((resource["service.name"].as_str(), resource.contains_key("service.version")), ("shop", true));
}

#[tokio::test]
async fn a_request_that_nobody_samples_leaves_no_span_and_its_upstream_is_told() {
    let mut case = Case::start("0%").await;
    case.get("/orders/7", &[]).await;
    assert!(case.upstream.saw("traceparent").ends_with("-02"), "random, not recorded");
    case.get("/orders/7", &[("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793")]).await;
    assert!(case.upstream.saw("x-amzn-trace-id").ends_with(";Sampled=0"));
    assert_eq!(case.spans().await, []);
}

#[tokio::test]
async fn a_caller_who_says_no_is_obeyed() {
    let mut case = Case::start("100%").await;
    case.get("/orders/7", &[("traceparent", &format!("00-{TRACE}-{CALLER}-00"))]).await;
    case.get("/orders/7", &[("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")]).await;
    assert_eq!(case.spans().await, []);
}

#[tokio::test]
async fn a_service_of_this_process_is_part_of_the_request() {
    let mut case = Case::start("100%").await;
    assert_eq!(case.get("/v1/accounts", &[]).await.status, 200);
    let spans = case.spans().await;
    let named =
        |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{spans:?}"));
    let (request, service) = (named("GET /v1/accounts/**"), named("GET /v1/accounts"));
    assert_eq!((request.kind(), service.kind()), (SpanKind::Server, SpanKind::Internal));
    assert_eq!(request.parent_span_id, [0u8; 0], "the trace begins here");
    assert_eq!(service.parent_span_id, request.span_id);
    let asked: Vec<_> = spans.iter().filter(|span| span.kind() == SpanKind::Client).collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|span| span.parent_span_id == service.span_id),
        "{spans:?}"
    );
    assert_eq!(asked.len() + 2, spans.len());
}

#[tokio::test]
async fn a_failure_is_told_where_it_is_one() {
    let of = |span: &Span| {
        let attributes = attributes(&span.attributes);
        let field = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let failed = span.status.as_ref().unwrap().code() == Outcome::Error;
        (failed, field("http.response.status_code"), field("error.type"))
    };
    let told = |failed, status: &str, kind: &str| (failed, status.to_owned(), kind.to_owned());

    // What is missing is the caller's mistake: for the gateway no failure, for the call one.
    let mut missing = Case::start("100%").await;
    assert_eq!(missing.get("/orders/missing", &[]).await.status, 404);
    let spans = missing.spans().await;
    assert_eq!(spans.iter().map(of).collect::<Vec<_>>(), [told(true, "404", "404"), told(false, "404", "")]);

    let mut refused = Case::start("100%").await;
    let nobody = Request::get("/orders/7").body(Body::empty()).unwrap();
    assert_eq!(refused.app.send(nobody).await.status, 401);
    let spans = refused.spans().await;
    assert_eq!(spans.iter().map(of).collect::<Vec<_>>(), [told(false, "401", "")]);
    assert!(!attributes(&spans[0].attributes).contains_key("comporta.company_id"));

    let Case { app, collector, upstream } = Case::start("100%").await;
    let Upstream { url, seen, stop } = upstream;
    drop(stop);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut down = Case { app, collector, upstream: Upstream { url, seen, stop: watch::Sender::new(None) } };
    let answer = down.get("/orders/7", &[]).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    let kind = answer.problem().1;
    let spans = down.spans().await;
    assert_eq!(spans.iter().map(of).collect::<Vec<_>>(), [told(true, "", &kind), told(true, "503", &kind)]);
}
