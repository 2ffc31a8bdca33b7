//! Usage in PostgreSQL: a column of each row is an array, so the statements' text never changes.

use std::collections::HashSet;

use async_trait::async_trait;
use comporta_db::Postgres;
use comporta_db::columns::{PgDate, from_pg_date, pg_date, pg_instant};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use sqlx::postgres::{PgHasArrayType, PgRow};
use sqlx::{Encode, PgConnection, Row as _, Type};

use crate::Error;
use crate::model::{Addition, Amount, CountedSegment, UsageGroup, UsageKey, UsageQuery, UsageRow, additions};
use crate::store::usage::{self, UsageStore, on_conflict, sums};

const NOTE: &str = "INSERT INTO meter_flush (instance, sequence, flushed_at)
    SELECT instance, sequence, $3 FROM unnest($1::uuid[], $2::bigint[]) AS segment (instance, sequence)
    ORDER BY instance, sequence
    ON CONFLICT DO NOTHING RETURNING instance, sequence";

const ADD_MINUTES: &str = concat!(
    "INSERT INTO usage_minute (company_id, minute, route, class, live, requests, bytes_in, bytes_out)
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::smallint[], $5::boolean[], $6::bigint[],
        $7::bigint[], $8::bigint[])",
    on_conflict!("usage_minute", "minute")
);
const ADD_DAYS: &str = concat!(
    "INSERT INTO usage_day (company_id, day, route, class, live, requests, bytes_in, bytes_out)
    SELECT * FROM unnest($1::uuid[], $2::date[], $3::text[], $4::smallint[], $5::boolean[], $6::bigint[],
        $7::bigint[], $8::bigint[])",
    on_conflict!("usage_day", "day")
);

pub(in crate::store) struct PostgresUsage(pub(in crate::store) Postgres);

#[async_trait]
impl UsageStore for PostgresUsage {
    async fn add(&self, segments: &[CountedSegment], at: Timestamp) -> Result<i64, Error> {
        let mut tx = self.0.begin().await?;
        let fresh = note(&mut tx, segments, at).await?;
        let is_fresh = |segment: &&CountedSegment| fresh.contains(&(segment.instance, segment.sequence));
        let fresh: Vec<&CountedSegment> = segments.iter().filter(is_fresh).collect();
        let days = additions(&fresh, |served| served.day);
        add(&mut tx, ADD_MINUTES, &additions(&fresh, |served| served.minute), pg_instant).await?;
        add(&mut tx, ADD_DAYS, &days, pg_date).await?;
        tx.commit().await?;
        Ok(days.iter().map(|addition| addition.amount.requests).sum())
    }

    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, Error> {
        let asked = sqlx::query(sums(query))
            .bind(pg_date(query.range.from))
            .bind(pg_date(query.range.to))
            .bind(i64::from(query.limit));
        let asked = match query.company {
            Some(company) => asked.bind(company.uuid()),
            None => asked,
        };
        let rows = asked.fetch_all(self.0.primary()).await?;
        rows.iter().map(|row| read_row(row, query.group)).collect()
    }

    async fn forget_minutes(&self, before: Timestamp, limit: u32) -> Result<u64, Error> {
        let query = sqlx::query(usage::FORGET_MINUTES).bind(pg_instant(before)).bind(i64::from(limit));
        Ok(query.execute(self.0.primary()).await?.rows_affected())
    }

    async fn forget_flushes(&self, before: Timestamp, limit: u32) -> Result<u64, Error> {
        let query = sqlx::query(usage::FORGET_FLUSHES).bind(pg_instant(before)).bind(i64::from(limit));
        Ok(query.execute(self.0.primary()).await?.rows_affected())
    }
}

/// The segments that had not been noted.
async fn note(
    db: &mut PgConnection,
    segments: &[CountedSegment],
    at: Timestamp,
) -> Result<HashSet<(Uuid, i64)>, Error> {
    let (instances, sequences): (Vec<Uuid>, Vec<i64>) =
        segments.iter().map(|segment| (segment.instance, segment.sequence)).unzip();
    let query = sqlx::query(NOTE).bind(instances).bind(sequences).bind(pg_instant(at));
    let rows = query.fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn add<T: Copy, C>(
    db: &mut PgConnection,
    statement: &'static str,
    rows: &[Addition<T>],
    at: impl Fn(T) -> C,
) -> Result<(), Error>
where
    C: PgHasArrayType + Type<sqlx::Postgres> + for<'q> Encode<'q, sqlx::Postgres> + Send + 'static,
{
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(statement)
        .bind(rows.iter().map(|row| row.company.uuid()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| at(row.at)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| &*row.route).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.class).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.live).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.amount.requests).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.amount.bytes_in).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.amount.bytes_out).collect::<Vec<_>>());
    query.execute(db).await?;
    Ok(())
}

fn read_row(row: &PgRow, group: UsageGroup) -> Result<UsageRow, Error> {
    let of = match group {
        UsageGroup::Day => UsageKey::Day(from_pg_date(row.try_get::<PgDate, _>("of")?, "usage_day.day")?),
        UsageGroup::Route => UsageKey::Route(row.try_get("of")?),
        UsageGroup::Status => UsageKey::Status(usage::digit(row.try_get::<i32, _>("of")?.into())?),
        UsageGroup::Company => UsageKey::Company(CompanyId::from_uuid(row.try_get("of")?)),
    };
    let (requests, bytes_in) = (row.try_get("requests")?, row.try_get("bytes_in")?);
    Ok(UsageRow { of, amount: Amount { requests, bytes_in, bytes_out: row.try_get("bytes_out")? } })
}
