//! What grants of quotas promise, on both engines.

use std::sync::Arc;

use comporta_db::Connection;
use comporta_jobs::Queue;
use comporta_kernel::{Clock, CompanyId, IdSource, Rng, Timestamp, Uuid};
use jiff::SignedDuration;

use super::{World, new_company, uuid};
use crate::model::{Ask, Period};
use crate::store::quotas::{self, QuotaStore};
use crate::{NewCompany, QuotasInUse};

fn store(world: &World) -> Arc<dyn QuotaStore> {
    store_of(world, 3)
}

/// What one process asks; two of different seeds make different ids.
fn store_of(world: &World, seed: u64) -> Arc<dyn QuotaStore> {
    let clock = Clock::from(world.clock.clone());
    let queue = Queue::new(clock.clone(), IdSource::new(clock.clone(), Rng::seeded(seed)));
    quotas::of(&world.db, clock, queue)
}

fn ask(company_id: CompanyId, quota: u64, want: u64) -> Ask {
    let period = Period { name: "2026-03".into(), ends_at: "2026-04-01T03:00:00Z".parse().unwrap() };
    Ask { company_id, period, quota, want, waiting: want, received: 0, returned: 0 }
}

async fn one(store: &Arc<dyn QuotaStore>, instance: Uuid, ask: Ask) -> (u64, u64) {
    let grant = store.settle(instance, &[ask]).await.unwrap()[0];
    (grant.granted, grant.rest)
}

async fn count(world: &World, sql: &'static str) -> i64 {
    let mut tx = world.db.begin().await.unwrap();
    match tx.connection() {
        Connection::Postgres(db) => sqlx::query_scalar(sql).fetch_one(db).await.unwrap(),
        Connection::Sqlite(db) => sqlx::query_scalar(sql).fetch_one(db).await.unwrap(),
    }
}

async fn what_one_gateway_was_granted_another_one_is_not(world: World) {
    let company = world.company("Ana").await.id;
    let (store, a, b) = (store(&world), uuid(1), uuid(2));
    assert_eq!(one(&store, a, ask(company, 10, 6)).await, (6, 4));
    assert_eq!(one(&store, b, ask(company, 10, 6)).await, (4, 0));
    assert_eq!(one(&store, a, Ask { received: 6, ..ask(company, 10, 6) }).await, (6, 0));
    // Another month is another quota, and so is another company's.
    let april = Period { name: "2026-04".into(), ends_at: "2026-05-01T03:00:00Z".parse().unwrap() };
    assert_eq!(one(&store, a, Ask { period: april, ..ask(company, 10, 6) }).await, (6, 4));
    let other = world.company("Bia").await.id;
    assert_eq!(one(&store, a, ask(other, 10, 6)).await, (6, 4));
}

async fn a_message_that_comes_twice_changes_nothing(world: World) {
    let company = world.company("Ana").await.id;
    let (store, a) = (store(&world), uuid(1));
    assert_eq!(one(&store, a, ask(company, 10, 6)).await, (6, 4));
    assert_eq!(one(&store, a, ask(company, 10, 6)).await, (6, 4), "the first answer was lost");
    let back = Ask { received: 6, returned: 5, ..ask(company, 10, 0) };
    assert_eq!(one(&store, a, back.clone()).await, (6, 9));
    assert_eq!(one(&store, a, back).await, (6, 9));
    assert_eq!(one(&store, uuid(2), ask(company, 10, 20)).await, (9, 0));
}

async fn several_companies_are_asked_for_at_once(world: World) {
    let (ana, bia) = (world.company("Ana").await.id, world.company("Bia").await.id);
    let (store, a) = (store(&world), uuid(1));
    one(&store, a, ask(ana, 5, 2)).await;
    let asks = [Ask { received: 2, ..ask(ana, 5, 4) }, ask(bia, 5, 4)];
    let granted = store.settle(a, &asks).await.unwrap();
    assert_eq!(granted.iter().map(|grant| (grant.granted, grant.rest)).collect::<Vec<_>>(), [(5, 0), (4, 1)]);
}

async fn gateways_that_ask_at_once_are_granted_the_quota_and_no_more(world: World) {
    let (ana, bia) = (world.company("Ana").await.id, world.company("Bia").await.id);
    let asking = (1..=6u64).map(|gateway| {
        let store = store_of(&world, gateway);
        tokio::spawn(async move {
            let mut received = [0; 2];
            for _ in 0..20 {
                let mut asks = [(ana, 0), (bia, 1)]
                    .map(|(company, place)| Ask { received: received[place], ..ask(company, 100, 3) });
                asks.sort_by_key(|ask| ask.company_id);
                match store.settle(uuid(gateway.into()), &asks).await {
                    Ok(grants) => received = [grants[0].granted, grants[1].granted],
                    Err(error) => assert!(error.is_unavailable(), "{error:?}"),
                }
            }
            received
        })
    });
    let mut sums = [0, 0];
    for asked in asking.collect::<Vec<_>>() {
        let received = asked.await.unwrap();
        sums = [sums[0] + received[0], sums[1] + received[1]];
    }
    assert_eq!(sums, [100, 100]);
}

async fn each_threshold_gives_one_warning_in_the_transaction_that_crosses_it(world: World) {
    const WARNINGS: &str = "SELECT count(*) FROM job WHERE name = 'warn_of_quota'";
    let company = world.company("Ana").await.id;
    let (store, a, b) = (store(&world), uuid(1), uuid(2));
    one(&store, a, ask(company, 10, 7)).await;
    assert_eq!(count(&world, WARNINGS).await, 0);
    one(&store, b, ask(company, 10, 1)).await;
    assert_eq!(count(&world, WARNINGS).await, 1);
    one(&store, b, Ask { received: 1, returned: 1, ..ask(company, 10, 0) }).await;
    one(&store, b, Ask { received: 1, returned: 1, ..ask(company, 10, 1) }).await;
    assert_eq!(count(&world, WARNINGS).await, 1);
    one(&store, a, Ask { received: 7, ..ask(company, 10, 9) }).await;
    one(&store, a, Ask { received: 9, ..ask(company, 10, 9) }).await;
    assert_eq!(count(&world, WARNINGS).await, 2);
}

async fn old_periods_are_forgotten_when_a_new_one_begins(world: World) {
    const PERIODS: &str = "SELECT count(*) FROM quota_period";
    let company = world.company("Ana").await.id;
    let (store, a) = (store(&world), uuid(1));
    let end: Timestamp = "2026-03-02T03:00:00Z".parse().unwrap();
    for day in [0, 30, 62, 63] {
        let ends_at = end + SignedDuration::from_hours(24 * day);
        let period = Period { name: ends_at.to_string().into(), ends_at };
        one(&store, a, Ask { period, ..ask(company, 10, 1) }).await;
    }
    assert_eq!(count(&world, PERIODS).await, 3);
}

async fn the_time_is_the_databases(world: World) {
    let told = store(&world).now().await.unwrap();
    let own = match world.db.engine() {
        comporta_db::Engine::Postgres(_) => Clock::system().now(),
        comporta_db::Engine::Sqlite(_) => world.now(),
    };
    assert!(own.duration_since(told).unsigned_abs() < std::time::Duration::from_secs(5), "{own} {told}");
}

async fn companies_near_their_quota_are_counted_until_the_month_is_over(world: World) {
    let terms = serde_json::from_str(r#"{"quota":{"requests":10,"per":"month"}}"#).unwrap();
    world.partners.put_plan(&"small".parse().unwrap(), &terms).await.unwrap();
    let (store, a) = (store(&world), uuid(1));
    for used in [7, 8, 10] {
        let plan = Some("small".parse().unwrap());
        let company = NewCompany { plan, ..new_company("Ana") };
        let company = world.partners.create_company(company).await.unwrap().id;
        one(&store, a, ask(company, 10, used)).await;
    }
    let found = world.partners.quotas_in_use().await.unwrap();
    assert_eq!(found, QuotasInUse { near: 2, used_up: 1 });
    let terms = serde_json::from_str(r#"{"quota":{"requests":100,"per":"month"}}"#).unwrap();
    world.partners.put_plan(&"small".parse().unwrap(), &terms).await.unwrap();
    assert_eq!(world.partners.quotas_in_use().await.unwrap(), QuotasInUse::default(), "they were given more");
    let terms = serde_json::from_str(r#"{"quota":{"requests":10,"per":"month"}}"#).unwrap();
    world.partners.put_plan(&"small".parse().unwrap(), &terms).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(24 * 31));
    assert_eq!(world.partners.quotas_in_use().await.unwrap(), QuotasInUse::default());
}

on_both_engines! {
    companies_near_their_quota_are_counted_until_the_month_is_over,
    what_one_gateway_was_granted_another_one_is_not,
    a_message_that_comes_twice_changes_nothing,
    several_companies_are_asked_for_at_once,
    gateways_that_ask_at_once_are_granted_the_quota_and_no_more,
    each_threshold_gives_one_warning_in_the_transaction_that_crosses_it,
    old_periods_are_forgotten_when_a_new_one_begins,
    the_time_is_the_databases,
}
