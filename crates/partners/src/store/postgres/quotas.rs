//! Grants of quotas in PostgreSQL.

use comporta_db::columns::{PgInstant, pg_instant};
use comporta_db::{Error, Postgres};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use sqlx::{PgConnection, Row as _};

use crate::model::Ask;
use crate::store::quotas::{Rows, Settled, column};

const NOW: &str = "SELECT clock_timestamp()";
const LOCK: &str = "SELECT p.company_id, p.period, p.granted, p.warned
    FROM unnest($1::uuid[], $2::text[]) AS a (company_id, period) JOIN quota_period p USING (company_id, period)
    ORDER BY p.company_id, p.period FOR UPDATE OF p";
const LEASES: &str = "SELECT l.company_id, l.period, l.granted, l.returned
    FROM unnest($1::uuid[], $2::text[]) AS a (company_id, period) JOIN quota_lease l USING (company_id, period)
    WHERE l.instance = $3";
const FORGET: &str = "DELETE FROM quota_period WHERE (company_id, period) IN (
    SELECT p.company_id, p.period FROM unnest($1::uuid[], $2::timestamptz[]) AS a (company_id, kept)
    JOIN quota_period p ON p.company_id = a.company_id AND p.ends_at < a.kept
    FOR UPDATE OF p SKIP LOCKED)";
const BEGIN: &str = "INSERT INTO quota_period (company_id, period, ends_at)
    SELECT company_id, period, ends_at FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS a (company_id, period, ends_at)
    ORDER BY company_id, period ON CONFLICT DO NOTHING";
const WRITE_PERIODS: &str = "UPDATE quota_period p SET granted = a.granted, warned = a.warned
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) AS a (company_id, period, granted, warned)
    WHERE p.company_id = a.company_id AND p.period = a.period";
const WRITE_LEASES: &str = "INSERT INTO quota_lease (company_id, period, instance, granted, returned)
    SELECT company_id, period, $3, granted, returned
    FROM unnest($1::uuid[], $2::text[], $4::bigint[], $5::bigint[]) AS a (company_id, period, granted, returned)
    ON CONFLICT (company_id, period, instance) DO UPDATE SET granted = excluded.granted, returned = excluded.returned";

/// The server's time, which is the same for all that ask it.
pub(in crate::store) async fn now(db: &Postgres) -> Result<Timestamp, Error> {
    Ok(sqlx::query(NOW).fetch_one(db.primary()).await?.try_get::<PgInstant, _>(0)?.to_jiff())
}

pub(in crate::store) async fn lock(
    db: &mut PgConnection,
    instance: Uuid,
    asks: &[Ask],
) -> Result<Rows, Error> {
    let (companies, periods) = places(asks.iter());
    let locked = sqlx::query(LOCK).bind(&companies).bind(&periods).fetch_all(&mut *db).await?;
    // Of its own, for a statement reads what was there when it began: before it waited for a lock.
    let leases = sqlx::query(LEASES).bind(companies).bind(periods).bind(instance).fetch_all(db).await?;
    let mut rows = Rows::default();
    for row in &locked {
        let place = (CompanyId::from_uuid(row.try_get(0)?), row.try_get(1)?);
        rows.period(place, row.try_get(2)?, row.try_get::<i16, _>(3)?.into());
    }
    for row in &leases {
        let place = (CompanyId::from_uuid(row.try_get(0)?), row.try_get(1)?);
        rows.lease(place, row.try_get(2)?, row.try_get(3)?);
    }
    Ok(rows)
}

pub(in crate::store) async fn begin(
    db: &mut PgConnection,
    asks: &[&Ask],
    kept: impl Fn(&Ask) -> Timestamp,
) -> Result<(), Error> {
    let (companies, periods) = places(asks.iter().copied());
    let kept: Vec<PgInstant> = asks.iter().map(|ask| pg_instant(kept(ask))).collect();
    sqlx::query(FORGET).bind(&companies).bind(kept).execute(&mut *db).await?;
    let ends: Vec<PgInstant> = asks.iter().map(|ask| pg_instant(ask.period.ends_at)).collect();
    sqlx::query(BEGIN).bind(companies).bind(periods).bind(ends).execute(db).await?;
    Ok(())
}

pub(in crate::store) async fn write(
    db: &mut PgConnection,
    instance: Uuid,
    settled: &[Settled<'_>],
) -> Result<(), Error> {
    let (companies, periods) = places(settled.iter().map(|settled| settled.ask));
    let of =
        |value: fn(&Settled<'_>) -> u64| settled.iter().map(|row| column(value(row))).collect::<Vec<i64>>();
    sqlx::query(WRITE_PERIODS)
        .bind(&companies)
        .bind(&periods)
        .bind(of(|row| row.period.granted))
        .bind(of(|row| row.period.warned.into()))
        .execute(&mut *db)
        .await?;
    sqlx::query(WRITE_LEASES)
        .bind(companies)
        .bind(periods)
        .bind(instance)
        .bind(of(|row| row.lease.granted))
        .bind(of(|row| row.lease.returned))
        .execute(db)
        .await?;
    Ok(())
}

fn places<'a>(asks: impl Iterator<Item = &'a Ask>) -> (Vec<Uuid>, Vec<String>) {
    asks.map(|ask| (ask.company_id.uuid(), ask.period.name.to_string())).unzip()
}
