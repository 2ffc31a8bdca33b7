//! The roll-up on PostgreSQL: deltas leave the queue and enter the sums in one statement.

use comporta_db::{Error, Postgres};
use sqlx::{PgExecutor, Row as _};

use super::CONSOLIDATOR_LOCK;
use crate::store::Pending;

pub(super) async fn consolidate(db: &Postgres, limit: u32) -> Result<u64, Error> {
    // Asked outside a transaction: an idle consolidator must cost next to nothing.
    let any =
        sqlx::query("SELECT 1 FROM entry_delta ORDER BY id LIMIT 1").fetch_optional(db.primary()).await?;
    if any.is_none() {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    let elected = sqlx::query("SELECT pg_try_advisory_xact_lock($1)")
        .bind(CONSOLIDATOR_LOCK)
        .fetch_one(&mut *tx)
        .await?;
    if !elected.try_get::<bool, _>(0)? {
        return Ok(0);
    }
    // Losing this commit in a crash loses nothing: the deltas are then still there. So it need not wait for the disk.
    sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *tx).await?;
    let row = sqlx::query(
        "WITH picked AS (
             DELETE FROM entry_delta WHERE id IN (SELECT id FROM entry_delta ORDER BY id LIMIT $1)
             RETURNING company_id, account_id, business_date, category, credits, debits, entries
         ), days AS (
             INSERT INTO daily_balance AS kept (company_id, account_id, business_date, credits, debits, entries)
             SELECT company_id, account_id, business_date, sum(credits), sum(debits), sum(entries)
               FROM picked GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
             ON CONFLICT (company_id, account_id, business_date) DO UPDATE SET credits = kept.credits + excluded.credits,
                 debits = kept.debits + excluded.debits, entries = kept.entries + excluded.entries
         ), months AS (
             INSERT INTO monthly_balance AS kept (company_id, account_id, month, credits, debits, entries)
             SELECT company_id, account_id, date_trunc('month', business_date)::date, sum(credits), sum(debits), sum(entries)
               FROM picked GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
             ON CONFLICT (company_id, account_id, month) DO UPDATE SET credits = kept.credits + excluded.credits,
                 debits = kept.debits + excluded.debits, entries = kept.entries + excluded.entries
         ), categories AS (
             INSERT INTO daily_category AS kept (company_id, account_id, business_date, category, credits, debits, entries)
             SELECT company_id, account_id, business_date, category, sum(credits), sum(debits), sum(entries)
               FROM picked GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
             ON CONFLICT (company_id, account_id, business_date, category) DO UPDATE SET credits = kept.credits + excluded.credits,
                 debits = kept.debits + excluded.debits, entries = kept.entries + excluded.entries
         ) SELECT count(*) FROM picked",
    )
    .bind(i64::from(limit))
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(row.try_get::<i64, _>(0)?.try_into().unwrap_or(0))
}

pub(super) async fn pending(db: impl PgExecutor<'_>) -> Result<Pending, Error> {
    let row = sqlx::query("SELECT count(*) FROM entry_delta").fetch_one(db).await?;
    Ok(Pending { deltas: row.try_get::<i64, _>(0)?.try_into().unwrap_or(0) })
}
