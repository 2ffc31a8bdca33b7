//! Letters on SQLite.

use async_trait::async_trait;
use comporta_db::columns::to_micros;
use comporta_db::{Error, Tx};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use serde_json::{Value, json};
use sqlx::Row as _;

use super::boletos::from_row;
use super::{SqliteStore, connection};
use crate::model::{BoletoId, DeliveryStatus, ImportId};
use crate::store::delivery::{Claim, Claimed, Claims, Delivers, IdRange, Settled};

/// Boletos are asked for by their ids as such, too: else SQLite, which does not know how few outcomes there are, walks
/// through every boleto of the company and looks among them for each.
const SETTLE: &str = "WITH settled AS MATERIALIZED (
        SELECT unhex(value ->> 0) AS letter, value ->> 1 AS attempt, value ->> 2 AS outcome, value ->> 3 AS error
        FROM json_each($2))
    UPDATE boleto SET
        delivery = iif(delivery = 'unknown' AND outcome = 'queued', 'failed', outcome),
        delivery_error = error, updated_at = $3,
        delivered_at = iif(outcome = 'sent', $3, delivered_at)
    FROM settled
    WHERE company_id = $1 AND id IN (SELECT letter FROM settled) AND id = letter AND delivery_attempts = attempt AND delivery IN ('sending', 'unknown')";

#[async_trait]
impl Delivers for SqliteStore {
    async fn claim_letters(&self, tx: &mut Tx, claim: &Claim) -> Result<Claims, Error> {
        const SQL: &str = "UPDATE boleto SET
                delivery = iif(status = 'open', 'sending', iif(delivered_at IS NULL, 'none', 'sent')),
                delivery_attempts = delivery_attempts + 1, updated_at = $6
            WHERE company_id = $1 AND id IN (
                SELECT id FROM boleto WHERE company_id = $1 AND id BETWEEN $2 AND $3 AND delivery = 'queued'
                    AND (registration = 'registered' OR NOT $4)
                ORDER BY id LIMIT $5)
            RETURNING *";
        let Claim { range, only_registered, limit, at } = claim;
        let query = sqlx::query(SQL).bind(range.company.uuid()).bind(range.from).bind(range.to);
        let query = query.bind(only_registered).bind(i64::from(*limit)).bind(to_micros(*at));
        let rows = query.fetch_all(connection(tx)?).await?;
        let rows = rows.iter().map(|row| {
            let resends = u32::try_from(row.try_get::<i64, _>("delivery_resends")?);
            let resends = resends.map_err(|_| Error::Corrupt { column: "boleto.delivery_resends" })?;
            Ok::<_, Error>(Claimed { boleto: from_row(row)?, resends })
        });
        Ok(Claims::of(rows.collect::<Result<_, _>>()?))
    }

    async fn settle_letters(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        settled: &[Settled],
        at: Timestamp,
    ) -> Result<u64, Error> {
        let letters = settled.iter().map(|Settled { id, attempt, status, error }| {
            json!([id.uuid().simple().to_string(), attempt, status.as_str(), error])
        });
        let letters = Value::Array(letters.collect()).to_string();
        let query = sqlx::query(SETTLE).bind(company.uuid()).bind(letters).bind(to_micros(at));
        Ok(query.execute(connection(tx)?).await?.rows_affected())
    }

    async fn move_letters(
        &self,
        tx: &mut Tx,
        range: &IdRange,
        (from, to): (DeliveryStatus, DeliveryStatus),
        error: Option<&str>,
        at: Timestamp,
    ) -> Result<u64, Error> {
        const SQL: &str =
            "UPDATE boleto SET delivery = $5, delivery_error = coalesce($6, delivery_error), updated_at = $7
            WHERE company_id = $1 AND id BETWEEN $2 AND $3 AND delivery = $4";
        let query = sqlx::query(SQL).bind(range.company.uuid()).bind(range.from).bind(range.to);
        let query = query.bind(from.as_str()).bind(to.as_str()).bind(error).bind(to_micros(at));
        Ok(query.execute(connection(tx)?).await?.rows_affected())
    }

    async fn chunks_of(&self, tx: &mut Tx, company: CompanyId, import: ImportId) -> Result<Vec<Uuid>, Error> {
        const SQL: &str =
            "SELECT first_id FROM import_chunk WHERE company_id = $1 AND import_id = $2 ORDER BY number";
        let query = sqlx::query(SQL).bind(company.uuid()).bind(import.uuid());
        let rows = query.fetch_all(connection(tx)?).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    async fn queue_again(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: BoletoId,
        at: Timestamp,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE boleto SET delivery = 'queued', delivery_resends = delivery_resends + 1,
                delivery_error = NULL, updated_at = $3
            WHERE company_id = $1 AND id = $2";
        let query = sqlx::query(SQL).bind(company.uuid()).bind(id.uuid()).bind(to_micros(at));
        query.execute(connection(tx)?).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_letter_is_settled_by_its_id_however_many_boletos_there_are() {
        let url = comporta_neighbours::fresh_sqlite_url().parse().unwrap();
        let options = comporta_db::Options { url, read_url: None, max_connections: 1 };
        let db = comporta_db::Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {SETTLE}"));
        let query = sqlx::query(explain).bind(Uuid::nil()).bind("[]").bind(0);
        let steps = query.fetch_all(connection(&mut tx).unwrap()).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
        let of_boletos = steps.iter().find(|step| step.contains(" boleto ")).unwrap();
        assert!(of_boletos.ends_with("(company_id=? AND id=?)"), "{steps:?}");
    }
}
