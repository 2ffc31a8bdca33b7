//! What was acknowledged survives `kill -9`, of the server and of its database, and is there once.
#![cfg(test)]

use std::time::{Duration, Instant};

use comporta_e2e::{
    Chance, Engine, Load, Oracle, Sent, every_day_equals_its_entries, sizes, the_ledger_verifies,
};
use comporta_neighbours::{Options, Postgres};
use comporta_testkit::{Client, Server, Setup};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_entries_survive_a_killed_server_on_sqlite() {
    let url = Engine::Sqlite.fresh_url();
    survive_killed_servers("SQLite", &url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_entries_survive_a_killed_server_on_postgres() {
    let postgres = Postgres::start(&Options::durable()).unwrap();
    survive_killed_servers("PostgreSQL", &postgres.url("postgres")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_survives_a_killed_postgres_and_loses_nothing() {
    let mut postgres = Postgres::start(&Options::durable()).unwrap();
    let url = postgres.url("postgres");
    let mut server = Setup::new(&url).start().await.unwrap();
    let (pid, mut figures) = (server.pid(), Figures::default());
    for round in 0..sizes::postgres_kills() {
        let load = start_load(&server, round).await;
        postgres.kill_dash_nine().unwrap();
        refuses_for_now(&server).await;
        let all = load.stop().await;
        let begun = Instant::now();
        postgres.restart().unwrap();
        recovers(&server).await;
        figures.back_after.push(begun.elapsed());
        figures.settle(&all, &server, &url).await;
    }
    assert_eq!(server.pid(), pid, "it was never started again");
    end("killed PostgreSQL", &figures, &mut server, &url).await;
}

async fn survive_killed_servers(engine: &str, url: &str) {
    let mut server = Setup::new(url).start().await.unwrap();
    let mut figures = Figures::default();
    for round in 0..sizes::kills() {
        let load = start_load(&server, round).await;
        server.kill_dash_nine().unwrap();
        let all = load.stop().await;
        let begun = Instant::now();
        server.restart().await.unwrap();
        figures.back_after.push(begun.elapsed());
        figures.settle(&all, &server, url).await;
    }
    end(engine, &figures, &mut server, url).await;
}

#[derive(Debug, Default)]
struct Figures {
    sent: usize,
    in_doubt: usize,
    done: usize,
    back_after: Vec<Duration>,
}

impl Figures {
    async fn settle(&mut self, all: &[Sent], server: &Server, url: &str) {
        let (in_doubt, done) = Sent::settle(all, &mut server.client().unwrap(), &Oracle::new(url)).await;
        assert!(all.len() > in_doubt, "a round in which nothing was acknowledged proves nothing");
        self.sent += all.len();
        self.in_doubt += in_doubt;
        self.done += done;
    }
}

/// A load that has run for about a second, so that the kill comes at any moment of a commit.
async fn start_load(server: &Server, round: u64) -> Load {
    let load = Load::start(server.public(), &server.first_run().unwrap().api_key, round);
    let chance = Chance::new(round);
    tokio::time::sleep(Duration::from_millis(800 + chance.below(400) as u64)).await;
    load
}

/// While the database is away every answer is a 503, the private listener's too, and none takes for ever.
async fn refuses_for_now(server: &Server) {
    let begun = Instant::now();
    let answer = server.client().unwrap().get("/v1/accounts").await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    let ready = Client::new(server.private(), None).get("/readyz").await.unwrap();
    assert_eq!(ready.status, 503, "{}", ready.text());
    assert!(begun.elapsed() < PATIENCE, "a 503 came after {:?}", begun.elapsed());
}

async fn recovers(server: &Server) {
    let begun = Instant::now();
    let mut client = server.client().unwrap();
    while client.get("/v1/accounts").await.unwrap().status != 200 {
        assert!(begun.elapsed() < PATIENCE, "the server does not recover");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn end(what: &str, figures: &Figures, server: &mut Server, url: &str) {
    let oracle = Oracle::new(url);
    every_day_equals_its_entries(&mut server.client().unwrap(), &oracle).await;
    the_ledger_verifies(server);
    let slowest = figures.back_after.iter().max().unwrap();
    println!(
        "{what}: {} kills, {} requests sent, {} of unknown outcome ({} had been done), {} entries, \
         back after {slowest:?} at most",
        figures.back_after.len(),
        figures.sent,
        figures.in_doubt,
        figures.done,
        oracle.entries().await,
    );
    server.stop().await.unwrap();
}
