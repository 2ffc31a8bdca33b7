//! Gateways beside a real server: while it answers, while it is gone, and when it is back.

use std::time::Instant;

use comporta_neighbours::Redis;
use redis::Commands;
use tokio::time::sleep;

use super::*;
use crate::limit::tests::rule;
use crate::limit::{Limiter, Limits};

const COMPANY: Subject<'_> = Subject::Key("key_of_a_company");

async fn gateway(redis: &Redis) -> Limits {
    let shared = Shared::connect(&Secret::new(redis.url()), &Handle::current()).unwrap();
    let limits = Limits::new(Limiter::new([1; 16]), Some(shared));
    until(&limits, false).await;
    limits
}

/// Waits until the server counts as away, or as there.
async fn until(limits: &Limits, away: bool) {
    let begun = Instant::now();
    while limits.shared.as_ref().unwrap().is_away() != away {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the server should be {}",
            if away { "away" } else { "there" }
        );
        sleep(Duration::from_millis(5)).await;
    }
}

/// How many of so many requests pass, and the longest wait.
async fn admitted(limits: &Limits, rule: &Rule, attempts: usize) -> (usize, Duration) {
    let (mut passed, mut longest) = (0, Duration::ZERO);
    for _ in 0..attempts {
        let begun = Instant::now();
        passed += usize::from(limits.take(rule, COMPANY, 0).await.allowed);
        longest = longest.max(begun.elapsed());
    }
    (passed, longest)
}

#[tokio::test]
async fn gateways_together_let_through_what_one_would() {
    let redis = Redis::start().unwrap();
    let (one, other) = tokio::join!(gateway(&redis), gateway(&redis));
    let rule = rule("1/h", 50);
    let ((first, _), (second, _)) = tokio::join!(admitted(&one, &rule, 60), admitted(&other, &rule, 60));
    assert_eq!(first + second, 50);
    assert!(first > 0 && second > 0);
}

#[tokio::test]
async fn the_servers_verdict_is_that_of_the_arithmetic() {
    let redis = Redis::start().unwrap();
    let limits = gateway(&redis).await;
    let rule = rule("1/s", 3);
    let second = 1_000_000_000;

    let begun = Instant::now();
    let mut verdicts = Vec::new();
    for _ in 0..4 {
        verdicts.push(limits.take(&rule, COMPANY, 0).await);
    }
    let took = u64::try_from(begun.elapsed().as_nanos()).unwrap();
    assert!(took < second, "too slow a machine to tell");
    for (place, verdict) in (1..).zip(&verdicts[..3]) {
        assert!(verdict.allowed);
        assert_eq!(verdict.remaining, 3 - place);
        let reset = u64::from(place) * second;
        assert!((reset - took..=reset).contains(&verdict.reset), "{verdict:?}");
    }
    let refused = verdicts[3];
    assert!(!refused.allowed && refused.remaining == 0);
    assert!((second - took..=second).contains(&refused.retry_after), "{refused:?}");

    sleep(Duration::from_nanos(refused.retry_after)).await;
    assert!(limits.take(&rule, COMPANY, 0).await.allowed, "it came when it was told to");
}

#[tokio::test]
async fn a_stopped_server_leaves_each_gateway_its_own_limit_until_it_is_back() {
    let mut redis = Redis::start().unwrap();
    let (one, other) = tokio::join!(gateway(&redis), gateway(&redis));
    let rule = rule("1/h", 50);
    let before = admitted(&one, &rule, 30).await.0;
    assert_eq!(before, 30);

    redis.kill_dash_nine().unwrap();
    let (during, _) = admitted(&one, &rule, 100).await;
    assert_eq!(before + during, 50, "what passed by the server's word counts here too");
    assert_eq!(admitted(&other, &rule, 100).await.0, 50);
    until(&one, true).await;
    let (_, longest) = admitted(&one, &rule, 100).await;
    assert!(longest < PATIENCE, "nobody waits for a server known to be away: {longest:?}");

    redis.restart().unwrap();
    tokio::join!(until(&one, false), until(&other, false));
    let ((first, _), (second, _)) = tokio::join!(admitted(&one, &rule, 60), admitted(&other, &rule, 60));
    assert_eq!(first + second, 50, "the server forgot, and counts for both again");
}

#[tokio::test]
async fn a_server_that_hangs_holds_up_three_requests_in_a_row_and_no_more() {
    let redis = Redis::start().unwrap();
    let limits = gateway(&redis).await;
    let rule = rule("1/h", 5);
    redis.pause().unwrap();

    let begun = Instant::now();
    let (passed, longest) = admitted(&limits, &rule, 1000).await;
    assert_eq!(passed, 5);
    assert!(longest >= PATIENCE && longest < PATIENCE * 4, "{longest:?}");
    assert!(begun.elapsed() < PATIENCE * 12, "{:?}", begun.elapsed());
    sleep(PAUSE * 2).await;
    until(&limits, true).await;

    redis.resume().unwrap();
    until(&limits, false).await;
    assert!(limits.take(&rule, Subject::Route, 0).await.allowed);
}

#[tokio::test]
async fn the_script_is_brought_again_to_a_server_that_forgot_it() {
    let redis = Redis::start().unwrap();
    let limits = gateway(&redis).await;
    let rule = rule("1/h", 2);
    let passed = admitted(&limits, &rule, 1).await.0;
    let mut connection = Client::open(redis.url()).unwrap().get_connection().unwrap();
    let () = redis::cmd("SCRIPT").arg("FLUSH").query(&mut connection).unwrap();
    assert_eq!(passed + admitted(&limits, &rule, 5).await.0, 2);
    assert!(!limits.shared.unwrap().is_away());
}

#[tokio::test]
async fn a_key_tells_nothing_of_its_subject_and_ends_with_its_debt() {
    let redis = Redis::start().unwrap();
    let limits = gateway(&redis).await;
    limits.take(&rule("1/s", 5), COMPANY, 0).await;
    let mut connection = Client::open(redis.url()).unwrap().get_connection().unwrap();
    let keys: Vec<String> = connection.keys("*").unwrap();
    let [key] = keys.iter().filter(|key| *key != PROBE).collect::<Vec<_>>()[..] else { panic!("{keys:?}") };
    assert!(key.starts_with("comporta:limit:") && !key.contains("company"), "{key}");
    let left: u64 = connection.pttl(key).unwrap();
    assert!((1..=1000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_debt_beyond_the_allowance_is_that_of_a_clock_set_back_and_is_cut() {
    let redis = Redis::start().unwrap();
    let limits = gateway(&redis).await;
    let rule = rule("10/s", 2);
    let mut connection = Client::open(redis.url()).unwrap().get_connection().unwrap();
    let () = connection.set(key(&rule, COMPANY), "99999999999 0").unwrap();
    let verdict = limits.take(&rule, COMPANY, 0).await;
    assert_eq!((verdict.allowed, verdict.retry_after), (false, 100_000_000));
    sleep(Duration::from_millis(100)).await;
    assert!(limits.take(&rule, COMPANY, 0).await.allowed);
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_away_for_who_wants_it() {
    let redis = Redis::start().unwrap();
    let url = redis.url().replace("redis://", "rediss://");
    let shared = Shared::connect(&Secret::new(url), &Handle::current()).unwrap();
    assert!(shared.server.reach().await.is_err());
    assert!(shared.is_away());
}

#[tokio::test]
async fn a_url_of_something_else_is_refused_without_being_told() {
    let error = Shared::connect(&Secret::new("http://user:hunter2@host"), &Handle::current()).unwrap_err();
    assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"));
}
