//! What a store must do with what meters count, and that it is counted once whatever ends in between.

use std::path::Path;
use std::time::{Duration, Instant};

use comporta_kernel::{BusinessDate, Uuid};
use comporta_meter::{Call, Class, Meter, Options as MeterOptions, Outlet};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::Usage;
use crate::model::UsageQuery;
use crate::model::{Amount, CountedSegment, Served, UsageGroup, UsageKey, UsageRange, UsageRow};
use crate::store::usage::{self, UsageStore};

/// The store and the service on a new database. It is the first of March, nine in the morning in São Paulo.
struct World {
    store: Arc<dyn UsageStore>,
    usage: Usage,
    clock: ManualClock,
}

impl World {
    async fn at(url: String) -> Self {
        let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 };
        let db = Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
        let zone = "America/Sao_Paulo".parse().unwrap();
        Self { store: usage::of(&db), usage: Usage::new(&db, clock.clone().into(), zone), clock }
    }

    async fn add(&self, segments: &[CountedSegment]) -> i64 {
        self.store.add(segments, self.clock.now()).await.unwrap()
    }

    /// Key and requests of each row of the first quarter.
    async fn sums(&self, of: Option<u128>, group: UsageGroup) -> Vec<(UsageKey, i64)> {
        let range = UsageRange::new(day("2026-01-01"), day("2026-03-31")).unwrap();
        let rows = self.usage.usage(of.map(company), range, group).await.unwrap();
        rows.into_iter().map(|row| (row.of, row.amount.requests)).collect()
    }

    async fn calls(&self) -> i64 {
        self.sums(None, UsageGroup::Day).await.iter().map(|(_, calls)| calls).sum()
    }
}

fn company(number: u128) -> CompanyId {
    CompanyId::from_uuid(uuid(number))
}

fn day(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

fn served(number: u128, minute: &str, route: &str, class: i16, requests: i64) -> Served {
    let minute: Timestamp = format!("2026-{minute}Z").parse().unwrap();
    // Three hours west of Greenwich all year.
    let local = minute - SignedDuration::from_hours(3);
    let date = local.to_string()[..10].to_owned();
    let amount = Amount { requests, bytes_in: 10 * requests, bytes_out: 100 * requests };
    let (company, day) = (company(number), day(&date));
    Served { company, minute, day, route: route.into(), class, live: class != 5, amount }
}

fn segment(sequence: i64, served: &[Served]) -> CountedSegment {
    CountedSegment { instance: uuid(77), sequence, served: served.to_vec() }
}

async fn a_segment_counts_once_however_often_it_is_offered(world: World) {
    let ours = served(1, "03-01T02:59:00", "entries", 2, 5);
    let first = segment(1, &[ours.clone(), served(2, "03-01T03:00:00", "entries", 2, 7)]);
    assert_eq!(world.add(std::slice::from_ref(&first)).await, 12);
    assert_eq!(world.add(std::slice::from_ref(&first)).await, 0);
    // Beside one that is new, and with the same row in both.
    assert_eq!(
        world.add(&[first.clone(), segment(2, std::slice::from_ref(&ours)), segment(3, &[ours])]).await,
        10
    );
    let other = CountedSegment { instance: uuid(78), ..first };
    assert_eq!(world.add(&[other, segment(9, &[])]).await, 12);
    let days = [(UsageKey::Day(day("2026-02-28")), 20), (UsageKey::Day(day("2026-03-01")), 14)];
    assert_eq!(world.sums(None, UsageGroup::Day).await, days);
    assert_eq!(world.sums(Some(1), UsageGroup::Day).await, days[..1]);
}

async fn usage_is_summed_by_what_is_asked_and_of_one_company_only_its_own(world: World) {
    let calls = [
        served(1, "03-01T12:00:00", "entries", 2, 1),
        served(1, "03-01T12:01:00", "livros", 4, 2),
        served(1, "03-02T12:00:00", "livros", 9, 4),
        served(1, "03-02T12:00:00", "livros", 5, 8),
        served(2, "03-02T12:00:00", "livros", 2, 16),
        served(1, "04-01T12:00:00", "entries", 2, 32),
    ];
    world.add(&[segment(1, &calls)]).await;
    let route = |name: &str| UsageKey::Route(name.to_owned());
    assert_eq!(world.sums(Some(1), UsageGroup::Route).await, [(route("entries"), 1), (route("livros"), 14)]);
    let statuses = [2, 4, 5].map(UsageKey::Status);
    let expected: Vec<_> = statuses.into_iter().zip([1, 6, 8]).collect();
    assert_eq!(world.sums(Some(1), UsageGroup::Status).await, expected);
    let companies = [(UsageKey::Company(company(1)), 15), (UsageKey::Company(company(2)), 16)];
    assert_eq!(world.sums(None, UsageGroup::Company).await, companies);
    assert_eq!(world.sums(Some(3), UsageGroup::Day).await, []);

    let range = UsageRange::new(day("2026-03-02"), day("2026-03-02")).unwrap();
    let query = UsageQuery { company: None, range, group: UsageGroup::Company, limit: 1 };
    let amount = Amount { requests: 12, bytes_in: 120, bytes_out: 1200 };
    assert_eq!(
        world.store.usage(&query).await.unwrap(),
        [UsageRow { of: UsageKey::Company(company(1)), amount }]
    );
}

async fn writers_at_once_lose_nothing_and_count_nothing_twice(world: World) {
    // Every segment is offered by two of them; all add to the same rows, which come in different orders.
    let writers = (0..8).map(|writer: i64| {
        let store = Arc::clone(&world.store);
        tokio::spawn(async move {
            for round in 0..10 {
                let rows = (0..20).map(|row: i64| {
                    let place = (row + 3 * writer) % 20;
                    served(place as u128 % 5, "03-01T12:00:00", &format!("route-{place}"), 2, 1)
                });
                let rows: Vec<Served> = rows.collect();
                let segments = [segment((writer / 2) * 10 + round, &rows)];
                store.add(&segments, Timestamp::UNIX_EPOCH).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(world.calls().await, 4 * 10 * 20);
}

async fn minutes_are_forgotten_and_days_are_not(world: World) {
    world.add(&[segment(1, &[served(1, "01-10T12:00:00", "entries", 2, 3)])]).await;
    world.clock.advance(SignedDuration::from_hours(24 * 29));
    let kept = SignedDuration::from_hours(24 * 90);
    assert_eq!(world.usage.forget_old(kept).await.unwrap(), 0);
    world.clock.advance(SignedDuration::from_hours(24 * 2));
    assert_eq!(world.usage.forget_old(kept).await.unwrap(), 1, "the note of the segment");
    world.clock.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(world.usage.forget_old(kept).await.unwrap(), 1, "the minute");
    assert_eq!(world.calls().await, 3);
}

fn meter(root: &Path, instance: u128) -> (Meter, Outlet) {
    let hand_over_every = Duration::ZERO;
    let options = MeterOptions { cores: 2, disk: 8 << 20, hand_over_every };
    Meter::open(root, Uuid::from_u128(instance), options).unwrap()
}

/// The minute it is.
fn minute(world: &World) -> u32 {
    u32::try_from(world.clock.now().as_second() / 60).unwrap()
}

fn count(counter: &mut comporta_meter::Counter, calls: u64) {
    for _ in 0..calls {
        assert!(counter.promise());
        let (class, company) = (Class::of_status(200), company(1));
        counter.count(&Call { company, route: 0, class, live: true, bytes_in: 1, bytes_out: 2 });
    }
}

async fn until(world: &World, calls: i64, mut meanwhile: impl FnMut()) {
    let begun = Instant::now();
    while world.calls().await != calls {
        meanwhile();
        assert!(begun.elapsed() < Duration::from_secs(20), "{} of {calls} calls", world.calls().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_meter_is_emptied_while_it_runs_and_wholly_when_it_ends(world: World) {
    let root = tempfile::tempdir().unwrap();
    let (meter, outlet) = meter(root.path(), 1);
    meter.route_numbers(&["entries"]).unwrap();
    let (mut one, mut other) = (meter.counter().unwrap(), meter.counter().unwrap());
    let stop = CancellationToken::new();
    let emptying = tokio::spawn(world.usage.clone().empty_until(outlet, stop.clone()));
    for round in 1..=20 {
        for counter in [&mut one, &mut other] {
            counter.tick(Instant::now(), minute(&world));
            count(counter, 5);
        }
        // Who has not got its last segment back yet hands over at a later tick.
        until(&world, 10 * round, || {
            [&mut one, &mut other].into_iter().for_each(|it| it.tick(Instant::now(), minute(&world)));
        })
        .await;
    }
    count(&mut one, 7);
    one.close();
    other.close();
    stop.cancel();
    emptying.await.unwrap();
    assert_eq!(world.calls().await, 207);
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0, "nothing is left on the disk");
}

async fn what_a_dead_process_left_is_counted_by_another_once(world: World) {
    let root = tempfile::tempdir().unwrap();
    let folder = |instance| root.path().join(Uuid::from_u128(instance).to_string());
    let file = |instance| folder(instance).join("segment-000001");
    // The second's only segment was counted, but its file not yet deleted when it was killed; the third's cannot be
    // read; the fourth's is so old that nobody can know.
    for instance in 1..=4 {
        let (meter, _outlet) = meter(root.path(), instance);
        meter.route_numbers(&["entries"]).unwrap();
        let mut counter = meter.counter().unwrap();
        let age = if instance == 4 { 30 * 24 * 60 } else { 0 };
        counter.tick(Instant::now(), minute(&world) - age);
        count(&mut counter, 10);
    }
    let counted = Served { live: true, ..served(1, "03-01T12:00:00", "entries", 2, 10) };
    world.add(&[CountedSegment { instance: uuid(2), ..segment(1, &[counted]) }]).await;
    std::fs::write(file(3), "torn").unwrap();

    let stop = CancellationToken::new();
    let adopting = world.usage.clone().adopt_until(root.path().to_owned(), stop.clone());
    let (one, other) = (tokio::spawn(adopting), world.usage.clone());
    let other = tokio::spawn(other.adopt_until(root.path().to_owned(), stop.clone()));
    let begun = Instant::now();
    while (1..=4).any(|instance| folder(instance).exists()) {
        assert!(begun.elapsed() < Duration::from_secs(20), "folders are left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    one.await.unwrap();
    other.await.unwrap();
    assert_eq!(world.calls().await, 20, "of the first, and of the second once");
    let aside = |instance: u128| root.path().join("set-aside").join(Uuid::from_u128(instance).to_string());
    for instance in [3, 4] {
        assert!(aside(instance).join("segment-000001").exists(), "{instance}");
    }
    assert!(aside(4).join("routes").exists() && !aside(1).exists() && !aside(2).exists());
}

on_both_engines! {
    a_segment_counts_once_however_often_it_is_offered,
    usage_is_summed_by_what_is_asked_and_of_one_company_only_its_own,
    writers_at_once_lose_nothing_and_count_nothing_twice,
    minutes_are_forgotten_and_days_are_not,
    a_meter_is_emptied_while_it_runs_and_wholly_when_it_ends,
    what_a_dead_process_left_is_counted_by_another_once,
}
