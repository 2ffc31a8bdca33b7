//! A company's quota over several gateways on PostgreSQL: exact, also when one is killed or the database is away.
#![cfg(test)]

#[path = "quota/greedy.rs"]
mod greedy;
#[path = "quota/outage.rs"]
mod outage;

use std::time::{Duration, Instant};

use comporta_e2e::{Gateway, Upstream, full, sizes};
use comporta_kernel::{CompanyId, TypedId as _};
use comporta_neighbours::{Options, Postgres};
use comporta_testkit::{Client, Server, Setup};
use hyper::Response;
use serde_json::json;

use greedy::{Greedy, Tally};

/// By then every gateway goes by a plan that was changed.
const SEEN: Duration = Duration::from_millis(1500);
const DATABASE: &str = "comporta";

/// Gateways on one database in front of an upstream that costs nothing, and a company with a key.
struct House {
    postgres: Postgres,
    first: Gateway,
    others: Vec<Server>,
    company: String,
    key: String,
    _upstream: Upstream,
}

impl House {
    async fn with(gateways: usize, options: &Options) -> Self {
        let postgres = Postgres::start(options).unwrap();
        postgres.create_database(DATABASE).unwrap();
        let upstream = Upstream::start(|_| async { Response::new(full("ok")) }).await;
        let settings = json!({
            "upstreams": {"free": {"targets": [{"url": upstream.url()}]}},
            "routes": [{"name": "free", "match": {"path": "/free/**"}, "upstream": "free"}],
        });
        let setup = Setup::new(&postgres.url(DATABASE)).with("COMPORTA_LOG__ACCESS", "off");
        let first = Gateway::start_as(setup, &settings).await;
        let mut others = Vec::new();
        for _ in 1..gateways {
            others.push(first.server.beside().start().await.unwrap());
        }
        let mut admin = first.admin();
        let company = admin.company("Greedy").await;
        let key = admin.key(&company, &["ledger:read"]).await.text;
        Self { postgres, first, others, company, key, _upstream: upstream }
    }

    async fn plan(&self, terms: &serde_json::Value) {
        self.first.admin().put_plan(&self.company, "greedy", terms).await;
        tokio::time::sleep(SEEN).await;
    }

    fn servers(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.first.server).chain(&self.others)
    }

    /// What each gateway was granted and has not returned, in the order of their numbers.
    fn held(&self) -> Vec<u64> {
        let sql = "SELECT granted - returned FROM quota_lease ORDER BY 1";
        self.postgres.psql(DATABASE, sql).unwrap().lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Calls of a company that the database has, however they were answered.
    fn counted(&self, company: &str) -> usize {
        let id = company.parse::<CompanyId>().unwrap().uuid();
        let sql = format!("SELECT coalesce(sum(requests), 0) FROM usage_day WHERE company_id = '{id}'");
        self.postgres.psql(DATABASE, &sql).unwrap().trim().parse().unwrap()
    }

    /// Letters whose name begins so.
    fn letters(&self, name: &str) -> usize {
        let outbox = std::fs::read_dir(self.first.server.data_dir().join("outbox"));
        let names = outbox.into_iter().flatten().map(|file| file.unwrap().file_name());
        names.filter(|file| file.to_string_lossy().starts_with(name)).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_gateways_let_through_a_quota_to_the_call_and_warn_once() {
    let house = House::with(3, &Options::fast()).await;
    let quota = sizes::quota();
    house.plan(&json!({"quota": {"requests": quota, "per": "month"}})).await;
    let began = Instant::now();
    let greedy: Vec<Greedy> = house.servers().map(|server| Greedy::start(server, &house.key)).collect();
    let mut tallies = Vec::new();
    for greedy in greedy {
        tallies.push(greedy.ended().await);
    }
    let served: u64 = tallies.iter().map(|tally| tally.served).sum();
    let refused: u64 = tallies.iter().map(|tally| tally.refused).sum();
    println!("{served} served, {refused} refused in {:.1?}: {tallies:?}", began.elapsed());
    assert_eq!(served, quota);
    assert!(tallies.iter().all(|tally| tally.others == 0 && tally.cut_off == 0), "{tallies:?}");
    assert_eq!(house.held().iter().sum::<u64>(), quota);
    the_refusal_says_what_was_used_up(&house, quota).await;

    let until = Instant::now() + Duration::from_secs(20);
    while house.letters("quota-100-") == 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((house.letters("quota-80-"), house.letters("quota-100-")), (1, 1));

    // What was used counts on under a larger quota, and its clients are served again within a second or so.
    house.plan(&json!({"quota": {"requests": quota + 10, "per": "month"}})).await;
    let mut more = Tally::default();
    let mut client = Client::new(house.others[0].public(), Some(&house.key));
    for _ in 0..15 {
        more.count(&client.get("/free/x").await.unwrap());
    }
    assert_eq!((more.served, more.refused), (10, 5), "{more:?}");
}

async fn the_refusal_says_what_was_used_up(house: &House, quota: u64) {
    let answer = Client::new(house.first.server.public(), Some(&house.key)).get("/free/x").await.unwrap();
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("ratelimit-policy"), Some(&*format!("\"month\";q={quota}")));
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(answer.header("ratelimit"), Some(&*format!("\"month\";r=0;t={wait}")));
    assert!((1..=31 * 86_400).contains(&wait), "{wait}");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("quota") && detail.contains("month"), "{detail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_killed_in_the_middle_takes_at_most_its_lease_along() {
    let mut house = House::with(3, &Options::fast()).await;
    let quota = sizes::quota();
    house.plan(&json!({"quota": {"requests": quota, "per": "day"}})).await;
    let greedy: Vec<Greedy> = house.servers().map(|server| Greedy::start(server, &house.key)).collect();
    while greedy.iter().map(Greedy::served).sum::<u64>() < quota / 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    house.others[1].kill_dash_nine().unwrap();
    let mut tallies = Vec::new();
    for greedy in greedy {
        tallies.push(greedy.ended().await);
    }
    let [dead, alive] =
        [&tallies[2..], &tallies[..2]].map(|part| part.iter().map(|tally| tally.served).sum::<u64>());
    let (held, cut_off) = (house.held(), tallies[2].cut_off);
    let taken_along = quota - alive;
    println!("{alive} served by the living, {dead} by the dead, {cut_off} cut off; leases {held:?}");
    assert!(dead + alive <= quota, "{tallies:?}");
    // The quota is given out whole; the dead one's part is what it served, what it was at, and what it held.
    assert_eq!(held.iter().sum::<u64>(), quota);
    assert!(held.contains(&taken_along), "who lives spends all it is granted: {held:?} {tallies:?}");
    let lost = taken_along - dead;
    println!("{lost} units went with it");
    assert!(lost <= quota / 4, "{lost}: a lease is about a second's need, and a share of what is left");
}
