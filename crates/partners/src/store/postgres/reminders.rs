//! Reminders of keys that end, in PostgreSQL.

use async_trait::async_trait;
use comporta_db::Tx;
use comporta_db::columns::{PgInstant, pg_instant};
use comporta_kernel::{Timestamp, TypedId as _, Uuid};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::{PostgresStore, connection};
use crate::store::reminders::{ENDING, Ending, NOTE, ReminderStore};
use crate::{Error, KeyId};

#[async_trait]
impl ReminderStore for PostgresStore {
    async fn ending(
        &self,
        from: Timestamp,
        to: Timestamp,
        after: Option<(Timestamp, KeyId)>,
        limit: u16,
    ) -> Result<Vec<Ending>, Error> {
        let (end, id) = after.map_or((from, Uuid::max()), |(end, id)| (end, id.uuid()));
        let query =
            sqlx::query(ENDING).bind(pg_instant(end)).bind(id).bind(pg_instant(to)).bind(i64::from(limit));
        query.fetch_all(self.0.primary()).await?.iter().map(read).collect()
    }

    async fn note(&self, tx: &mut Tx, key: &Ending, days: u16, at: Timestamp) -> Result<bool, Error> {
        let query = sqlx::query(NOTE).bind(key.id.uuid()).bind(pg_instant(key.ends_at)).bind(i32::from(days));
        let noted = query.bind(pg_instant(at)).execute(connection(tx)?).await?;
        Ok(noted.rows_affected() == 1)
    }
}

fn read(row: &PgRow) -> Result<Ending, Error> {
    Ok(Ending {
        id: KeyId::from_uuid(row.try_get("id")?),
        made_at: row.try_get::<PgInstant, _>("created_at")?.to_jiff(),
        ends_at: row.try_get::<PgInstant, _>("expires_at")?.to_jiff(),
    })
}
