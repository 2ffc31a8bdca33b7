//! Bounds on a target: how much is with it at once, how long it may take, and where its name leads.

use std::time::{Duration, Instant};

use comporta_e2e::{Gateway, sizes};
use comporta_testkit::{Answer, Client};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::house::{self, INTERVAL};
use super::target::Target;

/// How long a target may take, and how late that may be noticed.
const LIMIT: Duration = Duration::from_millis(400);
const LATE: Duration = Duration::from_millis(400);

/// A gateway whose `/one` leads to one target, with more settings of its upstream.
async fn gateway_to(url: String, mut upstream: Value) -> Gateway {
    upstream["targets"] = json!([{"url": url}]);
    let route = json!({"name": "one", "match": {"path": "/one/**"}, "upstream": "one"});
    house::start(&json!({"upstreams": {"one": upstream}, "routes": [route]})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_the_most_in_flight_is_answered_503_at_once_and_told_when_to_come_again() {
    const MOST: usize = 4;
    let target = Target::start("one").await;
    let mut gateway = gateway_to(target.url(), json!({"breaker": {"max_in_flight": MOST}})).await;
    let mut requests = JoinSet::new();
    for number in 0..3 * MOST {
        let mut client = gateway.client();
        requests.spawn(async move { timed(&mut client, &format!("/one/{number}?pause=2000")).await });
    }
    let (good, refused): (Vec<_>, Vec<_>) =
        requests.join_all().await.into_iter().partition(|(answer, _)| answer.status == 200);
    assert_eq!((good.len(), refused.len()), (MOST, 2 * MOST));
    for (answer, took) in refused {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(took < Duration::from_secs(1), "not after waiting: {took:?}");
    }
    assert_eq!(gateway.client().get("/one/after").await.unwrap().status, 200, "there is room again");
    gateway.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_takes_too_long_is_answered_for_with_504_and_no_post_is_repeated() {
    let target = Target::start("one").await;
    let upstream = json!({"timeouts": {"response": format!("{LIMIT:?}")}, "retry": {"attempts": 2}});
    let mut gateway = gateway_to(target.url(), upstream).await;
    let mut client = gateway.client();
    for (path, body) in [("/one/with-body", "{}"), ("/one/without", "")] {
        let begun = Instant::now();
        let answer = client.post(&format!("{path}?pause=5000"), &[], body).await.unwrap();
        is_too_late(&answer, begun.elapsed(), 1);
    }
    let (answer, took) = timed(&mut client, "/one/get?pause=5000").await;
    is_too_late(&answer, took, 3);
    // Within the limit nothing is cut off, and the connection has served all of them.
    let answer = client.post("/one/in-time?pause=100", &[], "").await.unwrap();
    assert_eq!((answer.status.as_u16(), client.connections()), (201, 1));
    assert_eq!(target.posts(), ["/one/with-body", "/one/without", "/one/in-time"]);
    println!("a GET to a target that hangs was answered after {took:.0?}, three attempts");
    gateway.server.stop().await.unwrap();
}

fn is_too_late(answer: &Answer, took: Duration, attempts: u32) {
    assert_eq!(answer.status, 504, "{}", answer.text());
    assert_eq!(answer.json()["request_id"].as_str(), answer.header("x-request-id"));
    assert!(LIMIT <= took && took < attempts * (LIMIT + LATE), "answered after {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_given_by_name_is_found_and_found_again_after_its_death() {
    let mut target = Target::start("one").await;
    // It listens on 127.0.0.1 only, whatever else the name leads to.
    let url = format!("http://localhost:{}", target.port());
    let mut gateway = gateway_to(url, json!({"retry": {"attempts": 0}})).await;
    let mut client = gateway.client();
    for number in 0..50 {
        let answer = client.get(&format!("/one/{number}")).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    target.kill();
    for _ in 0..10 {
        let answer = client.get("/one/dead").await.unwrap();
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let up = target.restart().await;
    while client.get("/one/again").await.unwrap().status != 200 {
        assert!(up.elapsed() < sizes::late(2 * INTERVAL), "the target is not found again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("found again {:.1?} after it was there", up.elapsed());
    for number in 0..50 {
        assert_eq!(client.get(&format!("/one/{number}")).await.unwrap().status, 200);
    }
    assert_eq!(client.connections(), 1);
    gateway.server.stop().await.unwrap();
}

async fn timed(client: &mut Client, path: &str) -> (Answer, Duration) {
    let begun = Instant::now();
    let answer = client.get(path).await.unwrap();
    (answer, begun.elapsed())
}
