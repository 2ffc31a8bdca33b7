//! Grants of quotas in SQLite: the one writer's turn is the lock.

use comporta_db::Error;
use comporta_db::columns::to_micros;
use comporta_kernel::{Timestamp, TypedId as _, Uuid};
use sqlx::{Row as _, SqliteConnection};

use crate::model::Ask;
use crate::store::quotas::{Rows, Settled, column};

const PERIOD: &str = "SELECT granted, warned FROM quota_period WHERE company_id = $1 AND period = $2";
const LEASE: &str =
    "SELECT granted, returned FROM quota_lease WHERE company_id = $1 AND period = $2 AND instance = $3";
const FORGET: &str = "DELETE FROM quota_period WHERE company_id = $1 AND ends_at < $2";
const BEGIN: &str = "INSERT INTO quota_period (company_id, period, ends_at) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING";
const WRITE_PERIOD: &str =
    "UPDATE quota_period SET granted = $3, warned = $4 WHERE company_id = $1 AND period = $2";
const WRITE_LEASE: &str = "INSERT INTO quota_lease (company_id, period, instance, granted, returned)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (company_id, period, instance) DO UPDATE SET granted = excluded.granted, returned = excluded.returned";

pub(in crate::store) async fn lock(
    db: &mut SqliteConnection,
    instance: Uuid,
    asks: &[Ask],
) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    for ask in asks {
        let (company, period) = (ask.company_id.uuid(), ask.period.name.to_string());
        let place = (ask.company_id, &*ask.period.name);
        let query = sqlx::query(PERIOD).bind(company).bind(period.clone());
        if let Some(row) = query.fetch_optional(&mut *db).await? {
            rows.period(place, row.try_get(0)?, row.try_get(1)?);
        }
        let query = sqlx::query(LEASE).bind(company).bind(period).bind(instance);
        if let Some(row) = query.fetch_optional(&mut *db).await? {
            rows.lease(place, row.try_get(0)?, row.try_get(1)?);
        }
    }
    Ok(rows)
}

pub(in crate::store) async fn begin(
    db: &mut SqliteConnection,
    asks: &[&Ask],
    kept: impl Fn(&Ask) -> Timestamp,
) -> Result<(), Error> {
    for ask in asks {
        let company = ask.company_id.uuid();
        sqlx::query(FORGET).bind(company).bind(to_micros(kept(ask))).execute(&mut *db).await?;
        let query = sqlx::query(BEGIN).bind(company).bind(ask.period.name.to_string());
        query.bind(to_micros(ask.period.ends_at)).execute(&mut *db).await?;
    }
    Ok(())
}

pub(in crate::store) async fn write(
    db: &mut SqliteConnection,
    instance: Uuid,
    settled: &[Settled<'_>],
) -> Result<(), Error> {
    for Settled { ask, period, lease } in settled {
        let (company, name) = (ask.company_id.uuid(), ask.period.name.to_string());
        sqlx::query(WRITE_PERIOD)
            .bind(company)
            .bind(name.clone())
            .bind(column(period.granted))
            .bind(i64::from(period.warned))
            .execute(&mut *db)
            .await?;
        sqlx::query(WRITE_LEASE)
            .bind(company)
            .bind(name)
            .bind(instance)
            .bind(column(lease.granted))
            .bind(column(lease.returned))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
