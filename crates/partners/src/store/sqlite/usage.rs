//! Usage in SQLite: the rows go in as one JSON array, in one trip to the writer's thread.

use std::collections::HashSet;

use async_trait::async_trait;
use comporta_db::Sqlite;
use comporta_db::columns::{from_text, to_micros};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::Error;
use crate::model::{Addition, Amount, CountedSegment, UsageGroup, UsageKey, UsageQuery, UsageRow, additions};
use crate::store::usage::{self, UsageStore, on_conflict, sums};

const NOTE: &str = "INSERT INTO meter_flush (instance, sequence, flushed_at)
    SELECT unhex(value ->> 0), value ->> 1, $2 FROM json_each($1) WHERE true
    ON CONFLICT DO NOTHING RETURNING instance, sequence";

macro_rules! add {
    ($table:literal, $at:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (company_id, ",
            $at,
            ", route, class, live, requests, bytes_in, bytes_out)
            SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                value ->> 7
            FROM json_each($1) WHERE true",
            on_conflict!($table, $at)
        )
    };
}
const ADD_MINUTES: &str = add!("usage_minute", "minute");
const ADD_DAYS: &str = add!("usage_day", "day");

pub(in crate::store) struct SqliteUsage(pub(in crate::store) Sqlite);

#[async_trait]
impl UsageStore for SqliteUsage {
    async fn add(&self, segments: &[CountedSegment], at: Timestamp) -> Result<i64, Error> {
        let mut turn = self.0.write().await?;
        let fresh = note(&mut turn, segments, at).await?;
        let is_fresh = |segment: &&CountedSegment| fresh.contains(&(segment.instance, segment.sequence));
        let fresh: Vec<&CountedSegment> = segments.iter().filter(is_fresh).collect();
        let days = additions(&fresh, |served| served.day);
        add(&mut turn, ADD_MINUTES, &additions(&fresh, |served| to_micros(served.minute))).await?;
        add(&mut turn, ADD_DAYS, &days).await?;
        turn.commit().await?;
        Ok(days.iter().map(|addition| addition.amount.requests).sum())
    }

    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, Error> {
        let asked = sqlx::query(sums(query))
            .bind(query.range.from.to_string())
            .bind(query.range.to.to_string())
            .bind(i64::from(query.limit));
        let asked = match query.company {
            Some(company) => asked.bind(company.uuid()),
            None => asked,
        };
        let rows = asked.fetch_all(self.0.scans()).await?;
        rows.iter().map(|row| read_row(row, query.group)).collect()
    }

    async fn forget_minutes(&self, before: Timestamp, limit: u32) -> Result<u64, Error> {
        self.forget(usage::FORGET_MINUTES, before, limit).await
    }

    async fn forget_flushes(&self, before: Timestamp, limit: u32) -> Result<u64, Error> {
        self.forget(usage::FORGET_FLUSHES, before, limit).await
    }
}

impl SqliteUsage {
    async fn forget(&self, statement: &'static str, before: Timestamp, limit: u32) -> Result<u64, Error> {
        let mut turn = self.0.write().await?;
        let query = sqlx::query(statement).bind(to_micros(before)).bind(i64::from(limit));
        let forgotten = query.execute(&mut *turn).await?.rows_affected();
        turn.commit().await?;
        Ok(forgotten)
    }
}

/// The segments that had not been noted.
async fn note(
    db: &mut SqliteConnection,
    segments: &[CountedSegment],
    at: Timestamp,
) -> Result<HashSet<(Uuid, i64)>, Error> {
    let asked = segments.iter().map(|segment| json!([hex(segment.instance), segment.sequence]));
    let asked: Vec<Value> = asked.collect();
    let query = sqlx::query(NOTE).bind(json!(asked).to_string()).bind(to_micros(at));
    let rows = query.fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn add<T: Serialize>(
    db: &mut SqliteConnection,
    statement: &'static str,
    rows: &[Addition<T>],
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.iter().map(|row| {
        let Amount { requests, bytes_in, bytes_out } = row.amount;
        let live = i64::from(row.live);
        json!([hex(row.company.uuid()), row.at, *row.route, row.class, live, requests, bytes_in, bytes_out])
    });
    let rows: Vec<Value> = rows.collect();
    sqlx::query(statement).bind(json!(rows).to_string()).execute(db).await?;
    Ok(())
}

fn read_row(row: &SqliteRow, group: UsageGroup) -> Result<UsageRow, Error> {
    let of = match group {
        UsageGroup::Day => UsageKey::Day(from_text(row.try_get("of")?, "usage_day.day")?),
        UsageGroup::Route => UsageKey::Route(row.try_get("of")?),
        UsageGroup::Status => UsageKey::Status(usage::digit(row.try_get("of")?)?),
        UsageGroup::Company => UsageKey::Company(CompanyId::from_uuid(row.try_get("of")?)),
    };
    let (requests, bytes_in) = (row.try_get("requests")?, row.try_get("bytes_in")?);
    Ok(UsageRow { of, amount: Amount { requests, bytes_in, bytes_out: row.try_get("bytes_out")? } })
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}
