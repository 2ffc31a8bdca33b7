//! The request log in SQLite: one table, whose oldest rows go in short turns.

use std::time::Duration;

use async_trait::async_trait;
use comporta_db::Sqlite;
use comporta_db::columns::{from_micros, to_micros};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::RequestLogStore;
use super::row::{COLUMNS, encode, read_row};
use super::search::{Statement, Value, bind_all, by_id, by_request_id, list};
use crate::{Error, LoggedRequest, LoggedRequestId, Search, StageTimings, TraceId, Whose};

/// Rows written or deleted in one turn of the writer: entries wait for it.
const TURN: usize = 200;
/// The pause between two turns.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct SqliteLog(pub(super) Sqlite);

#[async_trait]
impl RequestLogStore for SqliteLog {
    async fn insert(&self, batch: &[LoggedRequest]) -> Result<(), Error> {
        let text = format!(
            "INSERT INTO request_log ({COLUMNS})
             SELECT unhex(value ->> 'id'), value ->> 'at', unhex(value ->> 'company_id'), value ->> 'key_id',
                    value ->> 'request_id', unhex(value ->> 'trace_id'), value ->> 'method', value ->> 'path',
                    value ->> 'query', value ->> 'route', value ->> 'status', value ->> 'broken_off', value ->> 'sampled',
                    value ->> 'problem', value ->> 'target', value ->> 'client', value ->> 'bytes_in',
                    value ->> 'bytes_out', value ->> 'who_us', value ->> 'limit_us', value ->> 'before_us',
                    value ->> 'upstream_us', value ->> 'body_us', value ->> 'total_us', value ->> 'details'
               FROM json_each($1) WHERE true
             ON CONFLICT DO NOTHING"
        );
        let mut turn = self.0.write().await?;
        sqlx::query(AssertSqlSafe(text)).bind(encode(batch)).execute(&mut *turn).await?;
        Ok(turn.commit().await?)
    }

    async fn list(&self, search: &Search, limit: u16) -> Result<Vec<LoggedRequest>, Error> {
        self.read(list(search, limit)).await
    }

    async fn by_id(&self, whose: Whose, id: LoggedRequestId) -> Result<Option<LoggedRequest>, Error> {
        Ok(self.read(by_id(whose, id)).await?.pop())
    }

    async fn by_request_id(&self, whose: Whose, id: &str) -> Result<Option<LoggedRequest>, Error> {
        Ok(self.read(by_request_id(whose, id)).await?.pop())
    }

    async fn prepare(&self, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }

    async fn forget_before(&self, oldest: Timestamp) -> Result<u64, Error> {
        let mut gone = 0;
        loop {
            let mut turn = self.0.write().await?;
            let deleted = sqlx::query(
                "DELETE FROM request_log WHERE number IN
                    (SELECT number FROM request_log WHERE at < $1 ORDER BY at LIMIT $2)",
            )
            .bind(to_micros(oldest))
            .bind(TURN as i64)
            .execute(&mut *turn)
            .await?;
            turn.commit().await?;
            gone += deleted.rows_affected();
            if deleted.rows_affected() < TURN as u64 {
                return Ok(gone);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn forget_beyond(&self, most: u64) -> Result<u64, Error> {
        let row = sqlx::query("SELECT count(*) FROM request_log").fetch_one(self.0.scans()).await?;
        let excess = u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default().saturating_sub(most);
        let mut gone = 0;
        while gone < excess {
            let mut turn = self.0.write().await?;
            let deleted = sqlx::query(
                "DELETE FROM request_log WHERE number IN
                    (SELECT number FROM request_log ORDER BY at, id LIMIT $1)",
            )
            .bind(i64::try_from(excess - gone).unwrap_or(TURN as i64).min(TURN as i64))
            .execute(&mut *turn)
            .await?;
            turn.commit().await?;
            gone += deleted.rows_affected();
            if deleted.rows_affected() == 0 {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(gone)
    }
}

impl SqliteLog {
    async fn read(&self, statement: Statement) -> Result<Vec<LoggedRequest>, Error> {
        let Statement { text, values } = statement;
        let query = bind_all!(sqlx::query(AssertSqlSafe(text)), values, to_micros);
        query.fetch_all(self.0.scans()).await?.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> Result<LoggedRequest, Error> {
    Ok(read_row!(row, from_micros(row.try_get("at")?, "request_log.at")?))
}
