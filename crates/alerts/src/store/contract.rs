//! What the board promises, on both engines.

use comporta_db::{Db, Options};
use comporta_kernel::{Clock, IdSource, Rng, Timestamp, Uuid};
use jiff::SignedDuration;

use super::Store;
use crate::model::{Alert, Condition, Kind, Telling};

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
    what_is_written_reads_back_and_what_is_taken_away_is_gone,
    a_board_that_is_not_written_stays_as_it_was,
    processes_have_the_board_one_after_the_other,
    one_process_speaks_until_its_lease_ends,
}

async fn store(url: String) -> Store {
    let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 };
    let db = Db::open(&options).await.unwrap();
    db.migrate().await.unwrap();
    Store::new(db)
}

fn now() -> Timestamp {
    "2026-01-10T12:00:00Z".parse().unwrap()
}

fn instance() -> Uuid {
    IdSource::new(Clock::system(), Rng::system()).uuid()
}

fn alert() -> Alert {
    Alert {
        measured: "31 h".to_owned(),
        allowed: "26 h".to_owned(),
        began_at: now(),
        seen_at: now() + SignedDuration::from_secs(1),
        telling: None,
        claimed_until: Some(now() + SignedDuration::from_micros(1)),
    }
}

async fn what_is_written_reads_back_and_what_is_taken_away_is_gone(store: Store) {
    let mut board = store.open().await.unwrap();
    assert!(board.alerts.is_empty());
    board.alerts.insert(Condition::BackupOld, alert());
    let telling = |reached: &[&str]| {
        let reached = reached.iter().map(|&receiver| receiver.to_owned()).collect();
        Some(Telling { kind: Kind::Still, since: now(), reached })
    };
    let untold = Alert { telling: telling(&[]), claimed_until: None, ..alert() };
    board.alerts.insert(Condition::Failures, untold);
    let told = Alert { telling: telling(&["ana@example.com", "webhook"]), ..alert() };
    board.alerts.insert(Condition::Slow, told);
    let written = board.write().await.unwrap();
    let mut board = store.open().await.unwrap();
    assert_eq!(board.alerts, written);
    board.alerts.remove(&Condition::BackupOld);
    board.alerts.remove(&Condition::Failures);
    board.alerts.insert(Condition::Slow, alert());
    board.write().await.unwrap();
    let board = store.open().await.unwrap();
    assert_eq!(board.alerts.into_iter().collect::<Vec<_>>(), [(Condition::Slow, alert())]);
}

async fn a_board_that_is_not_written_stays_as_it_was(store: Store) {
    let mut board = store.open().await.unwrap();
    board.alerts.insert(Condition::BackupOld, alert());
    drop(board);
    assert!(store.open().await.unwrap().alerts.is_empty());
}

async fn processes_have_the_board_one_after_the_other(store: Store) {
    let looking = (0..6).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut board = store.open().await.unwrap();
            let is_first = board.alerts.insert(Condition::BackupOld, alert()).is_none();
            board.write().await.unwrap();
            is_first
        })
    });
    let mut first = 0;
    for looked in looking.collect::<Vec<_>>() {
        first += u32::from(looked.await.unwrap());
    }
    assert_eq!(first, 1);
}

async fn one_process_speaks_until_its_lease_ends(store: Store) {
    let (a, b, later) = (instance(), instance(), now() + SignedDuration::from_secs(60));
    let keep = async |instance, now, until| {
        let mut board = store.open().await.unwrap();
        let kept = board.keep(instance, now, until);
        board.write().await.unwrap();
        kept
    };
    assert!(keep(a, now(), later).await);
    assert!(!keep(b, now(), later).await);
    assert!(keep(a, now(), later).await);
    assert!(keep(b, later, later + SignedDuration::from_secs(60)).await);
    assert!(!keep(a, later, later).await);
}
