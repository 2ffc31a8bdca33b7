//! The board's statements for SQLite: the one writer's turn is the lock.

use comporta_db::Error;
use comporta_db::columns::{from_micros, to_micros};
use comporta_kernel::{Timestamp, Uuid};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{lines, telling};
use crate::model::{Alert, Alerts, Condition};

pub(super) async fn keeper(db: &mut SqliteConnection) -> Result<Option<(Uuid, Timestamp)>, Error> {
    const SQL: &str = "SELECT instance, leased_until FROM alert_keeper WHERE id = 1";
    let row = sqlx::query(SQL).fetch_one(db).await?;
    let until = row.try_get::<Option<i64>, _>(1)?;
    let until = until.map(|micros| from_micros(micros, "alert_keeper.leased_until")).transpose()?;
    Ok(row.try_get::<Option<Uuid>, _>(0)?.zip(until))
}

/// Those of another version are left to it.
pub(super) async fn alerts(db: &mut SqliteConnection) -> Result<Alerts, Error> {
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

fn read(row: &SqliteRow) -> Result<Alert, Error> {
    let instant = |column: usize, name| from_micros(row.try_get(column)?, name);
    let perhaps = |column: usize, name| {
        row.try_get::<Option<i64>, _>(column)?.map(|micros| from_micros(micros, name)).transpose()
    };
    Ok(Alert {
        measured: row.try_get(1)?,
        allowed: row.try_get(2)?,
        began_at: instant(3, "alert.began_at")?,
        seen_at: instant(4, "alert.seen_at")?,
        telling: telling(row.try_get(5)?, perhaps(6, "alert.notice_since")?, row.try_get(7)?),
        claimed_until: perhaps(8, "alert.claimed_until")?,
    })
}

pub(super) async fn write(
    db: &mut SqliteConnection,
    keeper: Option<(Uuid, Timestamp)>,
    changed: &[(Condition, &Alert)],
    gone: &[Condition],
) -> Result<(), Error> {
    const KEEPER: &str = "UPDATE alert_keeper SET instance = $1, leased_until = $2 WHERE id = 1";
    const PUT: &str = "INSERT OR REPLACE INTO alert
            (name, measured, allowed, began_at, seen_at, notice, notice_since, reached, claimed_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (instance, until) = keeper.unzip();
    sqlx::query(KEEPER).bind(instance).bind(until.map(to_micros)).execute(&mut *db).await?;
    for (condition, alert) in changed {
        let query = sqlx::query(PUT).bind(condition.name()).bind(&alert.measured).bind(&alert.allowed);
        let query = query.bind(to_micros(alert.began_at)).bind(to_micros(alert.seen_at));
        let telling = alert.telling.as_ref();
        let query = query.bind(telling.map(|telling| telling.kind.name()));
        let query = query.bind(telling.map(|telling| to_micros(telling.since))).bind(lines(telling));
        let query = query.bind(alert.claimed_until.map(to_micros));
        query.execute(&mut *db).await?;
    }
    for condition in gone {
        sqlx::query("DELETE FROM alert WHERE name = $1").bind(condition.name()).execute(&mut *db).await?;
    }
    Ok(())
}
