//! Balances are exact at every instant, with the consolidator running, absent, or dying all the time.
#![cfg(test)]

use std::iter;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use comporta_e2e::{
    Engine, Oracle, Tally, every_day_equals_its_entries, read_until, sizes, the_ledger_verifies, write_until,
};
use comporta_testkit::{Client, Server, Setup};
use tokio::task::JoinSet;

const ACCOUNTS: usize = 20;
const WRITERS: u64 = 64;
const READERS: u64 = 4;
const ALL_BUT_JOBS: &str = "gateway,ledger,catalogue,partners";

/// Where the consolidator is while entries come and balances are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consolidator {
    InTheServer,
    Absent,
    KilledEachSecond,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_are_exact_on_sqlite() {
    tell(Engine::Sqlite, Consolidator::InTheServer, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_are_exact_on_postgres() {
    tell(Engine::Postgres, Consolidator::InTheServer, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_are_exact_whichever_of_two_servers_answers() {
    tell(Engine::Postgres, Consolidator::InTheServer, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_consolidator_no_entry_is_refused_and_every_read_is_exact_on_sqlite() {
    tell(Engine::Sqlite, Consolidator::Absent, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_consolidator_no_entry_is_refused_and_every_read_is_exact_on_postgres() {
    tell(Engine::Postgres, Consolidator::Absent, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consolidator_killed_each_second_miscounts_nothing_on_sqlite() {
    tell(Engine::Sqlite, Consolidator::KilledEachSecond, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consolidator_killed_each_second_miscounts_nothing_on_postgres() {
    tell(Engine::Postgres, Consolidator::KilledEachSecond, 1).await;
}

async fn tell(engine: Engine, consolidator: Consolidator, servers: usize) {
    let url = engine.fresh_url();
    let oracle = Oracle::new(&url);
    let setup = Setup::new(&url);
    let setup = if consolidator == Consolidator::InTheServer { setup } else { setup.roles(ALL_BUT_JOBS) };
    let mut server = setup.start().await.unwrap();
    let mut others = Vec::new();
    for _ in 1..servers {
        others.push(server.beside().start().await.unwrap());
    }
    let key = server.first_run().unwrap().api_key;
    let addresses = iter::once(&server).chain(&others).map(Server::public);
    let doors: Vec<Client> = addresses.map(|address| Client::new(address, Some(&key))).collect();
    let tally = Arc::new(Tally::open(&mut server.client().unwrap(), ACCOUNTS).await);

    let end = Instant::now() + sizes::writing();
    let kills = tokio::join!(callers(&doors, &tally, end), kill_until(end, &server, consolidator)).1;
    let (consolidated, pending) = (oracle.consolidated().await, oracle.pending().await);
    assert_eq!(*tally.refused.lock().unwrap(), [""; 0], "no entry is refused");
    assert_eq!(
        consolidated == 0,
        consolidator == Consolidator::Absent,
        "the consolidator was where it should be"
    );
    quiet(&server, &tally, &oracle).await;

    // A second consolidator beside the server's own does no harm.
    let mut jobs = server.beside().roles("jobs").start().await.unwrap();
    drained(&oracle).await;
    quiet(&server, &tally, &oracle).await;
    jobs.stop().await.unwrap();
    let (entries, reads) = (tally.entries(), tally.reads.load(SeqCst));
    let seconds = sizes::writing().as_secs();
    println!(
        "{engine:?}, {servers} server(s), consolidator {consolidator:?}: {seconds} s, {entries} entries in {} requests acknowledged, \
         {reads} reads within bounds; at the end {consolidated} consolidated, {pending} deltas pending, {kills} kills",
        tally.requests.load(SeqCst),
    );
    server.stop().await.unwrap();
}

async fn callers(doors: &[Client], tally: &Arc<Tally>, end: Instant) {
    let mut doors = doors.iter().cycle().map(Client::another);
    let mut client = || doors.next().unwrap();
    let mut all = JoinSet::new();
    for seed in 0..WRITERS {
        all.spawn(write_until(end, client(), Arc::clone(tally), seed));
    }
    for seed in 0..READERS {
        all.spawn(read_until(end, client(), Arc::clone(tally), 1_000 + seed));
    }
    all.join_all().await;
}

/// Starts the consolidator as a process of its own and kills it each second; gives how often.
async fn kill_until(end: Instant, server: &Server, consolidator: Consolidator) -> u32 {
    if consolidator != Consolidator::KilledEachSecond {
        return 0;
    }
    let mut jobs = server.beside().roles("jobs").start().await.unwrap();
    let mut kills = 0;
    while Instant::now() + Duration::from_secs(1) < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
        jobs.kill_dash_nine().unwrap();
        jobs.restart().await.unwrap();
        kills += 1;
    }
    kills
}

/// With nobody writing: the test's own books, the balances over HTTP and the entries in the database agree.
async fn quiet(server: &Server, tally: &Tally, oracle: &Oracle) {
    let sums = oracle.sums().await;
    for (number, _) in tally.accounts.iter().enumerate() {
        for (day, mine) in tally.days.iter().zip(tally.acknowledged(number)) {
            let theirs = sums.get(&(format!("account {number}"), day.clone())).copied().unwrap_or_default();
            assert_eq!(theirs, mine, "account {number} on {day}");
        }
    }
    every_day_equals_its_entries(&mut server.client().unwrap(), oracle).await;
    the_ledger_verifies(server);
}

async fn drained(oracle: &Oracle) {
    let begun = Instant::now();
    while oracle.pending().await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the consolidator does not come to an end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(oracle.consolidated().await, oracle.entries().await, "each entry is consolidated, once");
}
