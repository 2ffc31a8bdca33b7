//! What is asked of a database for the meter: segments counted once, and sums of them.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine};
use comporta_kernel::Timestamp;

use super::{postgres, sqlite};
use crate::Error;
use crate::model::{CountedSegment, UsageGroup, UsageQuery, UsageRow};

/// Whole use cases, each atomic.
#[async_trait]
pub(crate) trait UsageStore: Send + Sync {
    /// Notes segments as counted and adds their calls, all or nothing; those noted before change nothing. Gives the
    /// calls added.
    async fn add(&self, segments: &[CountedSegment], at: Timestamp) -> Result<i64, Error>;
    /// Sums by what is asked, in the order of the keys.
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, Error>;
    /// Deletes at most `limit` rows of minutes before an instant: how many.
    async fn forget_minutes(&self, before: Timestamp, limit: u32) -> Result<u64, Error>;
    /// Deletes at most `limit` notes of segments counted before an instant: how many.
    async fn forget_flushes(&self, before: Timestamp, limit: u32) -> Result<u64, Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn UsageStore> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::usage::PostgresUsage(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::usage::SqliteUsage(db.clone())),
    }
}

macro_rules! sums {
    ($key:literal, $whose:literal) => {
        concat!(
            "SELECT ",
            $key,
            " AS of, CAST(SUM(requests) AS bigint) AS requests, CAST(SUM(bytes_in) AS bigint) AS bytes_in,
                CAST(SUM(bytes_out) AS bigint) AS bytes_out
            FROM usage_day WHERE day BETWEEN $1 AND $2",
            $whose,
            " GROUP BY 1 ORDER BY 1 LIMIT $3"
        )
    };
    ($key:literal) => {
        [sums!($key, ""), sums!($key, " AND company_id = $4")]
    };
}

/// The statement for a question. Parameters: first day, last day, rows at most, and the company if it is of one.
pub(super) fn sums(query: &UsageQuery) -> &'static str {
    let of_all_and_of_one = match query.group {
        UsageGroup::Day => sums!("day"),
        UsageGroup::Route => sums!("route"),
        // What a limit refused is a 429 to whoever looks.
        UsageGroup::Status => sums!("CAST(CASE class WHEN 9 THEN 4 ELSE class END AS integer)"),
        UsageGroup::Company => sums!("company_id"),
    };
    of_all_and_of_one[usize::from(query.company.is_some())]
}

macro_rules! on_conflict {
    ($table:literal, $at:literal) => {
        concat!(
            " ON CONFLICT (company_id, ",
            $at,
            ", route, class, live) DO UPDATE SET requests = ",
            $table,
            ".requests + excluded.requests, bytes_in = ",
            $table,
            ".bytes_in + excluded.bytes_in, bytes_out = ",
            $table,
            ".bytes_out + excluded.bytes_out"
        )
    };
}
pub(super) use on_conflict;

pub(super) const FORGET_MINUTES: &str = "DELETE FROM usage_minute
    WHERE (company_id, minute, route, class, live) IN
        (SELECT company_id, minute, route, class, live FROM usage_minute WHERE minute < $1 LIMIT $2)";
pub(super) const FORGET_FLUSHES: &str = "DELETE FROM meter_flush
    WHERE (instance, sequence) IN (SELECT instance, sequence FROM meter_flush WHERE flushed_at < $1 LIMIT $2)";

/// The first digit of a status.
pub(super) fn digit(class: i64) -> Result<u8, comporta_db::Error> {
    u8::try_from(class).map_err(|_| comporta_db::Error::Corrupt { column: "usage_day.class" })
}
