//! Plans in PostgreSQL.

use async_trait::async_trait;
use comporta_db::Tx;
use comporta_db::columns::{PgInstant, from_text, pg_instant};
use comporta_kernel::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Row as _};

use super::PostgresStore;
use super::invoices::keep_document;
use super::{connection, raise_epoch};
use crate::model::PeriodInUse;
use crate::store::plans::{PlanStore, document, read_terms};
use crate::store::statements;
use crate::{Error, Plan, PlanInForce, PlanName, PlanTerms};

#[async_trait]
impl PlanStore for PostgresStore {
    async fn put(
        &self,
        tx: &mut Tx,
        name: &PlanName,
        terms: &PlanTerms,
        at: Timestamp,
    ) -> Result<Plan, Error> {
        let db = connection(tx)?;
        let epoch = raise_epoch(db).await?;
        let put = sqlx::query(statements::PUT_PLAN).bind(name.as_str()).bind(document(terms)?);
        read(&put.bind(epoch).bind(pg_instant(at)).fetch_one(db).await?)
    }

    async fn plan(&self, name: &PlanName) -> Result<Option<Plan>, Error> {
        let row = sqlx::query(statements::PLAN).bind(name.as_str()).fetch_optional(self.0.primary()).await?;
        row.as_ref().map(read).transpose()
    }

    async fn plans(&self, after: &str, limit: u16) -> Result<Vec<Plan>, Error> {
        let query = sqlx::query(statements::PLANS).bind(after.to_owned()).bind(i64::from(limit));
        query.fetch_all(self.0.primary()).await?.iter().map(read).collect()
    }

    async fn remove(&self, tx: &mut Tx, name: &PlanName) -> Result<(), Error> {
        let db = connection(tx)?;
        raise_epoch(db).await?;
        let held = sqlx::query(statements::PLAN_HELD).bind(name.as_str()).fetch_one(&mut *db).await?;
        if held.try_get(0)? {
            return Err(Error::PlanHeld);
        }
        keep_document(db, name).await?;
        let removed = sqlx::query(statements::REMOVE_PLAN).bind(name.as_str()).execute(&mut *db).await?;
        if removed.rows_affected() == 0 {
            return Err(Error::NoSuchPlan);
        }
        Ok(())
    }

    async fn periods_near(&self, now: Timestamp, limit: i64) -> Result<Vec<PeriodInUse>, Error> {
        let query = sqlx::query(statements::QUOTAS_NEAR).bind(pg_instant(now)).bind(limit);
        let periods = query.fetch_all(self.0.primary()).await?.into_iter().map(|row| {
            Ok(PeriodInUse {
                name: row.try_get("period")?,
                granted: row.try_get::<i64, _>("granted")?.unsigned_abs(),
                quota: read_terms(row.try_get("document")?)?.quota(),
            })
        });
        periods.collect()
    }
}

/// What has changed after an epoch.
pub(super) async fn changed(db: impl PgExecutor<'_>, epoch: i64) -> Result<Vec<PlanInForce>, Error> {
    let rows = sqlx::query(statements::CHANGED_PLANS).bind(epoch).fetch_all(db).await?;
    let plans = rows.iter().map(|row| {
        Ok(PlanInForce {
            name: from_text(row.try_get("name")?, "plan.name")?,
            terms: read_terms(row.try_get("document")?)?,
            epoch: row.try_get("epoch")?,
        })
    });
    plans.collect()
}

fn read(row: &PgRow) -> Result<Plan, Error> {
    Ok(Plan {
        name: from_text(row.try_get("name")?, "plan.name")?,
        terms: read_terms(row.try_get("document")?)?,
        created_at: row.try_get::<PgInstant, _>("created_at")?.to_jiff(),
        updated_at: row.try_get::<PgInstant, _>("updated_at")?.to_jiff(),
    })
}
