//! What many ask for at once is done once, and what does not add up is told.
#![cfg(test)]

use std::time::{Duration, Instant};

use comporta_e2e::{Engine, Oracle, the_ledger_verifies};
use comporta_testkit::{Answer, Client, EntryBody, Setup};
use tokio::task::JoinSet;

const CALLERS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_sent_by_many_at_once_is_recorded_once_on_sqlite() {
    record_once(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_sent_by_many_at_once_is_recorded_once_on_postgres() {
    record_once(Engine::Postgres).await;
}

async fn record_once(engine: Engine) {
    let url = engine.fresh_url();
    let mut server = Setup::new(&url).start().await.unwrap();
    let mut client = server.client().unwrap();
    for round in 0..10 {
        let key = format!("key-{round}");
        let body = EntryBody::credit(1_000, &key);
        let answers = all_at_once(&client, "/v1/entries", &key, &body).await;
        let text = answers[0].text();
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.text() == text), "{answers:?}");
        let first = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none());
        assert_eq!(first.count(), 1, "one recorded it, the others were told");

        let other = EntryBody::credit(1_001, &key);
        let refused = client.post("/v1/entries", &[("idempotency-key", &key)], &other).await.unwrap();
        assert_eq!(refused.status, 422, "{}", refused.text());

        // Without a key each of them means it, but an entry is taken back once.
        let path = format!("{}/reversal", answers[0].header("location").unwrap());
        let mut statuses: Vec<u16> = reverse_all_at_once(&client, &path).await;
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (201, &[409; CALLERS - 1][..]));
    }
    assert_eq!(Oracle::new(&url).entries().await, 20, "ten entries and ten reversals");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_balance_that_is_not_the_sum_of_its_entries_is_told_on_sqlite() {
    tell_difference(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_balance_that_is_not_the_sum_of_its_entries_is_told_on_postgres() {
    tell_difference(Engine::Postgres).await;
}

async fn tell_difference(engine: Engine) {
    let url = engine.fresh_url();
    let oracle = Oracle::new(&url);
    let mut server = Setup::new(&url).start().await.unwrap();
    let entry = EntryBody::credit(100, "consolidated").on("2026-03-02");
    server.client().unwrap().post("/v1/entries", &[], &entry).await.unwrap();
    let begun = Instant::now();
    while oracle.consolidated().await < 1 {
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing is consolidated");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    the_ledger_verifies(&server);
    oracle.spoil_balances().await;
    let verified = server.command(&["ledger", "verify"]).output().unwrap();
    let told = String::from_utf8_lossy(&verified.stdout);
    assert_eq!(verified.status.code(), Some(1), "{told}");
    assert!(told.contains("2026-03-02") && told.contains("0.01"), "{told}");
    server.stop().await.unwrap();
}

async fn all_at_once(client: &Client, path: &'static str, key: &str, body: &EntryBody) -> Vec<Answer> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (mut client, key, body) = (client.another(), key.to_owned(), body.clone());
        callers.spawn(async move { client.post(path, &[("idempotency-key", &key)], &body).await.unwrap() });
    }
    callers.join_all().await
}

async fn reverse_all_at_once(client: &Client, path: &str) -> Vec<u16> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (mut client, path) = (client.another(), path.to_owned());
        callers.spawn(async move { client.post(&path, &[], "{}").await.unwrap().status.as_u16() });
    }
    callers.join_all().await
}
