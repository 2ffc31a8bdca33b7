//! The request log in PostgreSQL: a partition for each day.

use std::time::Duration;

use async_trait::async_trait;
use comporta_db::Postgres;
use comporta_db::columns::{PgInstant, pg_instant};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::RequestLogStore;
use super::row::{COLUMNS, encode, read_row};
use super::search::{Statement, Value, bind_all, by_id, by_request_id, list};
use crate::{Error, LoggedRequest, LoggedRequestId, Search, StageTimings, TraceId, Whose};

/// Days that have a partition before they come.
const AHEAD: i64 = 2;
/// Rows deleted at once.
const TURN: i64 = 5000;
/// The pause between two turns: others want the disk, too.
const PAUSE: Duration = Duration::from_millis(50);
/// One process at a time makes or drops partitions: the lock's number says `reqlog`.
const LOCK: i64 = 0x7265_716c_6f67;
/// What a row of a day without a partition is refused with: a check that fails, in the words of the standard.
const NO_PARTITION: &str = "23514";

pub(super) struct PostgresLog(pub(super) Postgres);

#[async_trait]
impl RequestLogStore for PostgresLog {
    async fn insert(&self, batch: &[LoggedRequest]) -> Result<(), Error> {
        let rows = encode(batch);
        match self.insert_rows(&rows).await {
            Err(comporta_db::Error::Sql(sqlx::Error::Database(error)))
                if error.code().as_deref() == Some(NO_PARTITION) =>
            {
                let days = batch.iter().map(|request| day_of(request.at));
                self.make_partitions(days.collect()).await?;
                Ok(self.insert_rows(&rows).await?)
            }
            inserted => Ok(inserted?),
        }
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

    async fn prepare(&self, now: Timestamp) -> Result<(), Error> {
        let today = day_of(now);
        self.make_partitions((0..=AHEAD).map(|ahead| today.saturating_add(ahead.days())).collect()).await
    }

    async fn forget_before(&self, oldest: Timestamp) -> Result<u64, Error> {
        let first = day_of(oldest);
        let mut gone = 0;
        for partition in self.partitions().await?.into_iter().filter(|partition| partition.day < first) {
            gone += self.count(&partition).await?;
            self.drop_partition(&partition).await?;
        }
        Ok(gone)
    }

    async fn forget_beyond(&self, most: u64) -> Result<u64, Error> {
        let partitions = self.partitions().await?;
        let mut counted = Vec::new();
        for partition in partitions {
            counted.push((self.count(&partition).await?, partition));
        }
        let all: u64 = counted.iter().map(|(rows, _)| rows).sum();
        let excess = all.saturating_sub(most);
        let mut left = excess;
        for (rows, partition) in counted {
            left -= self.thin_out(&partition, left.min(rows)).await?.min(left);
        }
        Ok(excess - left)
    }
}

/// A day's table.
struct Partition {
    day: Date,
    name: String,
}

impl Partition {
    fn of(day: Date) -> Self {
        Self { day, name: format!("request_log_{}", day.strftime("%Y%m%d")) }
    }
}

impl PostgresLog {
    async fn insert_rows(&self, rows: &str) -> Result<(), comporta_db::Error> {
        let text = format!(
            "INSERT INTO request_log ({COLUMNS})
             SELECT id, timestamptz 'epoch' + at * interval '1 microsecond', company_id, key_id, request_id, trace_id,
                    method, path, query, route, status, broken_off, sampled, problem, target, client, bytes_in, bytes_out,
                    who_us, limit_us, before_us, upstream_us, body_us, total_us, details
               FROM json_to_recordset($1::json) AS r (id uuid, at bigint, company_id uuid, key_id text, request_id text,
                    trace_id uuid, method text, path text, query text, route text, status smallint, broken_off boolean,
                    sampled boolean, problem text, target text, client text, bytes_in bigint, bytes_out bigint,
                    who_us bigint, limit_us bigint, before_us bigint, upstream_us bigint, body_us bigint, total_us bigint,
                    details text)
             ON CONFLICT DO NOTHING"
        );
        let mut tx = self.0.begin().await?;
        // Lost in a crash, a moment of a log is missing: nobody was promised it, and no other commit waits for its disk.
        sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *tx).await?;
        sqlx::query(AssertSqlSafe(text)).bind(rows).execute(&mut *tx).await?;
        tx.commit().await
    }

    async fn read(&self, statement: Statement) -> Result<Vec<LoggedRequest>, Error> {
        let Statement { text, values } = statement;
        let query = bind_all!(sqlx::query(AssertSqlSafe(text)), values, pg_instant);
        query.fetch_all(self.0.replica()).await?.iter().map(read).collect()
    }

    /// Every day's table, the oldest first.
    async fn partitions(&self) -> Result<Vec<Partition>, Error> {
        let query = "SELECT relname::text FROM pg_inherits JOIN pg_class ON oid = inhrelid
                      WHERE inhparent = 'request_log'::regclass ORDER BY relname";
        let rows = sqlx::query(query).fetch_all(self.0.primary()).await?;
        let names = rows.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
        let partition = |name: String| {
            let day = Date::strptime("%Y%m%d", name.strip_prefix("request_log_")?).ok()?;
            Some(Partition { day, name })
        };
        Ok(names.into_iter().filter_map(partition).collect())
    }

    async fn make_partitions(&self, days: std::collections::BTreeSet<Date>) -> Result<(), Error> {
        let mut there = self.partitions().await?.into_iter().map(|partition| partition.day);
        let mut missing: Vec<Date> = days.into_iter().collect();
        let known: Vec<Date> = there.by_ref().collect();
        missing.retain(|day| !known.contains(day));
        if missing.is_empty() {
            return Ok(());
        }
        let mut tx = self.0.begin().await?;
        lock(&mut tx).await?;
        for day in missing {
            let (name, next) = (Partition::of(day).name, day.saturating_add(1.day()));
            let text = format!(
                "CREATE TABLE IF NOT EXISTS {name} PARTITION OF request_log
                 FOR VALUES FROM ('{day} 00:00:00+00') TO ('{next} 00:00:00+00')"
            );
            sqlx::query(AssertSqlSafe(text)).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn drop_partition(&self, partition: &Partition) -> Result<(), Error> {
        let mut tx = self.0.begin().await?;
        lock(&mut tx).await?;
        // Whoever reads the log for long is not waited for, with everybody else behind: the next run tries again.
        sqlx::query("SET LOCAL lock_timeout = '5s'").execute(&mut *tx).await?;
        let text = format!("DROP TABLE IF EXISTS {}", partition.name);
        sqlx::query(AssertSqlSafe(text)).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn count(&self, partition: &Partition) -> Result<u64, Error> {
        let text = format!("SELECT count(*) FROM {}", partition.name);
        let row = sqlx::query(AssertSqlSafe(text)).fetch_one(self.0.primary()).await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
    }

    /// Deletes a partition's oldest rows, so many of them, in short turns.
    async fn thin_out(&self, partition: &Partition, rows: u64) -> Result<u64, Error> {
        let text = format!(
            "DELETE FROM {name} WHERE (at, id) IN (SELECT at, id FROM {name} ORDER BY at, id LIMIT $1)",
            name = partition.name
        );
        let mut gone = 0;
        while gone < rows {
            let turn = i64::try_from(rows - gone).unwrap_or(TURN).min(TURN);
            let deleted =
                sqlx::query(AssertSqlSafe(text.clone())).bind(turn).execute(self.0.primary()).await?;
            if deleted.rows_affected() == 0 {
                break;
            }
            gone += deleted.rows_affected();
            tokio::time::sleep(PAUSE).await;
        }
        Ok(gone)
    }
}

/// A turn at making and dropping tables.
async fn lock(db: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(db).await?;
    Ok(())
}

fn day_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

fn read(row: &PgRow) -> Result<LoggedRequest, Error> {
    Ok(read_row!(row, row.try_get::<PgInstant, _>("at")?.to_jiff()))
}
