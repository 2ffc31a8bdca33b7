//! Reminders of keys that end, in SQLite.

use async_trait::async_trait;
use comporta_db::Tx;
use comporta_db::columns::{from_micros, to_micros};
use comporta_kernel::{Timestamp, TypedId as _, Uuid};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{SqliteStore, connection};
use crate::store::reminders::{ENDING, Ending, NOTE, ReminderStore};
use crate::{Error, KeyId};

#[async_trait]
impl ReminderStore for SqliteStore {
    async fn ending(
        &self,
        from: Timestamp,
        to: Timestamp,
        after: Option<(Timestamp, KeyId)>,
        limit: u16,
    ) -> Result<Vec<Ending>, Error> {
        let (end, id) = after.map_or((from, Uuid::max()), |(end, id)| (end, id.uuid()));
        let query =
            sqlx::query(ENDING).bind(to_micros(end)).bind(id).bind(to_micros(to)).bind(i64::from(limit));
        query.fetch_all(self.0.readers()).await?.iter().map(read).collect()
    }

    async fn note(&self, tx: &mut Tx, key: &Ending, days: u16, at: Timestamp) -> Result<bool, Error> {
        let query = sqlx::query(NOTE).bind(key.id.uuid()).bind(to_micros(key.ends_at)).bind(i32::from(days));
        let noted = query.bind(to_micros(at)).execute(connection(tx)?).await?;
        Ok(noted.rows_affected() == 1)
    }
}

fn read(row: &SqliteRow) -> Result<Ending, Error> {
    Ok(Ending {
        id: KeyId::from_uuid(row.try_get("id")?),
        made_at: from_micros(row.try_get("created_at")?, "api_key.created_at")?,
        ends_at: from_micros(row.try_get("expires_at")?, "api_key.expires_at")?,
    })
}
