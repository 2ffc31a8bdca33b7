//! Failing targets are left out, but never the last, and come back.

use super::*;

const BUSY: Outcome = Outcome::Answered(StatusCode::SERVICE_UNAVAILABLE);

/// The targets that are left out.
fn ejected(cluster: &Arc<Cluster>, now: u64) -> Vec<usize> {
    let status = cluster.describe(now);
    (0..status.len()).filter(|&index| status[index].ejected).collect()
}

fn fail(cluster: &Arc<Cluster>, index: usize, times: usize, outcome: Outcome, now: u64) {
    (0..times).for_each(|_| pick_of(cluster, index, now).report(outcome, || now));
}

#[test]
fn five_failures_in_a_row_eject_a_target_and_ten_seconds_bring_it_back() {
    let cluster = cluster(&primaries_and_backups(2, 0));
    for outcome in [BUSY, Outcome::Broke, Outcome::TimedOut, Outcome::ConnectFailed] {
        fail(&cluster, 0, 1, outcome, 0);
    }
    assert_eq!(picked(&cluster, 0, 100).len(), 2, "four are not enough");
    fail(&cluster, 0, 1, BUSY, 0);
    assert_eq!(picked(&cluster, 10 * SECOND - 1, 100).into_keys().collect::<Vec<_>>(), [1]);
    assert_eq!(picked(&cluster, 10 * SECOND, 100).len(), 2);
    fail(&cluster, 0, 1, BUSY, 10 * SECOND);
    assert_eq!(ejected(&cluster, 29 * SECOND), [0], "on probation one failure is enough, and twice as long");
    assert!(ejected(&cluster, 30 * SECOND).is_empty());
}

#[test]
fn a_good_answer_and_one_that_is_the_callers_fault_begin_the_count_anew() {
    let cluster = cluster(&primaries_and_backups(2, 0));
    for good in [200, 404, 429, 500] {
        fail(&cluster, 0, 4, BUSY, 0);
        fail(&cluster, 0, 1, Outcome::Answered(StatusCode::from_u16(good).unwrap()), 0);
    }
    assert!(ejected(&cluster, 0).is_empty());
}

#[test]
fn the_last_one_available_is_never_ejected() {
    let cluster = cluster(&primaries_and_backups(3, 0));
    for index in 0..3 {
        fail(&cluster, index, 50, Outcome::ConnectFailed, 0);
    }
    assert_eq!(ejected(&cluster, 0), [0, 1]);
    assert_eq!(picked(&cluster, 0, 100).into_keys().collect::<Vec<_>>(), [2]);
    assert_eq!(
        cluster.pick(0, 0b100, 0).unwrap().target().url(),
        "http://10.0.0.1:80",
        "a retry may try the rest"
    );
}

#[test]
fn when_the_last_primary_takes_no_connections_the_backup_does_its_work_until_it_is_back() {
    let cluster = cluster(&primaries_and_backups(2, 1));
    fail(&cluster, 0, 5, Outcome::ConnectFailed, 0);
    fail(&cluster, 1, 5, Outcome::ConnectFailed, SECOND);
    assert_eq!(picked(&cluster, 2 * SECOND, 100).into_keys().collect::<Vec<_>>(), [2]);
    fail(&cluster, 2, 50, Outcome::ConnectFailed, 2 * SECOND);
    assert_eq!(ejected(&cluster, 2 * SECOND), [0, 1], "now it is the last");
    assert_eq!(picked(&cluster, 10 * SECOND, 100).into_keys().collect::<Vec<_>>(), [0]);
}

#[test]
fn bad_answers_eject_no_more_than_half_but_dead_ports_do() {
    let cluster = cluster(&primaries_and_backups(4, 0));
    for index in 0..3 {
        fail(&cluster, index, 50, BUSY, 0);
    }
    assert_eq!(ejected(&cluster, 0), [0, 1]);
    fail(&cluster, 2, 1, Outcome::ConnectFailed, 0);
    assert_eq!(ejected(&cluster, 0), [0, 1, 2]);
}

#[test]
fn the_dead_are_asked_only_when_there_is_nobody_else_at_all() {
    let cluster = cluster(&primaries_and_backups(2, 1));
    let [first, second, backup] = &*cluster.targets else { unreachable!() };
    first.set_health(Health::Unhealthy);
    fail(&cluster, 1, 5, Outcome::ConnectFailed, 0);
    assert_eq!(picked(&cluster, 0, 100).into_keys().collect::<Vec<_>>(), [2]);
    backup.set_health(Health::Unhealthy);
    assert_eq!(picked(&cluster, 0, 100).into_keys().collect::<Vec<_>>(), [1], "ejected, but perhaps alive");
    assert_eq!(cluster.pick(0, 0b010, 0).unwrap_err(), NoTarget::AllTried);
    second.set_health(Health::Unhealthy);
    assert_eq!(picked(&cluster, 0, 300).len(), 3);
    assert_eq!(cluster.pick(0, 0b111, 0).unwrap_err(), NoTarget::AllTried);
}

/// A thousand requests a second for a minute, every one of which fails at every target.
#[test]
fn in_an_outage_the_targets_see_a_fifth_more_and_the_floor() {
    let cluster = cluster(&primaries_and_backups(3, 0));
    let mut chance = chance();
    let (requests, mut retries) = (60_000, 0);
    for request in 0..requests {
        let now = request * SECOND / 1000;
        cluster.count_request(now);
        let mut tried = 0;
        loop {
            let Ok(pick) = cluster.pick(chance(), tried, now) else { break };
            pick.report(BUSY, || now);
            tried |= 1 << pick.index();
            if tried.count_ones() > 2 || !cluster.may_retry(now) {
                break;
            }
            retries += 1;
        }
    }
    assert!(retries <= requests / 5 + 60 * 10 + 100, "{retries}");
    assert!(retries >= requests / 5, "{retries}");
}
