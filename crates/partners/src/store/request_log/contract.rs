//! What the request log must do: each test runs on both engines.

use std::time::Duration;

use comporta_db::{Db, Engine, Options};
use comporta_kernel::{CompanyId, ManualClock, Timestamp, TypedId as _, Uuid};
use jiff::{SignedDuration, ToSpan as _};

use crate::{
    BodyDetails, Details, LoggedRequest, LoggedRequestId, MessageDetails, RequestLog, Retention, Search,
    StageTimings, TraceId, Whose,
};

const DAY: Duration = Duration::from_secs(86_400);

/// The log on a new database, with a clock that the test moves.
struct World {
    db: Db,
    log: RequestLog,
    clock: ManualClock,
}

impl World {
    async fn at(url: String) -> Self {
        let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 4 };
        let db = Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        let clock = ManualClock::at("2026-03-10T12:00:00.000001Z".parse().unwrap());
        let log = RequestLog::new(&db, clock.clone().into(), Retention { keep: 7 * DAY, max_rows: 100 });
        Self { db, log, clock }
    }

    async fn found(&self, search: &Search) -> Vec<String> {
        let found = self.log.search(search, 500).await.unwrap();
        found.into_iter().map(|request| request.request_id).collect()
    }

    /// Rows, whether they are shown or not.
    async fn rows(&self) -> i64 {
        let sql = "SELECT count(*) FROM request_log";
        match self.db.engine() {
            Engine::Postgres(db) => sqlx::query_scalar(sql).fetch_one(db.primary()).await.unwrap(),
            Engine::Sqlite(db) => sqlx::query_scalar(sql).fetch_one(db.readers()).await.unwrap(),
        }
    }
}

fn company(number: u128) -> CompanyId {
    CompanyId::from_uuid(Uuid::from_u128(number))
}

/// A row whose id tells of its instant, as those of the log do.
fn request(name: &str, whose: Option<u128>, at: &str) -> LoggedRequest {
    let at: Timestamp = at.parse().unwrap();
    let milliseconds = u128::try_from(at.as_millisecond()).unwrap();
    let rest: u128 = name.bytes().fold(0, |number, byte| number << 8 | u128::from(byte));
    LoggedRequest {
        id: LoggedRequestId::from_uuid(Uuid::from_u128(milliseconds << 80 | rest)),
        at,
        company_id: whose.map(company),
        key_id: None,
        request_id: name.to_owned(),
        trace_id: TraceId([7; 16]),
        method: "GET".to_owned(),
        path: "/v1/entries".to_owned(),
        query: None,
        route: None,
        status: 404,
        broken_off: false,
        sampled: false,
        problem: None,
        target: None,
        client: "192.0.2.1".to_owned(),
        bytes_in: 0,
        bytes_out: 0,
        timings: StageTimings::default(),
        details: Details::default(),
    }
}

/// One in which nothing is left out.
fn full() -> LoggedRequest {
    let message = |text: &str| MessageDetails {
        headers: vec![("user-agent".to_owned(), "a \"b\" \\ é 💥".to_owned())],
        body: Some(BodyDetails { text: text.to_owned(), cut: true }),
    };
    LoggedRequest {
        key_id: Some("key_1".to_owned()),
        query: Some("q=a&token=***".to_owned()),
        route: Some("entries".to_owned()),
        status: 200,
        broken_off: true,
        sampled: true,
        problem: Some("invalid".to_owned()),
        target: Some("http://10.0.0.1:8000".to_owned()),
        bytes_in: u64::MAX >> 1,
        bytes_out: 7,
        timings: StageTimings {
            who: 1,
            limit: 2,
            before: Some(3),
            upstream: Some(4),
            body: Some(5),
            total: 6,
        },
        details: Details { request: message(r#"{"a":"\u0000"#), response: message("{}") },
        ..request("full", Some(1), "2026-03-10T11:59:59.999999Z")
    }
}

async fn a_request_reads_back_as_it_was_written(world: World) {
    let requests = [full(), request("bare", None, "2026-03-10T11:00:00Z")];
    world.log.write(&requests).await.unwrap();
    let found = world.log.search(&Search::of(Whose::Anybody), 10).await.unwrap();
    let listed = requests.clone().map(|request| LoggedRequest { details: Details::default(), ..request });
    assert_eq!(found, listed);
    for request in &requests {
        let by_row = world.log.show(Whose::Anybody, &request.id.to_string()).await.unwrap();
        let by_request = world.log.show(Whose::Anybody, &request.request_id).await.unwrap();
        assert_eq!((&by_row, &by_request), (request, request));
    }
}

async fn a_batch_that_is_written_again_changes_nothing(world: World) {
    let requests = [full(), request("bare", None, "2026-03-10T11:00:00Z")];
    for _ in 0..3 {
        world.log.write(&requests).await.unwrap();
    }
    world.log.write(&[]).await.unwrap();
    assert_eq!(world.rows().await, 2);
}

async fn each_filter_finds_its_own(world: World) {
    let at = |hour: u32| format!("2026-03-10T{hour:02}:00:00Z");
    let rows = [
        LoggedRequest { status: 200, ..request("a", Some(1), &at(1)) },
        LoggedRequest { status: 499, ..request("b", Some(1), &at(2)) },
        LoggedRequest { status: 500, route: Some("entries".to_owned()), ..request("c", Some(2), &at(3)) },
        LoggedRequest { trace_id: TraceId([9; 16]), ..request("d", None, &at(4)) },
    ];
    world.log.write(&rows).await.unwrap();
    let all = Search::of(Whose::Anybody);
    let instant = |hour| Some(at(hour).parse().unwrap());
    for (search, wanted) in [
        (all.clone(), vec!["d", "c", "b", "a"]),
        (Search::of(Whose::Company(company(1))), vec!["b", "a"]),
        (Search::of(Whose::Nobody), vec!["d"]),
        (Search { from: instant(2), ..all.clone() }, vec!["d", "c", "b"]),
        (Search { to: instant(2), ..all.clone() }, vec!["a"]),
        (Search { status: Some("499".parse().unwrap()), ..all.clone() }, vec!["b"]),
        (Search { status: Some("4xx".parse().unwrap()), ..all.clone() }, vec!["d", "b"]),
        (Search { route: Some("entries".to_owned()), ..all.clone() }, vec!["c"]),
        (Search { trace_id: Some(TraceId([9; 16])), ..all.clone() }, vec!["d"]),
        (Search { request_id: Some("b".to_owned()), ..all.clone() }, vec!["b"]),
        (Search { status: Some("5xx".parse().unwrap()), ..Search::of(Whose::Company(company(1))) }, vec![]),
    ] {
        assert_eq!(world.found(&search).await, wanted, "{search:?}");
    }
}

async fn another_companys_request_is_not_there(world: World) {
    let row = request("hers", Some(1), "2026-03-10T01:00:00Z");
    world.log.write(std::slice::from_ref(&row)).await.unwrap();
    for id in ["hers".to_owned(), row.id.to_string()] {
        assert!(world.log.show(Whose::Company(company(1)), &id).await.is_ok());
        for other in [Whose::Company(company(2)), Whose::Nobody] {
            assert!(world.log.show(other, &id).await.is_err());
        }
    }
}

async fn pages_show_each_request_once_though_they_began_at_once(world: World) {
    let rows: Vec<_> =
        (0..25).map(|row| request(&format!("{row:02}"), Some(1), "2026-03-10T01:00:00Z")).collect();
    world.log.write(&rows).await.unwrap();
    let (mut search, mut seen) = (Search::of(Whose::Company(company(1))), Vec::new());
    loop {
        let page = world.log.search(&search, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        search.after = Some((last.at, last.id));
        seen.extend(page.into_iter().map(|request| request.request_id));
    }
    let wanted: Vec<_> = rows.iter().rev().map(|request| request.request_id.clone()).collect();
    assert_eq!(seen, wanted);
}

async fn of_two_with_one_id_the_newest_is_shown(world: World) {
    let rows = [
        LoggedRequest { status: 409, ..request("same", Some(1), "2026-03-10T02:00:00Z") },
        LoggedRequest { status: 404, ..request("same", Some(1), "2026-03-10T01:00:00Z") },
    ];
    world.log.write(&rows).await.unwrap();
    assert_eq!(world.log.show(Whose::Anybody, "same").await.unwrap().status, 409);
    assert_eq!(world.log.show(Whose::Anybody, &rows[1].id.to_string()).await.unwrap().status, 404);
}

async fn what_is_too_old_is_not_shown_and_goes(world: World) {
    world.log.keep_within_bounds().await.unwrap();
    let rows = [
        request("new", Some(1), "2026-03-10T11:00:00Z"),
        request("week", Some(1), "2026-03-03T12:00:01Z"),
        request("older", Some(1), "2026-03-03T11:59:59Z"),
        request("oldest", Some(1), "2026-02-01T11:00:00Z"),
    ];
    // Days that no partition was made for, too.
    world.log.write(&rows).await.unwrap();
    assert_eq!(world.found(&Search::of(Whose::Anybody)).await, ["new", "week"]);
    assert!(world.log.show(Whose::Anybody, "older").await.is_err());
    // Of the day that is not over yet all stays, where days go as tables.
    let gone = world.log.keep_within_bounds().await.unwrap();
    assert_eq!(gone, if matches!(world.db.engine(), Engine::Postgres(_)) { 1 } else { 2 });
    world.clock.advance(SignedDuration::from_hours(24 * 8));
    world.log.keep_within_bounds().await.unwrap();
    assert_eq!(world.rows().await, 0);
    let later = world.clock.now().checked_add(24.hours()).unwrap();
    world.log.write(&[LoggedRequest { at: later, ..full() }]).await.unwrap();
    assert_eq!(world.rows().await, 1);
}

async fn beyond_the_bound_the_oldest_go(world: World) {
    let row = |number: u32| {
        let (day, minute) = (8 + number / 60, number % 60);
        request(&format!("{number:03}"), Some(1), &format!("2026-03-{day:02}T01:{minute:02}:00Z"))
    };
    let rows: Vec<_> = (0..130).map(row).collect();
    world.log.write(&rows).await.unwrap();
    assert_eq!(world.log.keep_within_bounds().await.unwrap(), 30);
    let found = world.found(&Search::of(Whose::Anybody)).await;
    assert_eq!((found.len(), found[0].as_str(), found[99].as_str()), (100, "129", "030"));
    assert_eq!(world.log.keep_within_bounds().await.unwrap(), 0);
}

async fn writers_of_a_new_day_do_not_stand_in_each_others_way(world: World) {
    let writers = (0..6).map(|writer| {
        let log = world.log.clone();
        let rows: Vec<_> = (10..14)
            .map(|day| request(&format!("{writer}-{day}"), Some(1), &format!("2026-03-{day}T01:00:00Z")))
            .collect();
        tokio::spawn(async move { log.write(&rows).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(world.rows().await, 24);
}

macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::World::at(comporta_neighbours::fresh_sqlite_url()).await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::World::at(comporta_neighbours::fresh_postgres_url()).await).await;
            })+
        }
    };
}

on_both_engines! {
    a_request_reads_back_as_it_was_written,
    a_batch_that_is_written_again_changes_nothing,
    each_filter_finds_its_own,
    another_companys_request_is_not_there,
    pages_show_each_request_once_though_they_began_at_once,
    of_two_with_one_id_the_newest_is_shown,
    what_is_too_old_is_not_shown_and_goes,
    beyond_the_bound_the_oldest_go,
    writers_of_a_new_day_do_not_stand_in_each_others_way,
}
