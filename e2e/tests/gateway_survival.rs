//! The gateway under a steady load while targets, Redis, its settings and the program itself come and go: no GET fails,
//! no POST is sent twice, no limit opens.
#![cfg(test)]

#[path = "gateway_survival/bounds.rs"]
mod bounds;
#[path = "gateway_survival/house.rs"]
mod house;
#[path = "gateway_survival/load.rs"]
mod load;
#[path = "gateway_survival/redis.rs"]
mod redis;
#[path = "gateway_survival/reload.rs"]
mod reload;
#[path = "gateway_survival/restart.rs"]
mod restart;
#[path = "gateway_survival/target.rs"]
mod target;

use std::collections::HashMap;
use std::time::Instant;

use comporta_e2e::{Gateway, sizes};

use house::{INTERVAL, RESPONSE, Targets};
use load::{Load, Report};

/// POSTs go beside the GETs at this share of their rate.
const POSTS: u32 = 6;

/// A time in which targets were away, from the moment they were certainly gone.
struct Outage {
    down: Instant,
    up: Instant,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_target_costs_no_get_and_no_post_is_sent_twice() {
    let _alone = house::alone().await;
    let mut targets = Targets::start().await;
    let mut gateway = house::start(&targets.settings()).await;
    let (gets, posts) = both_loads(&gateway);
    tokio::time::sleep(INTERVAL).await;
    let mut outages = Vec::new();
    for round in 0..sizes::outages() {
        let target = &mut targets.primaries[round as usize % 2];
        let down = target.kill();
        tokio::time::sleep(2 * INTERVAL).await;
        let up = target.restart().await;
        tokio::time::sleep(2 * INTERVAL).await;
        outages.push((target.name, Outage { down, up }));
    }
    let (gets, posts) = (gets.stop().await, posts.stop().await);

    assert!(gets.failed().is_empty(), "{:?}", gets.failed());
    assert!(gets.kept_its_connections());
    assert!(gets.seen.iter().all(|seen| seen.by != "backup"), "a backup is for when no primary is there");
    for (name, Outage { down, up }) in &outages {
        assert!(gets.between(*down, *up).all(|seen| seen.by != *name));
        let back = gets.first_after(*up, name);
        assert!(back < sizes::late(2 * INTERVAL), "traffic returned after {back:?}");
        println!("{name} was killed; traffic returned {back:.0?} after it was there again");
    }
    each_post_was_sent_once(&posts, &targets);
    only_what_was_with_a_target_failed(&posts, outages.iter().map(|(_, outage)| outage));
    println!("GET  {}\nPOST {}", gets.figures(), posts.figures());
    gateway.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_primaries_are_killed_the_backup_serves_within_one_health_interval_until_they_are_back() {
    let _alone = house::alone().await;
    let mut targets = Targets::start().await;
    let mut gateway = house::start(&targets.settings()).await;
    let (gets, posts) = both_loads(&gateway);
    tokio::time::sleep(INTERVAL).await;
    let mut outages = Vec::new();
    for _ in 0..sizes::outages() {
        let begun = Instant::now();
        let [_, down] = targets.primaries.each_mut().map(|target| target.kill());
        tokio::time::sleep(3 * INTERVAL).await;
        for target in &mut targets.primaries {
            target.restart().await;
        }
        let up = Instant::now();
        tokio::time::sleep(3 * INTERVAL).await;
        outages.push((begun, Outage { down, up }));
    }
    let (gets, posts) = (gets.stop().await, posts.stop().await);

    assert!(gets.failed().is_empty(), "{:?}", gets.failed());
    let mut quiet_since = gets.seen[0].sent;
    for &(begun, Outage { down, up }) in &outages {
        let before = gets.between(quiet_since, begun).filter(|seen| seen.ended < begun);
        the_backup_rests(before.map(|seen| seen.by.as_str()));
        let taken_over = gets.first_after(down, "backup");
        assert!(taken_over < sizes::late(INTERVAL), "the backup served after {taken_over:?}");
        assert!(gets.between(down, up).filter(|seen| seen.ended < up).all(|seen| seen.by == "backup"));
        let returned = gets.first_after(up, "a").max(gets.first_after(up, "b"));
        assert!(returned < sizes::late(2 * INTERVAL), "traffic returned to both after {returned:?}");
        quiet_since = up + returned;
        println!(
            "the backup served {taken_over:.1?} after the kill; traffic was back on both {returned:.0?} after they were"
        );
    }
    let end = gets.seen.last().unwrap().sent;
    the_backup_rests(gets.between(quiet_since, end).map(|seen| seen.by.as_str()));
    each_post_was_sent_once(&posts, &targets);
    only_what_was_with_a_target_failed(&posts, outages.iter().map(|(_, outage)| outage));
    println!("GET  {}\nPOST {}", gets.figures(), posts.figures());
    gateway.server.stop().await.unwrap();
}

/// While primaries are there nobody else serves; but for a moment that a shared machine holds both of them up.
fn the_backup_rests<'a>(served_by: impl Iterator<Item = &'a str>) {
    let by: Vec<_> = served_by.collect();
    let astray = by.iter().filter(|by| **by == "backup").count();
    assert!(
        astray <= sizes::astray(by.len()),
        "primaries were there, the backup served {astray} of {}",
        by.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_hangs_costs_no_get_and_no_post_is_sent_twice() {
    let _alone = house::alone().await;
    let targets = Targets::start().await;
    let mut gateway = house::start(&targets.settings()).await;
    let (gets, posts) = both_loads(&gateway);
    tokio::time::sleep(INTERVAL).await;
    let hanging = &targets.primaries[0];
    hanging.hang();
    let hung = Instant::now();
    tokio::time::sleep(3 * INTERVAL).await;
    hanging.go_on();
    let up = Instant::now();
    tokio::time::sleep(2 * INTERVAL).await;
    let (gets, posts) = (gets.stop().await, posts.stop().await);

    assert!(gets.failed().is_empty(), "{:?}", gets.failed());
    let late = gets.between(hung + 2 * INTERVAL, up - INTERVAL / 10);
    let slowest = late.map(|seen| seen.ended - seen.sent).max().unwrap();
    assert!(slowest < sizes::late(RESPONSE), "it was still asked after two intervals: {slowest:?}");
    assert!(gets.first_after(up, hanging.name) < sizes::late(2 * INTERVAL));
    each_post_was_sent_once(&posts, &targets);
    assert!(posts.failed().iter().all(|failed| failed.status == 504), "{:?}", posts.failed());
    println!("GET  {}\nPOST {}", gets.figures(), posts.figures());
    gateway.server.stop().await.unwrap();
}

fn both_loads(gateway: &Gateway) -> (Load, Load) {
    let rate = sizes::rate();
    (Load::gets(&gateway.server, "/load/get", rate), Load::posts(&gateway.server, "/load/post", rate / POSTS))
}

/// Each POST was seen by one target, once: certainly if it was answered well, at most if it failed.
fn each_post_was_sent_once(posts: &Report, targets: &Targets) {
    let mut found: HashMap<String, u32> = HashMap::new();
    for path in targets.posts() {
        *found.entry(path).or_default() += 1;
    }
    for post in &posts.seen {
        let times = found.get(&post.path).copied().unwrap_or_default();
        assert!(times == 1 || (times == 0 && post.status != 201), "{times} times: {post:?}");
    }
}

/// A POST may fail only if a target died with it; what came later found another one.
fn only_what_was_with_a_target_failed<'a>(
    posts: &Report,
    outages: impl IntoIterator<Item = &'a Outage> + Clone,
) {
    for failed in posts.failed() {
        let cut_off = |outage: &Outage| failed.sent < outage.down && failed.ended + INTERVAL > outage.down;
        let died = outages.clone().into_iter().any(cut_off);
        assert!(failed.status == 502 && died, "{failed:?}");
    }
}
