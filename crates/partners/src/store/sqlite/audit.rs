//! The audit trail in SQLite.

use async_trait::async_trait;
use comporta_db::Tx;
use comporta_db::columns::{from_micros, to_micros};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::{SqliteStore, connection};
use crate::store::audit::{AuditStore, COLUMNS, INSERT};
use crate::{AuditEntry, AuditFilter, AuditId, Error};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn insert(&self, tx: &mut Tx, entry: &AuditEntry) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(entry.id.uuid())
            .bind(to_micros(entry.at))
            .bind(&entry.actor)
            .bind(&entry.action)
            .bind(&entry.subject)
            .bind(entry.company_id.map(CompanyId::uuid))
            .bind(&entry.request_id)
            .bind(entry.detail.to_string())
            .execute(connection(tx)?)
            .await?;
        Ok(())
    }

    async fn list(
        &self,
        filter: &AuditFilter,
        after: Option<(Timestamp, AuditId)>,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, Error> {
        let AuditFilter { from, to, company_id, actor, action } = filter.clone();
        let mut query = QueryBuilder::<Sqlite>::new(COLUMNS);
        // Each given condition alone, so that the index of that condition is used.
        let mut given = query.separated(" AND ");
        given.push("1 = 1");
        if let Some(from) = from {
            given.push("at >= ").push_bind_unseparated(to_micros(from));
        }
        if let Some(to) = to {
            given.push("at < ").push_bind_unseparated(to_micros(to));
        }
        if let Some(company) = company_id {
            given.push("company_id = ").push_bind_unseparated(company.uuid());
        }
        if let Some(actor) = actor {
            given.push("actor = ").push_bind_unseparated(actor);
        }
        if let Some(action) = action {
            given.push("action = ").push_bind_unseparated(action);
        }
        if let Some((at, id)) = after {
            given.push("(at, id) < (").push_bind_unseparated(to_micros(at)).push_unseparated(", ");
            given.push_bind_unseparated(id.uuid()).push_unseparated(")");
        }
        query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(i64::from(limit));
        query.build().fetch_all(self.0.scans()).await?.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> Result<AuditEntry, Error> {
    let detail: String = row.try_get("detail")?;
    let corrupt = |_| comporta_db::Error::Corrupt { column: "audit.detail" };
    Ok(AuditEntry {
        id: AuditId::from_uuid(row.try_get("id")?),
        at: from_micros(row.try_get("at")?, "audit.at")?,
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        company_id: row.try_get::<Option<Uuid>, _>("company_id")?.map(CompanyId::from_uuid),
        request_id: row.try_get("request_id")?,
        detail: serde_json::from_str(&detail).map_err(corrupt)?,
    })
}
