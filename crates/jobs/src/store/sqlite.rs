//! The job table's statements for SQLite.

use comporta_db::columns::{from_micros, to_micros};
use comporta_db::{Error, Sqlite};
use comporta_kernel::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{Claim, Claimed, NewJob, Outcome};
use crate::Backlog;

pub(super) async fn insert(db: &mut SqliteConnection, job: &NewJob<'_>) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO job (id, name, payload, unique_key, due_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name, unique_key) DO NOTHING";
    let query = sqlx::query(SQL).bind(job.id).bind(job.name).bind(job.payload).bind(job.unique_key);
    let query = query.bind(to_micros(job.due_at)).bind(to_micros(job.created_at));
    Ok(query.execute(db).await?.rows_affected() == 1)
}

/// Looks before it asks for a turn: a worker with nothing to do must not stand in the writers' queue.
pub(super) async fn claim(db: &Sqlite, claim: &Claim<'_>) -> Result<Vec<Claimed>, Error> {
    const LOOK: &str = "SELECT 1 FROM job WHERE finished_at IS NULL AND due_at <= $1
        AND name IN (SELECT value FROM json_each($2)) LIMIT 1";
    const SQL: &str = "UPDATE job SET status = 'running', attempts = attempts + 1, due_at = $2
        WHERE id IN (SELECT id FROM job WHERE finished_at IS NULL AND due_at <= $1
            AND name IN (SELECT value FROM json_each($3)) ORDER BY due_at LIMIT $4)
        RETURNING id, name, payload, attempts";
    let names = serde_json::Value::from(claim.names).to_string();
    let look = sqlx::query(LOOK).bind(to_micros(claim.now)).bind(&names);
    if look.fetch_optional(db.readers()).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut turn = db.write().await?;
    let query = sqlx::query(SQL).bind(to_micros(claim.now)).bind(to_micros(claim.leased_until));
    let rows = query.bind(&names).bind(claim.limit).fetch_all(&mut *turn).await?;
    turn.commit().await?;
    rows.iter().map(claimed).collect()
}

fn claimed(row: &SqliteRow) -> Result<Claimed, Error> {
    let attempt = u32::try_from(row.try_get::<i64, _>(3)?);
    Ok(Claimed {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        payload: row.try_get(2)?,
        attempt: attempt.map_err(|_| Error::Corrupt { column: "job.attempts" })?,
    })
}

pub(super) async fn renew(db: &Sqlite, job: &Claimed, until: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "UPDATE job SET due_at = $3 WHERE id = $1 AND attempts = $2 AND status = 'running'";
    let mut turn = db.write().await?;
    let query = sqlx::query(SQL).bind(job.id).bind(job.attempt_column()).bind(to_micros(until));
    let renewed = query.execute(&mut *turn).await?.rows_affected() == 1;
    turn.commit().await?;
    Ok(renewed)
}

pub(super) async fn settle(db: &Sqlite, job: &Claimed, outcome: &Outcome) -> Result<bool, Error> {
    const SQL: &str = "UPDATE job SET status = $3, due_at = coalesce($4, due_at), finished_at = $5,
            last_error = coalesce($6, last_error)
        WHERE id = $1 AND attempts = $2 AND status = 'running'";
    let mut turn = db.write().await?;
    let query = sqlx::query(SQL).bind(job.id).bind(job.attempt_column()).bind(outcome.status());
    let query = query.bind(outcome.due_at().map(to_micros)).bind(outcome.finished_at().map(to_micros));
    let settled = query.bind(outcome.error()).execute(&mut *turn).await?.rows_affected() == 1;
    turn.commit().await?;
    Ok(settled)
}

pub(super) async fn purge(db: &Sqlite, oldest: Timestamp, limit: i64) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM job WHERE id IN (
        SELECT id FROM job WHERE status = 'done' AND finished_at < $1 LIMIT $2)";
    let mut turn = db.write().await?;
    let query = sqlx::query(SQL).bind(to_micros(oldest)).bind(limit);
    let purged = query.execute(&mut *turn).await?.rows_affected();
    turn.commit().await?;
    Ok(purged)
}

pub(super) async fn backlog(db: &Sqlite, now: Timestamp, most: i64) -> Result<Backlog, Error> {
    const SQL: &str = "SELECT count(*), min(due_at) FROM (
        SELECT due_at FROM job WHERE finished_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2) AS due";
    let row = sqlx::query(SQL).bind(to_micros(now)).bind(most).fetch_one(db.readers()).await?;
    let oldest = row.try_get::<Option<i64>, _>(1)?;
    let oldest_due = oldest.map(|micros| from_micros(micros, "job.due_at")).transpose()?;
    Ok(Backlog { waiting: row.try_get::<i64, _>(0)?.unsigned_abs(), oldest_due })
}
