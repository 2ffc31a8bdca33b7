//! Every call that a company was served is counted once: through `kill -9`, through stops, while the database is away.
#![cfg(test)]

#[path = "meter/calls.rs"]
mod calls;
#[path = "meter/order.rs"]
mod order;

use std::time::{Duration, Instant};

use calls::{Calls, Partner, Told, publish};
use comporta_e2e::{Engine, Gateway, Upstream, sizes};
use comporta_neighbours::{Options, Postgres};
use comporta_testkit::{Server, Setup};

/// How long after the end of a load every call is in the database, at the very latest.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_counted_once_though_one_of_two_gateways_is_killed_on_postgres() {
    let postgres = Postgres::start(&Options::durable()).unwrap();
    survive_kills("PostgreSQL", &postgres.url("postgres")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_counted_once_though_one_of_two_gateways_is_killed_on_sqlite() {
    survive_kills("SQLite", &Engine::Sqlite.fresh_url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_what_was_counted_is_what_was_served_on_postgres() {
    let postgres = Postgres::start(&Options::durable()).unwrap();
    survive_stops("PostgreSQL", &postgres.url("postgres")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_what_was_counted_is_what_was_served_on_sqlite() {
    survive_stops("SQLite", &Engine::Sqlite.fresh_url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_calls_are_served_and_counted_afterwards() {
    let mut postgres = Postgres::start(&Options::durable()).unwrap();
    let mut story = Story::begin(&postgres.url("postgres")).await;
    let before = story.counted().await;
    // Of paths behind which no database is asked.
    let calls = Calls::start(&[&story.first.server], &story.partners, 1, &["/echo/length", "/echo/chunked"]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    postgres.kill_dash_nine().unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    postgres.restart().unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = calls.stop().await;
    assert!(told.iter().all(|told| told.served > 0 && told.in_doubt == 0), "{told:?}");
    story.agrees(&before, &told).await;
    story.first.server.stop().await.unwrap();
}

/// Two gateways on one database, and companies that call them.
struct Story {
    first: Gateway,
    second: Option<Server>,
    partners: Vec<Partner>,
    _upstream: Upstream,
}

impl Story {
    async fn begin(url: &str) -> Self {
        let upstream = calls::upstream().await;
        let first = Gateway::start_as(Setup::new(url), &publish(&upstream.url())).await;
        let partners = Partner::some(&mut first.admin()).await;
        Self { first, second: None, partners, _upstream: upstream }
    }

    async fn with_second(mut self) -> Self {
        self.second = Some(self.first.server.beside().start().await.unwrap());
        self
    }

    fn servers(&self) -> Vec<&Server> {
        [Some(&self.first.server), self.second.as_ref()].into_iter().flatten().collect()
    }

    /// What the database says of each company.
    async fn counted(&self) -> Vec<i64> {
        calls::counted(&self.first, &self.partners).await
    }

    /// Waits until what was counted since `before` is all that was served, and sees that it never is more than that and
    /// what was in flight at a kill.
    async fn agrees(&self, before: &[i64], told: &[Told]) {
        let begun = Instant::now();
        let mut last = Vec::new();
        loop {
            let now = self.counted().await;
            let counted: Vec<i64> = now.iter().zip(before).map(|(now, before)| now - before).collect();
            let enough = counted.iter().zip(told).all(|(counted, told)| *counted >= told.served);
            let doubt =
                told.iter().zip(&counted).all(|(told, counted)| *counted == told.served + told.in_doubt);
            for (counted, told) in counted.iter().zip(told) {
                let most = told.served + told.in_doubt;
                assert!(*counted <= most, "counted {counted}, {told:?}\n{}", self.first.server.log());
            }
            // Nothing comes any more: what was in flight at the kill had not been counted, or has been by now.
            if enough && (doubt || counted == last) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "counted {counted:?}, {told:?}\n{}", self.first.server.log());
            last = counted;
            tokio::time::sleep(Duration::from_millis(if enough { 2_500 } else { 100 })).await;
        }
    }
}

async fn survive_kills(engine: &str, url: &str) {
    let mut story = Story::begin(url).await.with_second().await;
    let mut sum = Told::default();
    for round in 0..sizes::kills() {
        let before = story.counted().await;
        let calls = Calls::start(&story.servers(), &story.partners, round, &calls::PATHS);
        tokio::time::sleep(Duration::from_millis(700 + 37 * (round % 20))).await;
        // Now the one, now the other.
        let killed = if round % 2 == 0 { story.second.as_mut().unwrap() } else { &mut story.first.server };
        killed.kill_dash_nine().unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let told = calls.stop().await;
        killed.restart().await.unwrap();
        story.agrees(&before, &told).await;
        told.iter().for_each(|told| sum.add(*told));
    }
    end(engine, "kills", sizes::kills(), sum, story).await;
}

async fn survive_stops(engine: &str, url: &str) {
    let mut story = Story::begin(url).await.with_second().await;
    let mut sum = Told::default();
    for round in 0..sizes::kills() {
        let before = story.counted().await;
        let calls = Calls::start(&story.servers(), &story.partners, round, &calls::PATHS);
        tokio::time::sleep(Duration::from_millis(400 + 37 * (round % 20))).await;
        // Asked to stop in the middle, by the one in which it is counted at once and by the one that is read from.
        let second = story.second.as_mut().unwrap();
        second.stop().await.unwrap();
        let told = calls.stop().await;
        assert!(told.iter().all(|told| told.served > 0), "{told:?}");
        story.first.server.stop().await.unwrap();
        let left = std::fs::read_dir(story.first.server.data_dir().join("meter")).unwrap().count();
        assert_eq!(left, 0, "a process that has stopped leaves nothing behind");
        story.first.server.restart().await.unwrap();
        let now = story.counted().await;
        for ((now, before), told) in now.iter().zip(&before).zip(&told) {
            let counted = now - before;
            // A caller whose idle connection was closed as it sent cannot know.
            assert!((told.served..=told.served + told.in_doubt).contains(&counted), "{counted}, {told:?}");
        }
        story.second.as_mut().unwrap().restart().await.unwrap();
        told.iter().for_each(|told| sum.add(*told));
    }
    end(engine, "stops", sizes::kills(), sum, story).await;
}

async fn end(engine: &str, what: &str, rounds: u64, sum: Told, mut story: Story) {
    println!("{engine}: {rounds} {what}, {} calls served and counted, {} in doubt", sum.served, sum.in_doubt);
    for server in [Some(&mut story.first.server), story.second.as_mut()].into_iter().flatten() {
        server.stop().await.unwrap();
    }
}
