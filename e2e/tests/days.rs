//! An entry belongs to the calendar day of its account's zone, on days without midnight and in hours that come
//! twice as on any other.
#![cfg(test)]

use comporta_e2e::{Engine, daily_balances};
use comporta_testkit::{Client, EntryBody, Setup};
use serde_json::json;

/// A zone, the first and the last day looked at, how many days of the calendar that is, and instants with the day
/// on which each falls.
type Story = (&'static str, [&'static str; 2], usize, &'static [(&'static str, &'static str)]);

const STORIES: [Story; 7] = [
    (
        "America/Sao_Paulo",
        ["2017-10-13", "2017-10-16"],
        4,
        &[
            ("2017-10-15T02:59:59Z", "2017-10-14"),
            ("2017-10-15T03:00:00Z", "2017-10-15"), // the first second of a day that began at one o'clock
            ("2017-10-15T00:30:00-03:00", "2017-10-15"), // an hour that no clock there showed
            ("2017-10-16T01:59:59Z", "2017-10-15"),
            ("2017-10-16T02:00:00Z", "2017-10-16"),
        ],
    ),
    (
        "America/Sao_Paulo",
        ["2018-02-16", "2018-02-18"],
        3,
        &[
            ("2018-02-17T23:30:00-02:00", "2018-02-17"),
            ("2018-02-17T23:30:00-03:00", "2018-02-17"), // the same time of day, an hour later
            ("2018-02-18T02:59:59Z", "2018-02-17"),
            ("2018-02-18T03:00:00Z", "2018-02-18"),
        ],
    ),
    (
        "America/Sao_Paulo",
        ["2018-11-02", "2018-11-05"],
        4,
        &[
            ("2018-11-04T02:59:59Z", "2018-11-03"),
            ("2018-11-04T03:00:00Z", "2018-11-04"),
            ("2018-11-05T01:59:59.999999Z", "2018-11-04"),
        ],
    ),
    (
        "America/Sao_Paulo",
        ["2025-12-30", "2026-01-02"],
        4,
        &[("2026-01-01T02:59:59Z", "2025-12-31"), ("2026-01-01T03:00:00Z", "2026-01-01")],
    ),
    (
        "Asia/Tokyo",
        ["2026-02-28", "2026-03-02"],
        3,
        &[
            ("2026-03-01T14:59:59Z", "2026-03-01"),
            ("2026-03-01T15:00:00Z", "2026-03-02"),
            ("2026-03-01T00:00:00+09:00", "2026-03-01"),
        ],
    ),
    (
        "America/New_York",
        ["2026-10-31", "2026-11-02"],
        3,
        &[
            ("2026-11-01T03:59:59Z", "2026-10-31"),
            ("2026-11-01T05:30:00Z", "2026-11-01"), // half past one,
            ("2026-11-01T06:30:00Z", "2026-11-01"), // and again
            ("2026-11-02T04:59:59Z", "2026-11-01"),
            ("2026-11-02T05:00:00Z", "2026-11-02"),
        ],
    ),
    (
        "Pacific/Apia",
        ["2011-12-28", "2012-01-01"],
        5,
        &[
            ("2011-12-30T09:59:59Z", "2011-12-29"),
            ("2011-12-30T10:00:00Z", "2011-12-31"), // Samoa went without the 30th
        ],
    ),
];

#[tokio::test]
async fn an_entry_falls_on_the_day_of_its_accounts_calendar_on_sqlite() {
    tell_all(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_entry_falls_on_the_day_of_its_accounts_calendar_on_postgres() {
    tell_all(Engine::Postgres).await;
}

async fn tell_all(engine: Engine) {
    let mut server = Setup::new(&engine.fresh_url()).start().await.unwrap();
    let mut client = server.client().unwrap();
    for (number, story) in STORIES.iter().enumerate() {
        tell(&mut client, &format!("account {number}"), story).await;
    }
    server.stop().await.unwrap();
}

async fn tell(client: &mut Client, name: &str, (zone, [from, to], length, instants): &Story) {
    let account = json!({"name": name, "time_zone": zone, "opening_balance": "10.00", "opening_date": from});
    let account = client.post("/v1/accounts", &[], account.to_string()).await.unwrap();
    assert_eq!(account.status, 201, "{}", account.text());
    let id = account.json()["id"].as_str().unwrap().to_owned();

    for (instant, day) in *instants {
        let entry = EntryBody::credit(100, instant).account(&id).at(instant);
        let answer = client.post("/v1/entries", &[], &entry).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.json()["business_date"], json!(day), "{instant} in {zone}");
        let entry =
            client.get(&format!("/v1/entries/{}", answer.json()["id"].as_str().unwrap())).await.unwrap();
        assert_eq!(entry.json(), answer.json(), "it is read as it was written");
    }

    let days = daily_balances(client, &id, from, to).await;
    assert_eq!(days.len(), *length, "every calendar day of the range");
    assert_eq!(days[0].opening, 1_000);
    for day in &days {
        let expected = instants.iter().filter(|(_, on)| *on == day.date).count() as i64;
        assert_eq!(
            (day.movement.entries, day.movement.credits),
            (expected, 100 * expected),
            "{zone}, {}",
            day.date
        );
        let path = format!("/v1/daily-balances/{}?account_id={id}", day.date);
        let alone = client.get(&path).await.unwrap();
        assert_eq!(alone.json()["entries"], json!(expected), "{path}");
    }
    assert_eq!(days.last().unwrap().closing, 1_000 + 100 * instants.len() as i64);
}
