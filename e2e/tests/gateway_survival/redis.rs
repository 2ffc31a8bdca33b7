//! Redis away and back: requests pass, and limits hold.

use std::time::{Duration, Instant};

use comporta_e2e::{Gateway, sizes};
use comporta_neighbours::Redis;
use serde_json::{Value, json};

use super::house::{self, Targets, logged, logs};
use super::load::{Load, Report};

/// What the tight route lets through, in a second and at once.
const RATE: f64 = 20.0;
const BURST: f64 = 20.0;
/// What is asked of it, in a second.
const ASKED: u32 = 100;
/// How long Redis is there, and how long it is away.
const PHASE: Duration = Duration::from_secs(3);
/// After which it is certainly known to be back.
const NOTICE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_killed_or_hanging_fails_no_request_and_opens_no_limit() {
    let _alone = house::alone().await;
    let targets = Targets::start().await;
    let mut redis = Redis::start().unwrap();
    let mut gateway = house::start(&settings(&targets, &redis)).await;
    limits_are_shared(&gateway).await;
    let wide = Load::gets(&gateway.server, "/load/get", sizes::rate());
    let tight = Load::gets(&gateway.server, "/tight/get", ASKED);
    let begun = Instant::now();
    let mut phases = Vec::new();
    // Killed and hanging by turns, each at least once.
    for round in 0..1 + sizes::outages() {
        let hangs = round % 2 == 1;
        tokio::time::sleep(PHASE).await;
        let down = Instant::now();
        let outages = logged(&gateway, "Redis is away");
        let stopped = if hangs { redis.pause() } else { redis.kill_dash_nine() };
        stopped.unwrap();
        tokio::time::sleep(PHASE).await;
        let up = Instant::now();
        assert!(logged(&gateway, "Redis is away") <= outages + 1, "an outage is told once");
        let back = logged(&gateway, "limits are shared again");
        let back_again = if hangs { redis.resume() } else { redis.restart() };
        back_again.unwrap();
        logs(&gateway, "limits are shared again", back).await;
        println!("limits were shared again {:.0?} after Redis was back", up.elapsed());
        phases.push((hangs, down, up));
    }
    tokio::time::sleep(NOTICE).await;
    let (wide, tight, ended) = (wide.stop().await, tight.stop().await, Instant::now());

    assert!(wide.failed().is_empty(), "{:?}", wide.failed());
    assert!(tight.seen.iter().all(|seen| matches!(seen.status, 200 | 429)), "passed, or asked to wait");
    for &(hangs, down, up) in &phases {
        let (passed, at_least) = (passed(&tight, down, up), 0.8 * RATE * (up - down).as_secs_f64());
        // Its allowance was spent when Redis went away: nobody gets a fresh one.
        let at_most = RATE * (up - down).as_secs_f64() + BURST / 2.0;
        let way = if hangs { "hanging" } else { "killed" };
        println!("Redis {way} for {:.1?}: {passed} of the tight route passed, {at_most:.0} might", up - down);
        assert!((at_least..=at_most).contains(&passed), "{passed} passed while Redis was away");
    }
    // A Redis that is back does not know what was spent meanwhile, and grants one burst.
    let returns = logged(&gateway, "limits are shared again");
    assert!(returns >= phases.len());
    let at_most = RATE * (ended - begun).as_secs_f64() + BURST * (1 + returns) as f64;
    let all = passed(&tight, begun, ended);
    assert!(all <= at_most, "{all} of at most {at_most:.0} passed");
    println!("GET  {}\ntight route: {all:.0} passed in all, {at_most:.0} might", wide.figures());
    gateway.server.stop().await.unwrap();
}

fn passed(report: &Report, from: Instant, to: Instant) -> f64 {
    report.between(from, to).filter(|seen| seen.status == 200).count() as f64
}

/// Waits until Redis counts, and sees what one who must wait is told.
async fn limits_are_shared(gateway: &Gateway) {
    tokio::time::sleep(NOTICE).await;
    assert_eq!(logged(gateway, "Redis is away"), 0);
    let mut client = gateway.client();
    let refused = loop {
        let answer = client.get("/tight/told").await.unwrap();
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("ratelimit-policy"), Some("\"default\";q=20;w=1"));
    assert_eq!(refused.header("ratelimit"), Some("\"default\";r=0;t=1"));
    assert_eq!(refused.header("retry-after"), Some("1"));
}

fn settings(targets: &Targets, redis: &Redis) -> Value {
    let limit = |rate: f64| json!({"rate": format!("{rate}/s"), "burst": rate as u32, "shared": true});
    let mut settings = targets.settings();
    settings["redis"] = json!({"url": redis.url()});
    settings["routes"][0]["limit"] = limit(10.0 * f64::from(sizes::rate()));
    let mut tight = settings["routes"][0].clone();
    tight["name"] = json!("tight");
    tight["match"]["path"] = json!("/tight/**");
    tight["limit"] = limit(RATE);
    settings["routes"].as_array_mut().unwrap().push(tight);
    settings
}
