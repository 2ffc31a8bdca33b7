//! The request log of the shipped program: every error is there, the sample is about right, each filter finds its own,
//! nobody sees another's, and what is too old is gone.
#![cfg(test)]

use std::time::{Duration, Instant};

use comporta_e2e::{Admin, Engine, Gateway, Upstream, full};
use comporta_testkit::{Client, Setup};
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

/// Answers what the last segment of the path says.
async fn upstream() -> Upstream {
    Upstream::start(|request: Request<hyper::body::Incoming>| async move {
        let status =
            request.uri().path().rsplit('/').next().and_then(|status| status.parse().ok()).unwrap_or(200);
        Response::builder().status(status).body(full("{}")).unwrap()
    })
    .await
}

fn settings(upstream: &Upstream, log: Value) -> Value {
    json!({
        "request_log": log,
        "upstreams": {"t": {"targets": [{"url": format!("http://{}", upstream.address())}]}},
        "routes": [{"name": "t", "match": {"path": "/t/**"}, "upstream": "t"}],
    })
}

/// Every row that a search finds, through all its pages.
async fn search(client: &mut Client, headers: &[(&'static str, &str)], path: &str) -> Vec<Value> {
    let (mut rows, mut asked) = (Vec::new(), path.to_owned());
    loop {
        let answer = client.request(Method::GET, &asked, headers, Default::default()).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => asked = format!("{}?limit=500&cursor={cursor}", path.split('?').next().unwrap()),
            None => return rows,
        }
    }
}

/// Waits until a search finds so many.
async fn found(client: &mut Client, path: &str, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let rows = search(client, &[], path).await;
        if rows.len() >= count {
            return rows;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{path}: {} of {count}", rows.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn errors_are_all_there_and_the_sample_is_about_right(engine: Engine) {
    let upstream = upstream().await;
    let log = json!({"sample": "10%", "rate": "100000/s"});
    let gateway = Gateway::start_as(Setup::new(&engine.fresh_url()), &settings(&upstream, log)).await;
    let mut client = gateway.client();
    let (wells, errors) = (3000, 200);
    for number in 0..wells {
        let status = client.get("/t/200").await.unwrap().status.as_u16();
        assert_eq!(status, 200);
        if number % (wells / errors) == 0 {
            let status = if number % 2 == 0 { 404 } else { 500 };
            let trace = format!("00-{:032x}-00f067aa0ba902b7-00", number + 1);
            let headers = [("x-request-id", &*format!("wrong-{number}")), ("traceparent", &*trace)];
            client.request(Method::GET, &format!("/t/{status}"), &headers, Default::default()).await.unwrap();
        }
    }
    let wrong = found(&mut client, "/v1/requests?route=t&status=4xx&limit=500", errors / 2).await;
    let ours = found(&mut client, "/v1/requests?route=t&status=500", errors / 2).await;
    assert_eq!((wrong.len(), ours.len()), (errors / 2, errors / 2));
    let mut ids: Vec<&str> =
        wrong.iter().chain(&ours).map(|row| row["request_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), errors, "each error once");
    // What was drawn by chance: ten in a hundred, within six standard deviations.
    let drawn = found(&mut client, "/v1/requests?route=t&status=2xx", 1).await.len() as f64;
    let (mean, deviation) = (wells as f64 * 0.1, (wells as f64 * 0.1 * 0.9).sqrt());
    assert!((drawn - mean).abs() < 6.0 * deviation, "{drawn} of {wells}");
    println!("{errors} errors of {errors}, {drawn} of {wells} others");

    // Each filter by itself.
    let row = &wrong[3];
    let (id, trace) = (row["request_id"].as_str().unwrap(), row["trace_id"].as_str().unwrap());
    for path in [format!("/v1/requests?request_id={id}"), format!("/v1/requests?trace_id={trace}")] {
        assert_eq!(search(&mut client, &[], &path).await, std::slice::from_ref(row), "{path}");
    }
    let at = row["at"].as_str().unwrap().replace('+', "%2B");
    let since = search(&mut client, &[], &format!("/v1/requests?status=404&from={at}&limit=7")).await;
    let before = search(&mut client, &[], &format!("/v1/requests?status=404&to={at}&limit=7")).await;
    assert_eq!((since.len(), before.len()), (4, errors / 2 - 4), "the newest come first");
    assert_eq!(search(&mut client, &[], "/v1/requests?route=none").await, [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_errors_are_all_there_and_the_sample_is_about_right() {
    errors_are_all_there_and_the_sample_is_about_right(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_errors_are_all_there_and_the_sample_is_about_right() {
    errors_are_all_there_and_the_sample_is_about_right(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_another_companys_requests_and_a_flood_of_one_leaves_room_for_the_other() {
    let upstream = upstream().await;
    let log = json!({"sample": "0%", "rate": "5/s"});
    let gateway = Gateway::start(&settings(&upstream, log)).await;
    let mut admin: Admin = gateway.admin();
    let company = admin.company("Bia").await;
    let key = admin.key(&company, &["ledger:read"]).await;
    let (mut ana, mut bia) = (gateway.client(), Client::new(gateway.server.public(), Some(&key.text)));
    for _ in 0..300 {
        ana.get("/t/404").await.unwrap();
    }
    bia.request(Method::GET, "/t/404", &[("x-request-id", "hers")], Default::default()).await.unwrap();
    let hers = found(&mut bia, "/v1/requests", 1).await;
    assert_eq!(hers[0]["request_id"], "hers");
    assert_eq!(hers.len(), 1, "nothing of the other's");
    for path in ["/v1/requests/hers".to_owned(), format!("/v1/requests/{}", hers[0]["id"].as_str().unwrap())]
    {
        assert_eq!(ana.get(&path).await.unwrap().status, 404);
        assert_eq!(bia.get(&path).await.unwrap().status, 200);
    }
    let kept = found(&mut ana, "/v1/requests", 1).await.len();
    assert!(kept < 300, "{kept} of 300 are kept");
    let mut metrics = Client::new(gateway.server.private(), None);
    let text = metrics.get("/metrics").await.unwrap().text();
    let left_out = text
        .lines()
        .find_map(|line| line.strip_prefix(r#"comporta_request_log_dropped_total{reason="rate"} "#));
    assert!(
        left_out.unwrap().parse::<usize>().unwrap() + kept >= 300,
        "what is left out is counted: {left_out:?}"
    );
}

async fn what_is_too_old_is_gone(engine: Engine) {
    let upstream = upstream().await;
    let log = json!({"keep": "3s"});
    let gateway = Gateway::start_as(Setup::new(&engine.fresh_url()), &settings(&upstream, log)).await;
    let mut client = gateway.client();
    client.get("/t/404").await.unwrap();
    let row = found(&mut client, "/v1/requests?status=404&route=t", 1).await.remove(0);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(search(&mut client, &[], "/v1/requests?status=404&route=t").await.is_empty());
    let path = format!("/v1/requests/{}", row["request_id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.unwrap().status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_what_is_too_old_is_gone() {
    what_is_too_old_is_gone(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_what_is_too_old_is_gone() {
    what_is_too_old_is_gone(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_logged_before_a_stop_is_there_after_it() {
    let upstream = upstream().await;
    let mut gateway = Gateway::start(&settings(&upstream, json!({"rate": "100000/s"}))).await;
    let mut client = gateway.client();
    for _ in 0..100 {
        client.get("/t/404").await.unwrap();
    }
    gateway.server.stop().await.unwrap();
    gateway.server.restart().await.unwrap();
    let mut client = gateway.client();
    assert_eq!(search(&mut client, &[], "/v1/requests?status=404&limit=500").await.len(), 100);
}
