//! The roll-up on SQLite: deltas leave the queue and enter the sums in one turn of the writer.

use comporta_db::{Error, Sqlite};
use sqlx::{Row as _, SqliteExecutor};

use crate::store::Pending;

/// Adds the oldest deltas to one table of sums.
macro_rules! fold {
    ($table:literal, $columns:literal, $values:literal) => {
        concat!(
            "INSERT INTO ", $table, " AS kept (company_id, account_id, ", $columns, ", credit_billions, credit_rest, debit_billions, debit_rest, entries)
             SELECT company_id, account_id, ", $values, ", sum(credits / 1000000000), sum(credits % 1000000000),
                    sum(debits / 1000000000), sum(debits % 1000000000), sum(entries)
               FROM entry_delta WHERE id <= $1 GROUP BY company_id, account_id, ", $values, "
             ON CONFLICT (company_id, account_id, ", $columns, ") DO UPDATE SET
                 credit_billions = kept.credit_billions + excluded.credit_billions, credit_rest = kept.credit_rest + excluded.credit_rest,
                 debit_billions = kept.debit_billions + excluded.debit_billions, debit_rest = kept.debit_rest + excluded.debit_rest,
                 entries = kept.entries + excluded.entries"
        )
    };
}

const FOLDS: [&str; 3] = [
    fold!("daily_balance", "business_date", "business_date"),
    fold!("monthly_balance", "month", "substr(business_date, 1, 7) || '-01'"),
    fold!("daily_category", "business_date, category", "business_date, category"),
];

pub(super) async fn consolidate(db: &Sqlite, limit: u32) -> Result<u64, Error> {
    // Asked of a reader: an idle consolidator must not take turns from entries.
    let any = sqlx::query("SELECT 1 FROM entry_delta LIMIT 1").fetch_optional(db.readers()).await?;
    if any.is_none() {
        return Ok(0);
    }
    let mut turn = db.write().await?;
    let last = sqlx::query("SELECT max(id) FROM (SELECT id FROM entry_delta ORDER BY id LIMIT $1)")
        .bind(limit)
        .fetch_one(&mut *turn)
        .await?;
    let Some(last) = last.try_get::<Option<i64>, _>(0)? else { return Ok(0) };
    for fold in FOLDS {
        sqlx::query(fold).bind(last).execute(&mut *turn).await?;
    }
    let folded = sqlx::query("DELETE FROM entry_delta WHERE id <= $1")
        .bind(last)
        .execute(&mut *turn)
        .await?
        .rows_affected();
    turn.commit().await?;
    Ok(folded)
}

pub(super) async fn pending(db: impl SqliteExecutor<'_>) -> Result<Pending, Error> {
    let row = sqlx::query("SELECT count(*) FROM entry_delta").fetch_one(db).await?;
    Ok(Pending { deltas: row.try_get::<i64, _>(0)?.try_into().unwrap_or(0) })
}
