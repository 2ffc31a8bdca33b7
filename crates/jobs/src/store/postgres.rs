//! The job table's statements for PostgreSQL.

use comporta_db::columns::{PgInstant, pg_instant};
use comporta_db::{Error, Postgres};
use comporta_kernel::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::{Claim, Claimed, NewJob, Outcome};
use crate::Backlog;

pub(super) async fn insert(db: &mut PgConnection, job: &NewJob<'_>) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO job (id, name, payload, unique_key, due_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name, unique_key) DO NOTHING";
    let query = sqlx::query(SQL).bind(job.id).bind(job.name).bind(job.payload).bind(job.unique_key);
    let query = query.bind(pg_instant(job.due_at)).bind(pg_instant(job.created_at));
    Ok(query.execute(db).await?.rows_affected() == 1)
}

/// MATERIALIZED: a plan that ran the inner query twice would claim twice as many.
pub(super) async fn claim(db: &Postgres, claim: &Claim<'_>) -> Result<Vec<Claimed>, Error> {
    const SQL: &str = "WITH due AS MATERIALIZED (
            SELECT id FROM job WHERE finished_at IS NULL AND due_at <= $1 AND name = ANY($3)
            ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED)
        UPDATE job SET status = 'running', attempts = attempts + 1, due_at = $2
        FROM due WHERE job.id = due.id RETURNING job.id, job.name, job.payload, job.attempts";
    let query = sqlx::query(SQL).bind(pg_instant(claim.now)).bind(pg_instant(claim.leased_until));
    let rows = query.bind(claim.names).bind(claim.limit).fetch_all(db.primary()).await?;
    rows.iter().map(claimed).collect()
}

fn claimed(row: &PgRow) -> Result<Claimed, Error> {
    let attempt = u32::try_from(row.try_get::<i32, _>(3)?);
    Ok(Claimed {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        payload: row.try_get(2)?,
        attempt: attempt.map_err(|_| Error::Corrupt { column: "job.attempts" })?,
    })
}

pub(super) async fn renew(db: &Postgres, job: &Claimed, until: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "UPDATE job SET due_at = $3 WHERE id = $1 AND attempts = $2 AND status = 'running'";
    let query = sqlx::query(SQL).bind(job.id).bind(job.attempt_column()).bind(pg_instant(until));
    Ok(query.execute(db.primary()).await?.rows_affected() == 1)
}

pub(super) async fn settle(db: &Postgres, job: &Claimed, outcome: &Outcome) -> Result<bool, Error> {
    const SQL: &str = "UPDATE job SET status = $3, due_at = coalesce($4, due_at), finished_at = $5,
            last_error = coalesce($6, last_error)
        WHERE id = $1 AND attempts = $2 AND status = 'running'";
    let query = sqlx::query(SQL).bind(job.id).bind(job.attempt_column()).bind(outcome.status());
    let query = query.bind(outcome.due_at().map(pg_instant)).bind(outcome.finished_at().map(pg_instant));
    Ok(query.bind(outcome.error()).execute(db.primary()).await?.rows_affected() == 1)
}

pub(super) async fn purge(db: &Postgres, oldest: Timestamp, limit: i64) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM job WHERE id = ANY(ARRAY(
        SELECT id FROM job WHERE status = 'done' AND finished_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";
    let query = sqlx::query(SQL).bind(pg_instant(oldest)).bind(limit);
    Ok(query.execute(db.primary()).await?.rows_affected())
}

pub(super) async fn backlog(db: &Postgres, now: Timestamp, most: i64) -> Result<Backlog, Error> {
    const SQL: &str = "SELECT count(*), min(due_at) FROM (
        SELECT due_at FROM job WHERE finished_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2) AS due";
    let row = sqlx::query(SQL).bind(pg_instant(now)).bind(most).fetch_one(db.primary()).await?;
    let oldest_due = row.try_get::<Option<PgInstant>, _>(1)?.map(PgInstant::to_jiff);
    Ok(Backlog { waiting: row.try_get::<i64, _>(0)?.unsigned_abs(), oldest_due })
}
