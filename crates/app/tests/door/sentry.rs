//! Failures on their way to a Sentry that reads envelopes strictly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use comporta::sentry::{self, Reports};
use comporta::server::{Limits, Stop, serve};
use comporta::settings::{Secret, SentrySettings};
use comporta_gateway::{Failure, FailureSink as _};
use comporta_http::Problem;
use comporta_kernel::{ManualClock, Rng};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Takes envelopes as Sentry's relay does. Gone when it is dropped.
struct Relay {
    address: SocketAddr,
    kept: Arc<Kept>,
    _stop: Stop,
}

#[derive(Default)]
struct Kept {
    events: Mutex<Vec<Value>>,
    /// The next answers; when there are none, 200.
    answers: Mutex<VecDeque<Response>>,
}

impl Relay {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (kept, (stop, stopped)) = (Arc::new(Kept::default()), watch::channel(None));
        let keeping = Arc::clone(&kept);
        let take = async move |Path(project): Path<String>, headers: HeaderMap, body: Bytes| {
            assert_eq!(
                (project.as_str(), &headers["content-type"]),
                ("42", &"application/x-sentry-envelope".parse().unwrap())
            );
            let auth = headers["x-sentry-auth"].to_str().unwrap();
            assert!(
                auth.starts_with("Sentry ")
                    && auth.contains("sentry_key=pub1ic")
                    && auth.contains("sentry_version=7"),
                "{auth}"
            );
            keeping.events.lock().unwrap().push(event_of(&body));
            let answer = keeping.answers.lock().unwrap().pop_front();
            answer.unwrap_or_else(|| (StatusCode::OK, "{}").into_response())
        };
        let limits = Limits { connections: 100, header_timeout: Duration::from_secs(10) };
        tokio::spawn(serve(
            listener,
            Router::new().route("/base/api/{project}/envelope/", post(take)),
            limits,
            stopped,
        ));
        Self { address, kept, _stop: stop }
    }

    fn dsn(&self) -> String {
        format!("http://pub1ic@{}/base/42", self.address)
    }

    fn will_answer(&self, answer: impl IntoResponse) {
        self.kept.answers.lock().unwrap().push_back(answer.into_response());
    }

    fn events(&self) -> Vec<Value> {
        self.kept.events.lock().unwrap().clone()
    }

    /// Waits for so many events.
    async fn heard(&self, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        while self.events().len() < count {
            assert!(begun.elapsed() < Duration::from_secs(20), "only {:?}", self.events());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.events()
    }
}

/// The one event of an envelope: a line of headers, then for each item a line that says its type and length, so many
/// bytes, and an end of line.
fn event_of(envelope: &[u8]) -> Value {
    let line = |bytes: &[u8]| {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        (serde_json::from_slice::<Value>(&bytes[..end]).unwrap(), bytes[end + 1..].to_vec())
    };
    let (headers, rest) = line(envelope);
    let (item, rest) = line(&rest);
    assert_eq!(item["type"], "event");
    let (payload, rest) = rest.split_at(usize::try_from(item["length"].as_u64().unwrap()).unwrap());
    assert_eq!(rest, b"\n", "one item, and nothing after it");
    let event: Value = serde_json::from_slice(payload).unwrap();
    assert_eq!(
        headers["event_id"].as_str().unwrap().replace('-', ""),
        event["event_id"].as_str().unwrap().replace('-', "")
    );
    assert!(headers["sent_at"].is_string() && headers["dsn"].is_null(), "{headers}");
    event
}

/// Failures towards a relay.
struct Case {
    reports: Reports,
    stop: CancellationToken,
    sending: JoinHandle<()>,
}

fn case(dsn: &str) -> Case {
    let settings = SentrySettings {
        dsn: Some(Secret::new(dsn)),
        environment: "staging".to_owned(),
        sample: "100%".parse().unwrap(),
        unavailable: false,
    };
    let clock = ManualClock::at("2026-03-10T15:00:00Z".parse().unwrap());
    let (reports, sender) = sentry::open(&settings, clock.into(), Rng::system()).unwrap().unwrap();
    let stop = CancellationToken::new();
    let sending = tokio::spawn(sender.run(stop.clone()));
    Case { reports, stop, sending }
}

impl Case {
    fn fail(&self, route: &str) {
        self.failed(route, "internal");
    }

    fn failed(&self, route: &str, problem: &'static str) {
        self.reports.failed(&Failure {
            request_id: "req_1",
            trace_id: Some([0xab; 16]),
            route: Some(route),
            status: 500,
            problem,
        });
    }
}

#[tokio::test]
async fn a_failure_is_told_with_what_finds_it_and_nothing_else() {
    let relay = Relay::start().await;
    let case = case(&relay.dsn());
    case.fail("entries");
    let event = &relay.heard(1).await[0];
    assert_eq!(
        event["tags"],
        json!({"request_id": "req_1", "trace_id": "ab".repeat(16), "route": "entries", "problem": "internal", "status": "500"})
    );
    assert_eq!(event["exception"]["values"][0]["type"], "internal");
    assert_eq!(event["contexts"]["trace"]["trace_id"], "ab".repeat(16));
    assert_eq!((&event["environment"], &event["timestamp"]), (&json!("staging"), &json!(1_773_154_800)));
    assert_eq!(event["release"], format!("comporta@{}", env!("CARGO_PKG_VERSION")));
    let mut names: Vec<&String> = event.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "contexts",
            "environment",
            "event_id",
            "exception",
            "fingerprint",
            "logger",
            "platform",
            "release",
            "tags",
            "timestamp"
        ]
    );
}

#[tokio::test]
async fn of_a_kind_one_a_second_is_told_and_how_many_were_not() {
    let relay = Relay::start().await;
    let case = case(&relay.dsn());
    for _ in 0..50 {
        case.fail("entries");
    }
    case.fail("books");
    relay.heard(2).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    case.fail("entries");
    let events = relay.heard(3).await;
    assert_eq!((events.len(), &events[2]["extra"]["left_out"]), (3, &json!(49)));
}

#[tokio::test]
async fn what_others_are_to_blame_for_is_not_told() {
    let relay = Relay::start().await;
    let case = case(&relay.dsn());
    for problem in ["unavailable", "bad-gateway", "gateway-timeout"] {
        case.failed("entries", problem);
    }
    case.fail("books");
    assert_eq!(relay.heard(1).await[0]["tags"]["route"], "books");
}

#[tokio::test]
async fn a_sentry_that_wants_to_hear_nothing_hears_nothing() {
    let relay = Relay::start().await;
    relay.will_answer((StatusCode::TOO_MANY_REQUESTS, [("x-sentry-rate-limits", "2:error:key")], ""));
    let case = case(&relay.dsn());
    case.fail("a");
    relay.heard(1).await;
    let quiet = Instant::now();
    while relay.events().len() < 2 {
        assert!(quiet.elapsed() < Duration::from_secs(20));
        case.fail("b");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(quiet.elapsed() > Duration::from_millis(1800), "{:?}", quiet.elapsed());
}

#[tokio::test]
async fn what_is_left_is_told_at_the_end_for_two_seconds_at_most() {
    let relay = Relay::start().await;
    let told = case(&relay.dsn());
    for route in ["a", "b", "c"] {
        told.fail(route);
    }
    told.stop.cancel();
    told.sending.await.unwrap();
    assert_eq!(relay.events().len(), 3);

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let waiting = case(&format!("http://pub1ic@{}/42", silent.local_addr().unwrap()));
    waiting.fail("a");
    let begun = Instant::now();
    waiting.stop.cancel();
    waiting.sending.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// The hook is the whole process's, so all of it is one test.
#[tokio::test]
async fn panics_are_told_with_their_place_and_their_request_and_no_message_that_may_hold_data() {
    let relay = Relay::start().await;
    let case = case(&relay.dsn());
    case.reports.clone().tell_panics();
    let ids = comporta_kernel::IdSource::new(comporta_kernel::Clock::system(), Rng::system());
    let id = comporta_http::RequestId::new("req_panicked".into());
    let secret = ids.uuid().to_string();
    let data = secret.clone();
    let work = sentry::of_request(id, async move { panic!("cannot read {data}") });
    assert!(tokio::spawn(work).await.is_err());
    assert!(tokio::spawn(async { panic!("this stands in the program") }).await.is_err());
    let events = loop {
        // Other tests of this process may panic too, on purpose.
        let own = |event: &&Value| {
            event["exception"]["values"][0]["stacktrace"]["frames"][0]["filename"]
                .as_str()
                .unwrap()
                .ends_with("sentry.rs")
        };
        let events: Vec<Value> = relay.events().iter().filter(own).cloned().collect();
        if events.len() >= 2 {
            break events;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(events[0]["tags"]["request_id"], "req_panicked");
    assert!(events.iter().all(|event| !event.to_string().contains(&secret)));
    assert_eq!(events[1]["exception"]["values"][0]["value"], "this stands in the program");
    assert_eq!(
        (&events[0]["level"], &events[0]["exception"]["values"][0]["mechanism"]["handled"]),
        (&json!("fatal"), &json!(false))
    );
}

#[tokio::test]
async fn a_failure_without_a_gateway_is_told_too() {
    let relay = Relay::start().await;
    let case = case(&relay.dsn());
    let fails = || async { Problem::internal(&std::io::Error::other("s3cr3t")) };
    let router = sentry::watch(Router::new().route("/admin/v1/{id}", get(fails)), Some(case.reports.clone()));
    let answer =
        router.oneshot(Request::get("/admin/v1/7?key=s3cr3t").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 500);
    let event = &relay.heard(1).await[0];
    assert_eq!(event["tags"]["route"], "/admin/v1/{id}");
    assert!(!event.to_string().contains("s3cr3t"));
}
