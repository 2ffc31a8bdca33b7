//! Roles over processes on one machine, with PostgreSQL, Redis and a mail server: two gateways, two ledgers, two of
//! boletos, catalogue, jobs. Whoever of them dies, nothing is lost, and who is left answers as ever.
#![cfg(test)]

#[path = "split/callers.rs"]
mod callers;
#[path = "split/debts.rs"]
mod debts;
#[path = "split/pace.rs"]
mod pace;

use std::time::{Duration, Instant};

use callers::{Calls, Told};
use comporta_e2e::{Chance, Gateway, Oracle, every_day_equals_its_entries, sizes, the_ledger_verifies};
use comporta_neighbours::{Options, Postgres, Redis};
use comporta_testkit::{Client, Server, Setup, SmtpSink, SmtpTerms};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);
/// The answer that acceptance asks for, at the 99th percentile.
const PROMPT: Duration = Duration::from_millis(200);
/// What every process of an installation must have alike. On several machines there is no data folder to share it in.
const PEPPER: &str = "only-a-test-would-write-its-pepper-here";

/// A split installation and its neighbours.
struct House {
    gateway: Gateway,
    oracle: Oracle,
    sink: SmtpSink,
    _postgres: Postgres,
    _redis: Redis,
}

/// A process that was away: which, and from when to when.
struct Outage {
    name: String,
    down: Instant,
    up: Instant,
}

impl House {
    async fn start() -> Self {
        let (postgres, redis) = (Postgres::start(&Options::durable()).unwrap(), Redis::start().unwrap());
        let sink = SmtpSink::start(SmtpTerms { latency: Duration::from_millis(5), ..SmtpTerms::default() });
        let (url, sink) = (postgres.url("postgres"), sink.unwrap());
        let setup = Setup::new(&url).split();
        let setup = setup.with("COMPORTA_REDIS__URL", &redis.url()).with("COMPORTA_SECURITY__PEPPER", PEPPER);
        let setup = setup.with("COMPORTA_MAIL__TRANSPORT", "smtp").with("COMPORTA_MAIL__URL", &sink.url());
        let gateway = Gateway::start_as(setup.with("COMPORTA_LOG__ACCESS", "off"), &limited()).await;
        Self { gateway, oracle: Oracle::new(&url), sink, _postgres: postgres, _redis: redis }
    }

    fn server(&self) -> &Server {
        &self.gateway.server
    }

    /// A caller of each of both gateways.
    fn doors(&self) -> [Client; 2] {
        let key = self.gateway.key();
        let gateways = self.server().members().iter().filter(|member| member.name().starts_with("gateway-"));
        let doors: Vec<Client> = gateways.map(|gateway| Client::new(gateway.public(), Some(&key))).collect();
        doors.try_into().unwrap()
    }

    /// Calls of the first company that the database has, however they were answered.
    async fn counted(&self) -> i64 {
        let path = "/admin/v1/usage?group_by=company";
        let answer = self.gateway.admin().send(hyper::Method::GET, path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let company = self.server().first_run().unwrap().company_id;
        let rows = answer.json();
        let row = rows["data"].as_array().unwrap().iter().find(|row| row["company_id"] == company.as_str());
        row.map_or(0, |row| row["requests"].as_i64().unwrap())
    }
}

/// Each entry asks Redis how many there were, on whichever gateway.
fn limited() -> Value {
    json!({"routes": [{
        "name": "entries", "match": {"path": "/v1/entries/**"}, "upstream": "ledger",
        "auth": {"any_of": ["api-key", "jwt"], "scopes": {"GET": "ledger:read", "*": "ledger:write"}},
        "limit": {"rate": "100000/s", "burst": 100_000, "by": "company", "shared": true},
    }]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_process_is_killed_nothing_is_lost_and_nothing_done_twice() {
    let mut house = House::start().await;
    let calls = Calls::start(|| house.doors());
    let (mut outages, mut imports) = (Vec::new(), Vec::new());
    let chance = Chance::new(11);
    for _ in 0..sizes::split_rounds() {
        for index in 0..house.server().members().len() {
            let name = house.server().members()[index].name().to_owned();
            tokio::time::sleep(Duration::from_millis(300 + chance.below(500) as u64)).await;
            if name.starts_with("boletos-") {
                // So that it dies over a file.
                imports.push(debts::send(&calls.told, house.doors(), imports.len()).await);
                tokio::time::sleep(Duration::from_millis(20 + chance.below(300) as u64)).await;
            }
            let down = Instant::now();
            let member = &mut house.gateway.server.members_mut()[index];
            member.kill_dash_nine().unwrap();
            tokio::time::sleep(Duration::from_millis(200 + chance.below(300) as u64)).await;
            member.restart().await.unwrap();
            outages.push(Outage { name, down, up: Instant::now() });
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = calls.stop().await;

    told.only_a_killed_gateway_cut_callers_off(&outages);
    counted(&house, &told).await;
    every_entry_is_there_once(&house, &told).await;
    let letters = debts::have_one_boleto_and_one_letter_each(&house, &told, &outages, &imports).await;
    let longest = outages.iter().map(|outage| outage.up - outage.down).max().unwrap();
    println!(
        "{} kills of {} processes, each away for at most {longest:.1?}",
        outages.len(),
        house.server().pids().len()
    );
    println!("{}; {letters}", told.figures());
    house.gateway.server.stop().await.unwrap();
}

/// Every call that was answered whole is counted, and of those that were cut off some.
async fn counted(house: &House, told: &Told) {
    let (served, in_doubt) = (told.served(), told.in_doubt());
    let (begun, mut last) = (Instant::now(), -1);
    loop {
        let counted = house.counted().await;
        assert!(counted <= served + in_doubt, "{counted} counted, {served} served, {in_doubt} in doubt");
        // Some time after the last one nothing comes any more.
        if counted >= served && counted == last {
            return println!("{served} calls served, {in_doubt} in doubt, {counted} counted");
        }
        assert!(begun.elapsed() < PATIENCE, "{counted} counted, {served} served\n{}", house.server().log());
        last = counted;
        tokio::time::sleep(Duration::from_millis(2_500)).await;
    }
}

async fn every_entry_is_there_once(house: &House, told: &Told) {
    let found = house.oracle.described().await;
    let entries = told.entries();
    for entry in &entries {
        assert_eq!(found.get(entry), Some(&1), "{entry} was acknowledged");
    }
    assert_eq!(found.len(), entries.len(), "nobody gave up: each entry that is there was acknowledged");
    every_day_equals_its_entries(&mut house.server().client().unwrap(), &house.oracle).await;
    the_ledger_verifies(house.server());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_consolidator_and_one_ledger_dead_entries_and_balances_are_answered_as_ever() {
    let mut house = House::start().await;
    for name in ["jobs-1", "ledger-2"] {
        let member = house.gateway.server.members_mut().iter_mut().find(|member| member.name() == name);
        member.unwrap().kill_dash_nine().unwrap();
    }
    let before = house.oracle.consolidated().await;
    let report = pace::at(sizes::split_rate(), sizes::split_lasting(), house.doors()).await;
    println!("without jobs-1 and ledger-2: {report}");
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(house.oracle.entries().await, report.entries());
    assert_eq!(house.oracle.consolidated().await, before, "nobody consolidated");
    every_day_equals_its_entries(&mut house.server().client().unwrap(), &house.oracle).await;
    the_ledger_verifies(house.server());
    // Of optimised code, on a machine with nothing else to do.
    if sizes::are_full() && std::env::var_os("COMPORTA_BINARY").is_some() {
        assert!(report.p99() <= PROMPT, "{report}");
    }
    house.gateway.server.restart().await.unwrap();
    house.gateway.server.stop().await.unwrap();
}
