//! The board's statements for PostgreSQL.

use comporta_db::Error;
use comporta_db::columns::{PgInstant, pg_instant};
use comporta_kernel::{Timestamp, Uuid};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::{lines, telling};
use crate::model::{Alert, Alerts, Condition};

/// The lock of the board, too.
pub(super) async fn keeper(db: &mut PgConnection) -> Result<Option<(Uuid, Timestamp)>, Error> {
    const SQL: &str = "SELECT instance, leased_until FROM alert_keeper WHERE id = 1 FOR UPDATE";
    let row = sqlx::query(SQL).fetch_one(db).await?;
    let until = row.try_get::<Option<PgInstant>, _>(1)?.map(PgInstant::to_jiff);
    Ok(row.try_get::<Option<Uuid>, _>(0)?.zip(until))
}

/// Those of another version are left to it.
pub(super) async fn alerts(db: &mut PgConnection) -> Result<Alerts, Error> {
    const SQL: &str =
        "SELECT name, measured, allowed, began_at, seen_at, notice, notice_since, reached, claimed_until
        FROM alert";
    let rows = sqlx::query(SQL).fetch_all(db).await?;
    let mut alerts = Alerts::new();
    for row in &rows {
        if let Some(condition) = Condition::of(row.try_get(0)?) {
            alerts.insert(condition, read(row)?);
        }
    }
    Ok(alerts)
}

fn read(row: &PgRow) -> Result<Alert, Error> {
    let instant =
        |column| Ok::<_, Error>(row.try_get::<Option<PgInstant>, _>(column)?.map(PgInstant::to_jiff));
    Ok(Alert {
        measured: row.try_get(1)?,
        allowed: row.try_get(2)?,
        began_at: row.try_get::<PgInstant, _>(3)?.to_jiff(),
        seen_at: row.try_get::<PgInstant, _>(4)?.to_jiff(),
        telling: telling(row.try_get(5)?, instant(6)?, row.try_get(7)?),
        claimed_until: instant(8)?,
    })
}

pub(super) async fn write(
    db: &mut PgConnection,
    keeper: Option<(Uuid, Timestamp)>,
    changed: &[(Condition, &Alert)],
    gone: &[Condition],
) -> Result<(), Error> {
    const KEEPER: &str = "UPDATE alert_keeper SET instance = $1, leased_until = $2 WHERE id = 1";
    const PUT: &str = "INSERT INTO alert
            (name, measured, allowed, began_at, seen_at, notice, notice_since, reached, claimed_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (name) DO UPDATE SET measured = excluded.measured, allowed = excluded.allowed,
            began_at = excluded.began_at, seen_at = excluded.seen_at, notice = excluded.notice,
            notice_since = excluded.notice_since, reached = excluded.reached,
            claimed_until = excluded.claimed_until";
    let (instance, until) = keeper.unzip();
    sqlx::query(KEEPER).bind(instance).bind(until.map(pg_instant)).execute(&mut *db).await?;
    for (condition, alert) in changed {
        let query = sqlx::query(PUT).bind(condition.name()).bind(&alert.measured).bind(&alert.allowed);
        let query = query.bind(pg_instant(alert.began_at)).bind(pg_instant(alert.seen_at));
        let telling = alert.telling.as_ref();
        let query = query.bind(telling.map(|telling| telling.kind.name()));
        let query = query.bind(telling.map(|telling| pg_instant(telling.since))).bind(lines(telling));
        let query = query.bind(alert.claimed_until.map(pg_instant));
        query.execute(&mut *db).await?;
    }
    for condition in gone {
        sqlx::query("DELETE FROM alert WHERE name = $1").bind(condition.name()).execute(&mut *db).await?;
    }
    Ok(())
}
