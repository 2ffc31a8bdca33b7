//! The database away under load: who has a rate alone notices nothing, who has a quota spends its lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use comporta_e2e::sizes;
use comporta_neighbours::Options;
use comporta_testkit::Client;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{House, SEEN};

/// Between two calls of each company.
const PACE: Duration = Duration::from_millis(5);
const PHASE: Duration = Duration::from_secs(3);

/// A call: when, its status, and whether it said when to come again.
type Seen = (Instant, u16, bool);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_with_a_rate_notices_no_outage_and_one_with_a_quota_spends_its_lease() {
    let mut house = House::with(1, &Options::durable()).await;
    house.plan(&json!({"quota": {"requests": 1_000_000, "per": "month"}})).await;
    let mut admin = house.first.admin();
    let steady = admin.company("Steady").await;
    let steady_key = admin.key(&steady, &["ledger:read"]).await.text;
    admin.put_plan(&steady, "steady", &json!({"rate": "100000/s"})).await;
    tokio::time::sleep(SEEN).await;

    let stop = Arc::new(AtomicBool::new(false));
    let [greedy, steady] = [&house.key, &steady_key]
        .map(|key| calls(Client::new(house.first.server.public(), Some(key)), &stop));
    tokio::time::sleep(PHASE).await;
    let down = Instant::now();
    house.postgres.kill_dash_nine().unwrap();
    tokio::time::sleep(sizes::away()).await;
    house.postgres.restart().unwrap();
    let up = Instant::now();
    tokio::time::sleep(PHASE).await;
    stop.store(true, Relaxed);
    let (greedy, steady) = (greedy.await.unwrap(), steady.await.unwrap());

    assert!(
        steady.iter().all(|(_, status, _)| *status == 200),
        "{:?}",
        steady.iter().find(|seen| seen.1 != 200)
    );
    let count = |status, from, to| {
        greedy.iter().filter(|(at, seen, _)| *seen == status && (from..to).contains(at)).count()
    };
    let (began, ended) = (greedy[0].0, Instant::now());
    let (spent, put_off) = (count(200, down, up), count(503, down, up));
    println!("{} calls without a quota, none refused", steady.len());
    println!("away: {spent} of the lease spent, {put_off} told to come again");
    assert_eq!(count(503, began, down), 0);
    assert!(spent > 0 && put_off > 0, "the lease was spent, then calls were put off");
    assert!(greedy.iter().all(|(_, status, again)| *status == 200 || (*status == 503 && *again)));
    let back = greedy.iter().find(|(at, status, _)| *at > up && *status == 200).unwrap().0 - up;
    println!("served again {back:.1?} after it was back");
    assert!(back < PHASE);
    assert_eq!(count(503, up + PHASE / 2, ended), 0, "nobody is put off any more");
    let served = greedy.iter().filter(|(_, status, _)| *status == 200).count() as u64;
    house.first.server.stop().await.unwrap();
    assert_eq!(house.held().iter().sum::<u64>(), served, "a clean stop returns what was not spent");
}

fn calls(mut client: Client, stop: &Arc<AtomicBool>) -> JoinHandle<Vec<Seen>> {
    let stop = Arc::clone(stop);
    tokio::spawn(async move {
        let mut seen = Vec::new();
        while !stop.load(Relaxed) {
            let answer = client.get("/free/x").await.unwrap();
            seen.push((Instant::now(), answer.status.as_u16(), answer.header("retry-after").is_some()));
            tokio::time::sleep(PACE).await;
        }
        seen
    })
}
