//! What a cluster does as a whole: who is asked, who is left out, and what lives through a reload.

mod failures;
mod probes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use proptest::prelude::*;
use serde_json::json;

use super::{Cluster, ClusterFault, Health, NoTarget, Outcome, Pick};
use crate::config;

pub(super) const SECOND: u64 = 1_000_000_000;
const FINE: Outcome = Outcome::Answered(StatusCode::OK);

/// An upstream of such targets, all primaries of weight 1.
pub(super) fn upstream(urls: &[&str]) -> config::Upstream {
    let target = |url: &&str| config::Target { url: url.parse().unwrap(), weight: 1, backup: false };
    config::Upstream { targets: urls.iter().map(target).collect(), ..config::Upstream::default() }
}

/// An upstream of so many primaries and backups.
pub(super) fn primaries_and_backups(primaries: usize, backups: usize) -> config::Upstream {
    let urls: Vec<String> =
        (1..=primaries + backups).map(|host| format!("http://10.0.0.{host}:80")).collect();
    let mut upstream = upstream(&urls.iter().map(String::as_str).collect::<Vec<_>>());
    upstream.targets[primaries..].iter_mut().for_each(|target| target.backup = true);
    upstream
}

pub(super) fn cluster(upstream: &config::Upstream) -> Arc<Cluster> {
    Cluster::new("u", upstream, None).unwrap()
}

/// Numbers as random as a test needs them.
pub(super) fn chance() -> impl FnMut() -> u64 {
    let rng = comporta_kernel::Rng::seeded(7);
    move || u64::from_le_bytes(rng.bytes())
}

/// The index of each of so many picks, none of which is held.
pub(super) fn picked(cluster: &Arc<Cluster>, now: u64, count: usize) -> BTreeMap<usize, usize> {
    let mut chance = chance();
    let mut picked = BTreeMap::new();
    for _ in 0..count {
        *picked.entry(cluster.pick(chance(), 0, now).unwrap().index()).or_default() += 1;
    }
    picked
}

/// A pick of this very target.
pub(super) fn pick_of(cluster: &Arc<Cluster>, index: usize, now: u64) -> Pick {
    cluster.pick(0, !(1 << index), now).unwrap()
}

fn weighted(weights: &[u32]) -> Arc<Cluster> {
    let mut upstream = primaries_and_backups(weights.len(), 0);
    upstream.targets.iter_mut().zip(weights).for_each(|(target, &weight)| target.weight = weight);
    cluster(&upstream)
}

#[test]
fn idle_targets_are_asked_by_their_weights() {
    let picked = picked(&weighted(&[1, 2, 5]), 0, 80_000);
    for (index, expected) in [(0, 10_000), (1, 20_000), (2, 50_000)] {
        assert!(picked[&index].abs_diff(expected) < 600, "{picked:?}");
    }
}

#[test]
fn targets_that_are_busy_share_the_load_by_their_weights() {
    let cluster = weighted(&[1, 2, 5]);
    let mut chance = chance();
    let held: Vec<Pick> = (0..800).map(|_| cluster.pick(chance(), 0, 0).unwrap()).collect();
    let loads: Vec<u32> = cluster.describe(0).iter().map(|target| target.in_flight).collect();
    for (load, expected) in loads.iter().zip([100_u32, 200, 500]) {
        assert!(load.abs_diff(expected) <= 10, "{loads:?}");
    }
    drop(held);
    assert!(cluster.describe(0).iter().all(|target| target.in_flight == 0));
}

#[test]
fn a_slow_target_gets_less() {
    let cluster = weighted(&[1, 1, 1]);
    let slow: Vec<Pick> = (0..50).map(|_| pick_of(&cluster, 0, 0)).collect();
    assert!(!picked(&cluster, 0, 3_000).contains_key(&0));
    drop(slow);
    assert_eq!(picked(&cluster, 0, 3_000).len(), 3);
}

#[test]
fn a_retry_goes_to_another_primary_then_to_a_backup_then_nowhere() {
    let cluster = cluster(&primaries_and_backups(2, 1));
    let mut tried = 0;
    let mut way = Vec::new();
    while let Ok(pick) = cluster.pick(1 << 63, tried, 0) {
        tried |= 1 << pick.index();
        way.push(pick.target().is_backup());
    }
    assert_eq!(way, [false, false, true]);
    assert_eq!(cluster.pick(0, tried, 0).unwrap_err(), NoTarget::AllTried);
}

#[test]
fn whom_probes_call_dead_is_there_for_who_found_everybody_else_gone() {
    let cluster = cluster(&primaries_and_backups(2, 0));
    cluster.targets[0].set_health(Health::Unhealthy);
    let pick = cluster.pick(0, 0, 0).unwrap();
    assert_eq!(pick.index(), 1);
    assert_eq!(
        cluster.pick(0, 1 << 1, 0).unwrap_err(),
        NoTarget::AllTried,
        "not for a connection that broke"
    );
    assert_eq!(cluster.pick_dead(0, 1 << 1, 0).map(|pick| pick.index()), Some(0));
    assert!(cluster.pick_dead(0, 0b11, 0).is_none());
}

#[test]
fn a_full_target_is_passed_over_and_when_all_are_full_nobody_is_asked() {
    let mut upstream = primaries_and_backups(2, 1);
    upstream.breaker.max_in_flight = 3;
    let cluster = cluster(&upstream);
    let mut chance = chance();
    let mut held: Vec<Pick> = (0..6).map(|_| cluster.pick(chance(), 0, 0).unwrap()).collect();
    assert!(held.iter().all(|pick| !pick.target().is_backup()), "load is no illness");
    assert_eq!(cluster.pick(chance(), 0, 0).unwrap_err(), NoTarget::Full);
    let free = held.swap_remove(0).index();
    assert_eq!(cluster.pick(chance(), 0, 0).unwrap().index(), free);
}

#[test]
fn a_target_without_an_address_is_not_asked() {
    let cluster = cluster(&upstream(&["http://a.example.com", "http://10.0.0.2"]));
    assert_eq!(picked(&cluster, 0, 100).into_keys().collect::<Vec<_>>(), [1]);
    let lost = self::cluster(&upstream(&["http://a.example.com"]));
    assert_eq!(lost.pick(0, 0, 0).unwrap_err(), NoTarget::Unresolved);
    lost.targets[0].found(vec!["10.0.0.1:80".parse().unwrap(), "10.0.0.3:80".parse().unwrap()]);
    let mut pick = lost.pick(0, 0, 0).unwrap();
    assert_eq!(pick.address(), "10.0.0.1:80".parse().unwrap());
    assert_eq!(pick.another_address(), Some("10.0.0.3:80".parse().unwrap()));
    assert_eq!(pick.another_address(), None);
}

#[test]
fn a_reload_keeps_the_state_of_targets_of_the_same_url() {
    let before = cluster(&primaries_and_backups(3, 0));
    let held = pick_of(&before, 1, 0);
    (0..5).for_each(|_| pick_of(&before, 2, 0).report(Outcome::ConnectFailed, || 0));
    before.targets[0].set_health(Health::Unhealthy);
    while before.may_retry(0) {}

    let mut upstream = primaries_and_backups(4, 0);
    upstream.targets.reverse();
    upstream.health = serde_json::from_value(json!({"path": "/"})).unwrap();
    let after = Cluster::new("u", &upstream, Some(&before)).unwrap();
    let now = after.describe(0);
    assert_eq!((now[0].failures_in_a_row, now[0].in_flight), (0, 0), "it is new");
    assert!(now[1].ejected && !now[2].ejected);
    assert_eq!((now[2].in_flight, now[3].health), (1, Health::Unhealthy));
    assert!(!after.may_retry(0), "the budget goes on");
    drop((held, before));
    assert_eq!(after.describe(0)[2].in_flight, 0, "a request of before the reload gave its place back");

    upstream.health = None;
    upstream.outlier.consecutive_failures = 0;
    let free = Cluster::new("u", &upstream, Some(&after)).unwrap().describe(0);
    assert!(free.iter().all(|target| !target.ejected && target.health == Health::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_cut_off_gives_its_place_back() {
    let cluster = cluster(&primaries_and_backups(1, 0));
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let pick = cluster.pick(0, 0, 0).unwrap();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(60)).await;
                pick.report(FINE, || 0);
            })
        })
        .collect();
    assert_eq!(cluster.describe(0)[0].in_flight, 20);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for request in requests {
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
    }
    assert_eq!(cluster.describe(0)[0].in_flight, 0);
}

#[test]
fn an_operator_sees_each_target() {
    let cluster = cluster(&primaries_and_backups(1, 1));
    let _held = cluster.pick(0, 0, 0).unwrap();
    let shown = serde_json::to_value(cluster.describe(0)).unwrap();
    assert_eq!(
        shown[0],
        json!({
            "url": "http://10.0.0.1:80", "weight": 1, "backup": false, "health": "unknown", "ejected": false,
            "failures_in_a_row": 0, "in_flight": 1, "addresses": ["10.0.0.1:80"],
        })
    );
    assert_eq!((&shown[1]["backup"], &shown[1]["in_flight"]), (&json!(true), &json!(0)));
}

#[test]
fn an_upstream_has_64_targets_at_most() {
    let full = cluster(&primaries_and_backups(60, 4));
    let primaries: std::collections::BTreeSet<_> = picked(&full, 0, 5_000).into_keys().collect();
    assert_eq!(primaries, (0..60).collect());
    let fault = Cluster::new("u", &primaries_and_backups(65, 0), None).unwrap_err();
    assert_eq!(fault, ClusterFault::TooManyTargets);
    let none = cluster(&config::Upstream::default());
    assert_eq!(none.pick(0, 0, 0).unwrap_err(), NoTarget::Unresolved);
}

proptest! {
    #[test]
    fn a_pick_was_never_tried_and_is_denied_only_when_none_is_left(
        targets in proptest::collection::vec((1_u32.., any::<bool>(), 0_u8..4), 0..=64),
        random: u64,
        tried: u64,
        now: u64,
    ) {
        let mut upstream = primaries_and_backups(targets.len(), 0);
        for (setting, &(weight, backup, _)) in upstream.targets.iter_mut().zip(&targets) {
            (setting.weight, setting.backup) = (weight, backup);
        }
        let cluster = cluster(&upstream);
        for (target, &(_, _, state)) in cluster.targets.iter().zip(&targets) {
            if state == 0 {
                target.set_health(Health::Unhealthy);
            }
            if state == 1 {
                target.state.outlier.eject(&config::Outlier::default(), now);
            }
        }
        let is_left = |&(index, &(_, _, state)): &(usize, &(u32, bool, u8))| tried & (1 << index) == 0 && state != 0;
        let some_left = targets.iter().enumerate().any(|target| is_left(&target));
        match cluster.pick(random, tried, now) {
            Ok(pick) => {
                prop_assert!(pick.index() < targets.len());
                prop_assert_eq!(tried & (1 << pick.index()), 0);
                let only_dead = targets.iter().all(|&(_, _, state)| state == 0);
                prop_assert!(targets[pick.index()].2 != 0 || only_dead);
            }
            Err(_) => prop_assert!(!some_left),
        }
    }
}
