//! The audit trail in PostgreSQL.

use async_trait::async_trait;
use comporta_db::Tx;
use comporta_db::columns::{PgInstant, pg_instant};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row as _};

use super::{PostgresStore, connection};
use crate::store::audit::{AuditStore, COLUMNS, INSERT};
use crate::{AuditEntry, AuditFilter, AuditId, Error};

#[async_trait]
impl AuditStore for PostgresStore {
    async fn insert(&self, tx: &mut Tx, entry: &AuditEntry) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(entry.id.uuid())
            .bind(pg_instant(entry.at))
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
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        // Each given condition alone, so that the index of that condition is used.
        let mut given = query.separated(" AND ");
        given.push("1 = 1");
        if let Some(from) = from {
            given.push("at >= ").push_bind_unseparated(pg_instant(from));
        }
        if let Some(to) = to {
            given.push("at < ").push_bind_unseparated(pg_instant(to));
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
            given.push("(at, id) < (").push_bind_unseparated(pg_instant(at)).push_unseparated(", ");
            given.push_bind_unseparated(id.uuid()).push_unseparated(")");
        }
        query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(i64::from(limit));
        query.build().fetch_all(self.0.primary()).await?.iter().map(read).collect()
    }
}

fn read(row: &PgRow) -> Result<AuditEntry, Error> {
    let detail: String = row.try_get("detail")?;
    let corrupt = |_| comporta_db::Error::Corrupt { column: "audit.detail" };
    Ok(AuditEntry {
        id: AuditId::from_uuid(row.try_get("id")?),
        at: row.try_get::<PgInstant, _>("at")?.to_jiff(),
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        company_id: row.try_get::<Option<Uuid>, _>("company_id")?.map(CompanyId::from_uuid),
        request_id: row.try_get("request_id")?,
        detail: serde_json::from_str(&detail).map_err(corrupt)?,
    })
}
