//! What is kept of requests, who sees it, and that nothing waits for it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::test_app::{Answer, TestApp};

/// Settings under which every request is logged, and entries with their bodies.
const EVERYTHING: &str = r#"
request_log: {sample: 100%}
routes:
  - name: entries
    match: {path: "/v1/entries/**"}
    upstream: ledger
    auth: {any_of: [api-key, jwt], scopes: {GET: "ledger:read", "*": "ledger:write"}}
    log: {bodies: {request: true, response: true, mask: ["$.description", "$.metadata.card[*].number"]}}
"#;

/// Asks until the answer has so many rows: what is logged is written within a second or so.
async fn rows(count: usize, mut ask: impl AsyncFnMut() -> Answer) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let answer = ask().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let rows = answer.json()["data"].as_array().unwrap().clone();
        if rows.len() >= count {
            return rows;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "only {rows:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn get(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_is_found_by_its_id_with_its_harmless_headers_and_nothing_secret() {
    let app = TestApp::start().await;
    let key = app.first.api_key.clone();
    let headers = [
        ("x-api-key", key.as_str()),
        ("x-request-id", "mine-1"),
        ("user-agent", "till/1.0"),
        ("cookie", "session=c00kie"),
        ("x-secret-thing", "hidden-1"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
    ];
    let refused = app.send(get(&format!("/v1/entries?limit=0&api_key={key}&q=hidden-2x"), &headers)).await;
    assert_eq!(refused.status, 422);
    let found = rows(1, async || app.get("/v1/requests?request_id=mine-1").await).await;
    let row = &found[0];
    let key_id = format!("key_{}", key.split('_').nth(2).unwrap());
    let seen = json!({
        "request_id": row["request_id"], "trace_id": row["trace_id"], "key_id": row["key_id"], "method": row["method"],
        "path": row["path"], "query": row["query"], "route": row["route"], "status": row["status"],
        "problem": row["problem"], "broken_off": row["broken_off"], "sampled": row["sampled"], "client": row["client"],
    });
    let wanted = json!({
        "request_id": "mine-1", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "key_id": key_id, "method": "GET",
        "path": "/v1/entries", "query": "limit=0&api_key=***&q=hidden-2x", "route": "entries", "status": 422,
        "problem": "invalid", "broken_off": false, "sampled": false, "client": "127.0.0.1",
    });
    assert_eq!(seen, wanted);
    let times = &row["microseconds"];
    let of = |name: &str| times[name].as_u64().unwrap();
    assert!(of("before") + of("upstream") + of("body") <= of("total") + 3 && of("upstream") > 0, "{times}");

    for id in ["mine-1", row["id"].as_str().unwrap()] {
        let shown = app.get(&format!("/v1/requests/{id}")).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        let headers = shown.json()["request"]["headers"].clone();
        assert!(headers.as_array().unwrap().contains(&json!(["user-agent", "till/1.0"])), "{headers}");
        let answered = shown.json()["response"]["headers"].clone();
        assert!(answered.to_string().contains("application/problem+json"), "{answered}");
        for secret in [key.as_str(), "c00kie", "hidden-1", "x-api-key", "cookie"] {
            assert!(!shown.body.contains(secret), "{secret} is in {}", shown.body);
        }
        assert_eq!(shown.json()["request"]["body"], Value::Null, "no route asked for it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_kept_where_the_route_asks_masked_and_shown_to_the_key_that_sent_them() {
    let app = TestApp::start_with(EVERYTHING).await;
    let body = json!({"kind": "credit", "amount": "10.00", "description": "hush-hush",
        "metadata": {"card": [{"number": "4111111111111111"}], "password": "hunter2"}});
    let posted = app.post("/v1/entries", &body.to_string()).await;
    let id = posted.header("x-request-id").to_owned();
    rows(1, async || app.get(&format!("/v1/requests?request_id={id}")).await).await;
    let shown = app.get(&format!("/v1/requests/{id}")).await.json();
    let text = shown["request"]["body"]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap()["amount"], "10.00");
    assert_eq!(serde_json::from_str::<Value>(text).unwrap()["description"], "***");
    let answered = shown["response"]["body"]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(answered).unwrap()["kind"], posted.json()["kind"]);
    for secret in ["hush-hush", "4111111111111111", "hunter2"] {
        assert!(!shown.to_string().contains(secret), "{secret}: {shown}");
    }

    // Another key of the same company sees that it was, and not what was in it.
    let path = format!("/admin/v1/companies/{}/keys", app.first.company_id);
    let other = app.admin("POST", &path, r#"{"name": "other", "scopes": ["books:read"]}"#).await.json();
    let headers = [("x-api-key", other["key"].as_str().unwrap())];
    let seen = app.send(get(&format!("/v1/requests/{id}"), &headers)).await.json();
    assert_eq!((&seen["request"]["body"], &seen["response"]["body"]), (&Value::Null, &Value::Null));
    assert_eq!(seen["status"], shown["status"]);
    let staff = app.admin("GET", &format!("/admin/v1/requests/{id}"), "").await.json();
    assert_eq!(
        (&staff["request"]["body"], &staff["company_id"]),
        (&shown["request"]["body"], &json!(app.first.company_id))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_known_asked_for_only_staff_see() {
    let app = TestApp::start().await;
    app.send(get("/v1/entries", &[("x-request-id", "nobody-1")])).await;
    let found =
        rows(1, async || app.admin("GET", "/admin/v1/requests?company_id=none&status=401", "").await).await;
    assert_eq!((&found[0]["request_id"], &found[0]["company_id"]), (&json!("nobody-1"), &Value::Null));
    assert_eq!(app.get("/v1/requests?request_id=nobody-1").await.json()["data"], json!([]));
    assert_eq!(app.get("/v1/requests/nobody-1").await.problem().1, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_is_none_is_named() {
    let app = TestApp::start().await;
    for (query, place) in [
        ("status=abc", "?status"),
        ("status=6xx", "?status"),
        ("from=yesterday", "?from"),
        ("to=2026-13-01T00:00:00Z", "?to"),
        ("trace_id=zz", "?trace_id"),
        ("limit=0", "?limit"),
        ("cursor=zz", "?cursor"),
        ("company_id=cmp_1", "?company_id"),
    ] {
        let (status, _, places) = app.get(&format!("/v1/requests?{query}")).await.problem();
        assert_eq!((status, places), (422, vec![place.to_owned()]), "{query}");
    }
    let (status, _, places) = app.admin("GET", "/admin/v1/requests?company_id=x", "").await.problem();
    assert_eq!((status, places), (422, vec!["?company_id".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_log_off_nothing_is_kept() {
    let app = TestApp::start_with("request_log: {enabled: false, sample: 100%}").await;
    app.get("/v1/nothing").await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(app.get("/v1/requests").await.json()["data"], json!([]));
}

/// The gateway answers redirects and refusals by itself, so it can go on with no database at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_delays_no_request() {
    let settings = r#"
request_log: {sample: 100%, queue: 16, rate: 1000000/s}
routes:
  - {name: away, match: {path: /away}, redirect: {to: "https://elsewhere.example.com/"}, auth: {any_of: [none]}}
"#;
    let app = TestApp::start_with(settings).await;
    app.db.close().await;
    let mut slowest = Duration::ZERO;
    // More than one batch: the first is taken, and then there is nobody to take the next.
    for _ in 0..1500 {
        let begun = Instant::now();
        let answer = app.send(get("/away", &[])).await;
        assert_eq!(answer.status, 308);
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let metrics = app.send_privately(get("/metrics", &[])).await.body;
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix(r#"comporta_request_log_dropped_total{reason="queue"} "#));
    assert!(dropped.is_some_and(|count| count.parse::<u64>().unwrap() > 100), "{dropped:?}");
}
