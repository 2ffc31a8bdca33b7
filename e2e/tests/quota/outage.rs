//! The database away under load: who has a rate alone notices nothing, who has a quota spends its lease, and every call
//! of both is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use comporta_e2e::sizes;
use comporta_neighbours::Options;
use comporta_testkit::{Client, Server};
use serde_json::json;
use tokio::task::JoinSet;

use super::{House, SEEN};

/// Callers of each company. Together they call as often as [`sizes::rate`] says.
const CALLERS: u32 = 8;
/// At most this much longer is the database away, where calls come so slowly that a lease outlasts the set time.
const LEASE_SPENT: Duration = Duration::from_secs(60);
/// By then what was served is in the database.
const COUNTED: Duration = Duration::from_secs(5);

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

    let [stop, put_off] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let began = Instant::now();
    let [greedy, at_ease] =
        [&house.key, &steady_key].map(|key| calls(&house.first.server, key, &stop, &put_off));
    tokio::time::sleep(sizes::around()).await;
    let down = Instant::now();
    house.postgres.kill_dash_nine().unwrap();
    tokio::time::sleep(sizes::away()).await;
    let patience = Instant::now() + LEASE_SPENT;
    while !put_off.load(Relaxed) && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    house.postgres.restart().unwrap();
    let up = Instant::now();
    tokio::time::sleep(sizes::around()).await;
    stop.store(true, Relaxed);
    let [greedy, at_ease] = [greedy.join_all().await.concat(), at_ease.join_all().await.concat()];
    let per_second = (greedy.len() + at_ease.len()) as f64 / began.elapsed().as_secs_f64();

    let refused = at_ease.iter().find(|(_, status, _)| *status != 200);
    assert!(refused.is_none(), "{refused:?}");
    let count = |status, from, to| {
        greedy.iter().filter(|(at, seen, _)| *seen == status && (from..to).contains(at)).count()
    };
    let ended = Instant::now();
    let (spent, put_off) = (count(200, down, up), count(503, down, up));
    println!("{per_second:.0} calls a second; {} without a quota, none refused", at_ease.len());
    println!("away: {spent} of the lease spent, {put_off} told to come again");
    assert_eq!(count(503, began, down), 0);
    assert!(spent > 0 && put_off > 0, "the lease was spent, then calls were put off");
    assert!(greedy.iter().all(|(_, status, again)| *status == 200 || (*status == 503 && *again)));
    let back = greedy.iter().filter(|(at, status, _)| *at > up && *status == 200).min().unwrap().0 - up;
    println!("served again {back:.1?} after it was back");
    assert!(back < sizes::around());
    assert_eq!(count(503, up + sizes::around() / 2, ended), 0, "nobody is put off any more");
    tokio::time::sleep(COUNTED).await;
    let counted = [&house.company, &steady].map(|company| house.counted(company));
    println!("counted {counted:?}");
    assert_eq!(counted, [greedy.len(), at_ease.len()], "every call is counted once");
    let served = greedy.iter().filter(|(_, status, _)| *status == 200).count() as u64;
    house.first.server.stop().await.unwrap();
    assert_eq!(house.held().iter().sum::<u64>(), served, "a clean stop returns what was not spent");
}

/// Calls until `stop`, each remembered; the first 503 sets `put_off`.
fn calls(
    server: &Server,
    key: &str,
    stop: &Arc<AtomicBool>,
    put_off: &Arc<AtomicBool>,
) -> JoinSet<Vec<Seen>> {
    let pause = Duration::from_secs(1) * CALLERS * 2 / sizes::rate();
    (0..CALLERS)
        .map(|_| {
            let mut client = Client::new(server.public(), Some(key));
            let [stop, put_off] = [stop, put_off].map(Arc::clone);
            async move {
                let (mut seen, mut ticks) = (Vec::new(), tokio::time::interval(pause));
                while !stop.load(Relaxed) {
                    ticks.tick().await;
                    let answer = client.get("/free/x").await.unwrap();
                    if answer.status == 503 {
                        put_off.store(true, Relaxed);
                    }
                    let again = answer.header("retry-after").is_some();
                    seen.push((Instant::now(), answer.status.as_u16(), again));
                }
                seen
            }
        })
        .collect()
}
