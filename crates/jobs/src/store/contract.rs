//! What the job table promises, on both engines.

use std::collections::BTreeSet;

use comporta_db::{Db, Options};
use comporta_kernel::{Clock, IdSource, Rng, Timestamp, Uuid};
use jiff::SignedDuration;

use super::{Backlog, Claim, Claimed, NewJob, Outcome, Store, insert};

macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::store(comporta_neighbours::fresh_sqlite_url()).await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::store(comporta_neighbours::fresh_postgres_url()).await).await;
            })+
        }
    };
}

on_both_engines! {
    a_claim_is_exclusive,
    a_job_waits_for_its_time_and_for_one_who_knows_it,
    a_lease_that_ended_is_taken_over_and_its_holder_has_no_say,
    a_renewed_lease_holds,
    a_unique_key_is_taken_once_per_name,
    a_job_that_is_over_is_never_claimed_again,
    a_transaction_undone_leaves_no_job,
    done_jobs_are_purged_and_failed_ones_kept,
    the_backlog_is_what_is_due_and_nobody_has,
}

const LEASE: SignedDuration = SignedDuration::from_secs(60);

async fn store(url: String) -> Store {
    let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 };
    let db = Db::open(&options).await.unwrap();
    db.migrate().await.unwrap();
    Store::new(db)
}

fn now() -> Timestamp {
    "2026-01-10T12:00:00Z".parse().unwrap()
}

fn new_id() -> Uuid {
    IdSource::new(Clock::system(), Rng::system()).uuid()
}

async fn enqueue(store: &Store, name: &str, unique_key: Option<&str>, due_at: Timestamp) -> bool {
    let job = NewJob { id: new_id(), name, payload: "{}", unique_key, due_at, created_at: now() };
    let mut tx = store.db().begin().await.unwrap();
    let is_new = insert(&mut tx, &job).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

async fn claim(store: &Store, names: &[&str], now: Timestamp, limit: i64) -> Vec<Claimed> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let claim = Claim { names: &names, now, leased_until: now + LEASE, limit };
    store.claim(&claim).await.unwrap()
}

async fn a_claim_is_exclusive(store: Store) {
    let mut tx = store.db().begin().await.unwrap();
    for _ in 0..500 {
        let job = NewJob {
            id: new_id(),
            name: "a",
            payload: "{}",
            unique_key: None,
            due_at: now(),
            created_at: now(),
        };
        insert(&mut tx, &job).await.unwrap();
    }
    tx.commit().await.unwrap();
    let claimers: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = claim(&store, &["a"], now(), 7).await;
                    assert!(claimed.len() <= 7);
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed.into_iter().map(|job| job.id));
                }
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for claimer in claimers {
        claimed.extend(claimer.await.unwrap());
    }
    // On PostgreSQL a claimer may see nothing for a moment, while others hold what is left.
    claimed.extend(claim(&store, &["a"], now(), 500).await.into_iter().map(|job| job.id));
    assert_eq!(claimed.len(), 500);
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), 500);
}

async fn a_job_waits_for_its_time_and_for_one_who_knows_it(store: Store) {
    let later = now() + SignedDuration::from_micros(1);
    enqueue(&store, "a", None, later).await;
    assert_eq!(claim(&store, &["a"], now(), 9).await, []);
    assert_eq!(claim(&store, &["b"], later, 9).await, []);
    let claimed = claim(&store, &["b", "a"], later, 9).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].name.as_str(), claimed[0].payload.as_str(), claimed[0].attempt), ("a", "{}", 1));
}

async fn a_lease_that_ended_is_taken_over_and_its_holder_has_no_say(store: Store) {
    enqueue(&store, "a", None, now()).await;
    let first = claim(&store, &["a"], now(), 1).await.remove(0);
    assert_eq!(claim(&store, &["a"], now() + LEASE - SignedDuration::from_micros(1), 1).await, []);
    let second = claim(&store, &["a"], now() + LEASE, 1).await.remove(0);
    assert_eq!((first.id, second.attempt), (second.id, 2));
    assert!(!store.renew(&first, now() + LEASE * 9).await.unwrap());
    assert!(!store.settle(&first, &Outcome::Done { at: now() }).await.unwrap());
    assert!(store.settle(&second, &Outcome::Done { at: now() }).await.unwrap());
}

async fn a_renewed_lease_holds(store: Store) {
    enqueue(&store, "a", None, now()).await;
    let job = claim(&store, &["a"], now(), 1).await.remove(0);
    assert!(store.renew(&job, now() + LEASE * 2).await.unwrap());
    assert_eq!(claim(&store, &["a"], now() + LEASE, 1).await, []);
    assert_eq!(claim(&store, &["a"], now() + LEASE * 2, 1).await.len(), 1);
}

async fn a_unique_key_is_taken_once_per_name(store: Store) {
    assert!(enqueue(&store, "a", Some("k"), now()).await);
    assert!(!enqueue(&store, "a", Some("k"), now()).await);
    assert!(enqueue(&store, "b", Some("k"), now()).await);
    assert!(enqueue(&store, "a", None, now()).await);
    assert!(enqueue(&store, "a", None, now()).await);
    for job in claim(&store, &["a"], now(), 9).await {
        store.settle(&job, &Outcome::Done { at: now() }).await.unwrap();
    }
    assert!(!enqueue(&store, "a", Some("k"), now()).await, "also after it was done");
}

async fn a_job_that_is_over_is_never_claimed_again(store: Store) {
    for _ in 0..3 {
        enqueue(&store, "a", None, now()).await;
    }
    let error = "no route".to_owned();
    let due_at = now() + LEASE * 5;
    let outcomes = [
        Outcome::Done { at: now() },
        Outcome::Failed { at: now(), error: error.clone() },
        Outcome::Retry { due_at, error },
    ];
    let claimed = claim(&store, &["a"], now(), 3).await;
    for (job, outcome) in claimed.iter().zip(&outcomes) {
        assert!(store.settle(job, outcome).await.unwrap());
        assert!(!store.settle(job, outcome).await.unwrap(), "a job ends once");
        assert!(!store.renew(job, due_at).await.unwrap(), "what is over is not leased");
    }
    assert_eq!(claim(&store, &["a"], due_at - LEASE, 3).await, []);
    let again = claim(&store, &["a"], due_at, 3).await;
    assert_eq!(again.iter().map(|job| (job.id, job.attempt)).collect::<Vec<_>>(), [(claimed[2].id, 2)]);
}

async fn a_transaction_undone_leaves_no_job(store: Store) {
    let mut tx = store.db().begin().await.unwrap();
    let job = NewJob {
        id: new_id(),
        name: "a",
        payload: "",
        unique_key: Some("k"),
        due_at: now(),
        created_at: now(),
    };
    assert!(insert(&mut tx, &job).await.unwrap());
    drop(tx);
    assert!(enqueue(&store, "a", Some("k"), now()).await);
    assert_eq!(claim(&store, &["a"], now(), 9).await.len(), 1);
}

async fn done_jobs_are_purged_and_failed_ones_kept(store: Store) {
    for key in ["done", "failed", "waiting"] {
        enqueue(&store, key, Some(key), now()).await;
    }
    let done = claim(&store, &["done"], now(), 1).await.remove(0);
    store.settle(&done, &Outcome::Done { at: now() }).await.unwrap();
    let failed = claim(&store, &["failed"], now(), 1).await.remove(0);
    store.settle(&failed, &Outcome::Failed { at: now(), error: String::new() }).await.unwrap();
    assert_eq!(store.purge(now(), 9).await.unwrap(), 0);
    assert_eq!(store.purge(now() + LEASE, 9).await.unwrap(), 1);
    assert!(enqueue(&store, "done", Some("done"), now()).await);
    assert!(!enqueue(&store, "failed", Some("failed"), now()).await);
    assert!(!enqueue(&store, "waiting", Some("waiting"), now()).await);
}

async fn the_backlog_is_what_is_due_and_nobody_has(store: Store) {
    assert_eq!(store.backlog(now()).await.unwrap(), Backlog::default());
    for minutes in [-3, -2, -1, 1] {
        enqueue(&store, "a", None, now() + SignedDuration::from_mins(minutes)).await;
    }
    let at = |minutes| Some(now() + SignedDuration::from_mins(minutes));
    assert_eq!(store.backlog(now()).await.unwrap(), Backlog { waiting: 3, oldest_due: at(-3) });
    let taken = claim(&store, &["a"], now(), 1).await.remove(0);
    assert_eq!(store.backlog(now()).await.unwrap(), Backlog { waiting: 2, oldest_due: at(-2) });
    store.settle(&taken, &Outcome::Failed { at: now(), error: String::new() }).await.unwrap();
    let abandoned = claim(&store, &["a"], now(), 1).await;
    assert_eq!(abandoned.len(), 1);
    // Its lease has ended: it waits again, and another one has come due.
    assert_eq!(store.backlog(now() + LEASE).await.unwrap(), Backlog { waiting: 3, oldest_due: at(-1) });
}
