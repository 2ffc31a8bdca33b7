//! The statements behind [`crate::Idempotency`].

use comporta_db::columns::{pg_instant, to_micros};
use comporta_db::{Connection, Error, Tx};
use comporta_kernel::{CompanyId, RequestKey, Timestamp, TypedId as _};
use sqlx::Row as _;

use crate::Remembered;

/// Whether the key was free and is now taken. On PostgreSQL this waits for a transaction that took it first.
pub(crate) async fn insert(
    tx: &mut Tx,
    company: CompanyId,
    key: &RequestKey,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO idempotent_answer (company_id, key, request_hash, created_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (company_id, key) DO NOTHING";
    let inserted = match tx.connection() {
        Connection::Postgres(db) => {
            let query = sqlx::query(SQL).bind(company.uuid()).bind(&key.key).bind(&key.hash[..]);
            query.bind(pg_instant(now)).execute(db).await?.rows_affected()
        }
        Connection::Sqlite(db) => {
            let query = sqlx::query(SQL).bind(company.uuid()).bind(&key.key).bind(&key.hash[..]);
            query.bind(to_micros(now)).execute(db).await?.rows_affected()
        }
    };
    Ok(inserted == 1)
}

/// The hash and answer kept under a key.
pub(crate) async fn find(
    tx: &mut Tx,
    company: CompanyId,
    key: &str,
) -> Result<Option<([u8; 32], Remembered)>, Error> {
    const SQL: &str = "SELECT request_hash, CAST(status AS bigint), body FROM idempotent_answer
        WHERE company_id = $1 AND key = $2 AND status IS NOT NULL";
    macro_rules! read {
        ($db:expr) => {
            match sqlx::query(SQL).bind(company.uuid()).bind(key).fetch_optional($db).await? {
                Some(row) => {
                    Some((row.try_get::<Vec<u8>, _>(0)?, row.try_get::<i64, _>(1)?, row.try_get(2)?))
                }
                None => None,
            }
        };
    }
    let row: Option<(Vec<u8>, i64, String)> = match tx.connection() {
        Connection::Postgres(db) => read!(db),
        Connection::Sqlite(db) => read!(db),
    };
    let Some((hash, status, body)) = row else { return Ok(None) };
    let hash = hash.try_into().map_err(|_| Error::Corrupt { column: "idempotent_answer.request_hash" })?;
    let status = status.try_into().map_err(|_| Error::Corrupt { column: "idempotent_answer.status" })?;
    Ok(Some((hash, Remembered { status, body })))
}

pub(crate) async fn set_answer(
    tx: &mut Tx,
    company: CompanyId,
    key: &str,
    answer: &Remembered,
) -> Result<(), Error> {
    const SQL: &str =
        "UPDATE idempotent_answer SET status = $3, body = $4 WHERE company_id = $1 AND key = $2";
    macro_rules! write {
        ($db:expr) => {{
            let query = sqlx::query(SQL).bind(company.uuid()).bind(key);
            query.bind(i16::try_from(answer.status).unwrap_or(0)).bind(&answer.body).execute($db).await?;
        }};
    }
    match tx.connection() {
        Connection::Postgres(db) => write!(db),
        Connection::Sqlite(db) => write!(db),
    }
    Ok(())
}

pub(crate) async fn delete_before(tx: &mut Tx, oldest: Timestamp) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM idempotent_answer WHERE created_at < $1";
    Ok(match tx.connection() {
        Connection::Postgres(db) => {
            sqlx::query(SQL).bind(pg_instant(oldest)).execute(db).await?.rows_affected()
        }
        Connection::Sqlite(db) => sqlx::query(SQL).bind(to_micros(oldest)).execute(db).await?.rows_affected(),
    })
}
