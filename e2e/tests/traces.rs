//! The spans of one request, through gateway, service and database, as a receiver that somebody else wrote (oteltest's)
//! has decoded them: one trace, under the id that came in.
#![cfg(test)]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comporta_e2e::{Engine, Gateway};
use comporta_neighbours::{OtelTest, free_port};
use comporta_testkit::{Client, EntryBody, Setup};
use serde_json::{Value, json};

/// As a load balancer of AWS sends it, for a trace that somebody before it began.
const X_RAY: &str = "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1";
const TRACE: &str = "67891233abcdef012345678912345678";
const PARENT: &str = "463ac35c9f6413ad";
const NOT_SAMPLED: &str = "Root=1-67891233-000000000000000000000001;Parent=463ac35c9f6413ad;Sampled=0";
const SECRET: &str = "nobody-needs-to-know-this";
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than spans wait for others.
const A_BATCH: Duration = Duration::from_secs(3);

/// A span as it arrived.
#[derive(Clone, Debug)]
struct Span {
    service: String,
    scope: String,
    trace: String,
    id: String,
    parent: String,
    name: String,
    kind: String,
    began: u64,
    ended: u64,
    attributes: Value,
}

impl Span {
    fn attribute(&self, name: &str) -> &Value {
        &self.attributes[name]
    }

    /// The other one is within it, by its own word and by the clock.
    fn holds(&self, inner: &Self) {
        assert_eq!((&inner.parent, &inner.trace), (&self.id, &self.trace), "{self:#?}\n{inner:#?}");
        let nested = self.began <= inner.began && inner.began <= inner.ended && inner.ended <= self.ended;
        assert!(nested, "{self:#?}\n{inner:#?}");
    }
}

/// Everything that has arrived.
fn arrived(receiver: &OtelTest) -> Vec<Span> {
    let mut found = Vec::new();
    for message in receiver.traces().unwrap() {
        let message: Value = serde_json::from_str(&message).unwrap();
        for resource in list(&message["resourceSpans"]) {
            let service = attributes(&resource["resource"]["attributes"])["service.name"].clone();
            for scope in list(&resource["scopeSpans"]) {
                let scope_name = text(&scope["scope"]["name"]);
                found
                    .extend(list(&scope["spans"]).iter().map(|span| read(span, text(&service), &scope_name)));
            }
        }
    }
    found
}

fn read(span: &Value, service: String, scope: &str) -> Span {
    let id = |name: &str| {
        let bytes = STANDARD.decode(span[name].as_str().unwrap_or_default()).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let time = |name: &str| text(&span[name]).parse().unwrap();
    Span {
        service,
        scope: scope.to_owned(),
        trace: id("traceId"),
        id: id("spanId"),
        parent: id("parentSpanId"),
        name: text(&span["name"]),
        kind: text(&span["kind"]),
        began: time("startTimeUnixNano"),
        ended: time("endTimeUnixNano"),
        attributes: attributes(&span["attributes"]),
    }
}

/// Protobuf's JSON has numbers of 64 bits as texts.
fn attributes(list_of: &Value) -> Value {
    let pairs = list(list_of).iter().map(|pair| {
        let value = &pair["value"];
        let value = if value["intValue"].is_null() { &value["stringValue"] } else { &value["intValue"] };
        (text(&pair["key"]), value.clone())
    });
    Value::Object(pairs.collect())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The spans of the trace, once there are so many, and no more after that.
async fn trace(receiver: &OtelTest, count: usize) -> Vec<Span> {
    let of_trace = || arrived(receiver).into_iter().filter(|span| span.trace == TRACE).collect::<Vec<_>>();
    let begun = Instant::now();
    while of_trace().len() < count {
        assert!(begun.elapsed() < PATIENCE, "{:#?}", arrived(receiver));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(A_BATCH).await;
    let found = of_trace();
    assert_eq!(found.len(), count, "{found:#?}");
    found
}

fn only<'a>(spans: &'a [Span], scope: &str, kind: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.scope == scope && span.kind == kind);
    let span = found.next().unwrap_or_else(|| panic!("no {kind} of {scope}: {spans:#?}"));
    assert!(found.next().is_none(), "more than one {kind} of {scope}: {spans:#?}");
    span
}

fn telling(url: &str, receiver: &OtelTest, name: &str) -> Setup {
    let setup = Setup::new(url).with("COMPORTA_TRACING__OTLP", &receiver.url());
    // Only what its caller asks for is recorded.
    setup.with("COMPORTA_TRACING__SAMPLE", "0%").with("COMPORTA_TRACING__SERVICE_NAME", name)
}

async fn post(client: &mut Client, trace: &str) {
    let headers = [("x-amzn-trace-id", trace), ("idempotency-key", SECRET)];
    let body = EntryBody::credit(100, SECRET).on("2026-03-02");
    let answer = client.post("/v1/entries", &headers, &body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// What the database's span of a posted entry says, by OpenTelemetry's conventions.
fn is_the_commit(span: &Span, engine: Engine) {
    assert_eq!((span.name.as_str(), span.scope.as_str()), ("INSERT entry", "comporta.db"));
    let system = if engine == Engine::Postgres { "postgresql" } else { "sqlite" };
    assert_eq!(span.attribute("db.system.name"), system);
    assert_eq!(
        (span.attribute("db.operation.name"), span.attribute("db.collection.name")),
        (&json!("INSERT"), &json!("entry"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_gives_one_trace_on_sqlite() {
    one_process(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_gives_one_trace_on_postgres() {
    one_process(Engine::Postgres).await;
}

async fn one_process(engine: Engine) {
    let receiver = OtelTest::start().unwrap();
    let server = telling(&engine.fresh_url(), &receiver, "till").whole().start().await.unwrap();
    let mut client = server.client().unwrap();
    post(&mut client, NOT_SAMPLED).await;
    post(&mut client, X_RAY).await;
    let headers = [("x-amzn-trace-id", X_RAY)];
    let path = "/v1/daily-balances/2026-03-02";
    let balance = client.request(hyper::Method::GET, path, &headers, "".into()).await.unwrap();
    assert_eq!(balance.status, 200, "{}", balance.text());

    let spans = trace(&receiver, 6).await;
    assert!(spans.iter().all(|span| span.service == "till"), "{spans:#?}");
    let of = |route: &str| {
        let found = spans.iter().find(|span| span.scope == "comporta.service" && span.name == route);
        let service = found.unwrap_or_else(|| panic!("no {route}: {spans:#?}"));
        let gateway = spans.iter().find(|span| span.id == service.parent).unwrap();
        let database = spans.iter().find(|span| span.parent == service.id).unwrap();
        assert_eq!((gateway.scope.as_str(), gateway.kind.as_str()), ("comporta.gateway", "SPAN_KIND_SERVER"));
        assert_eq!((gateway.parent.as_str(), service.kind.as_str()), (PARENT, "SPAN_KIND_INTERNAL"));
        assert_eq!(service.attribute("comporta.service"), "ledger");
        gateway.holds(service);
        service.holds(database);
        database
    };
    is_the_commit(of("POST /v1/entries"), engine);
    let read = of("GET /v1/daily-balances/{date}");
    assert_eq!(
        (read.attribute("db.operation.name"), read.kind.as_str()),
        (&json!("SELECT"), "SPAN_KIND_CLIENT")
    );
    // What nobody asked for was not recorded, and nothing tells what was said.
    assert!(arrived(&receiver).iter().all(|span| span.trace == TRACE), "{:#?}", arrived(&receiver));
    assert!(!receiver.traces().unwrap().concat().contains(SECRET));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_and_a_ledger_of_their_own_give_one_trace() {
    let receiver = OtelTest::start().unwrap();
    let url = Engine::Postgres.fresh_url();
    let inside = format!("127.0.0.1:{}", free_port().unwrap());
    let ledger = telling(&url, &receiver, "ledger-process").roles("ledger,partners,jobs");
    let ledger = ledger.with("COMPORTA_IDENTITY__ISSUER", "http://comporta.example");
    let ledger = ledger.with("COMPORTA_SERVICE_LISTEN", &inside).start().await.unwrap();
    let gateway = ledger.beside().roles("gateway").with("COMPORTA_TRACING__SERVICE_NAME", "gateway-process");
    let elsewhere = json!({"targets": [{"url": format!("http://{inside}")}], "principal": true});
    let gateway = Gateway::start_as(gateway, &json!({"upstreams": {"ledger": elsewhere}})).await;
    let mut client = gateway.client();
    post(&mut client, NOT_SAMPLED).await;
    post(&mut client, X_RAY).await;

    let spans = trace(&receiver, 4).await;
    let request = only(&spans, "comporta.gateway", "SPAN_KIND_SERVER");
    let call = only(&spans, "comporta.gateway", "SPAN_KIND_CLIENT");
    let service = only(&spans, "comporta.service", "SPAN_KIND_SERVER");
    let database = only(&spans, "comporta.db", "SPAN_KIND_CLIENT");
    assert_eq!(request.parent, PARENT);
    request.holds(call);
    call.holds(service);
    service.holds(database);
    is_the_commit(database, Engine::Postgres);
    assert_eq!(service.name, "POST /v1/entries");
    let processes = [request, call, service, database].map(|span| span.service.as_str());
    assert_eq!(processes, ["gateway-process", "gateway-process", "ledger-process", "ledger-process"]);
    assert!(arrived(&receiver).iter().all(|span| span.trace == TRACE), "{:#?}", arrived(&receiver));

    // Whoever reaches the inner listener without a gateway's word has nothing recorded.
    let traceparent = format!("00-{}-{PARENT}-01", "b".repeat(32));
    let headers = [("traceparent", traceparent.as_str())];
    let mut stranger = Client::new(inside.parse().unwrap(), None);
    let refused = stranger.request(hyper::Method::GET, "/v1/accounts", &headers, "".into()).await.unwrap();
    assert_eq!(refused.status, 401);
    tokio::time::sleep(A_BATCH).await;
    assert!(arrived(&receiver).iter().all(|span| span.trace == TRACE), "{:#?}", arrived(&receiver));
}
