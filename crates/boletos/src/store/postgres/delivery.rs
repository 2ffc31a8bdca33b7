//! Letters on PostgreSQL.

use async_trait::async_trait;
use comporta_db::columns::pg_instant;
use comporta_db::{Error, Tx};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use sqlx::Row as _;

use super::boletos::from_row;
use super::{PostgresStore, connection};
use crate::model::{BoletoId, DeliveryStatus, ImportId};
use crate::store::delivery::{Claim, Claimed, Claims, Delivers, IdRange, Settled};

/// Until PostgreSQL has looked at the statistics of a table that a file has filled, it holds a range of ids for a few rows, and
/// would fetch and sort a hundred thousand for each claim. In the index they stand in order. For this transaction alone.
const WALK: &str =
    "SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_sort', 'off', true)";

const CLAIM: &str = "WITH due AS MATERIALIZED (
        SELECT id FROM boleto WHERE company_id = $1 AND id BETWEEN $2 AND $3 AND delivery = 'queued'
            AND (registration = 'registered' OR NOT $4)
        ORDER BY id LIMIT $5 FOR UPDATE)
    UPDATE boleto SET delivery =
            CASE WHEN status = 'open' THEN 'sending' WHEN delivered_at IS NULL THEN 'none' ELSE 'sent' END,
        delivery_attempts = delivery_attempts + 1, updated_at = $6
    FROM due WHERE company_id = $1 AND boleto.id = due.id RETURNING boleto.*";

#[async_trait]
impl Delivers for PostgresStore {
    /// A row that somebody is changing is waited for: skipped, it would be left behind.
    async fn claim_letters(&self, tx: &mut Tx, claim: &Claim) -> Result<Claims, Error> {
        let Claim { range, only_registered, limit, at } = claim;
        let db = connection(tx)?;
        if range.from < range.to {
            sqlx::query(WALK).execute(&mut *db).await?;
        }
        let query = sqlx::query(CLAIM).bind(range.company.uuid()).bind(range.from).bind(range.to);
        let query = query.bind(only_registered).bind(i64::from(*limit)).bind(pg_instant(*at));
        let rows = query.fetch_all(db).await?;
        let rows = rows.iter().map(|row| {
            let resends = u32::try_from(row.try_get::<i32, _>("delivery_resends")?);
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
        const SQL: &str = "UPDATE boleto SET
                delivery = CASE WHEN delivery = 'unknown' AND outcome = 'queued' THEN 'failed' ELSE outcome END,
                delivery_error = error, updated_at = $6,
                delivered_at = CASE outcome WHEN 'sent' THEN $6 ELSE delivered_at END
            FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::text[]) AS settled (letter, attempt, outcome, error)
            WHERE company_id = $1 AND id = letter AND delivery_attempts = attempt AND delivery IN ('sending', 'unknown')";
        let ids: Vec<Uuid> = settled.iter().map(|letter| letter.id.uuid()).collect();
        let attempts: Vec<i32> = settled.iter().map(|letter| letter.attempt.cast_signed()).collect();
        let outcomes: Vec<&str> = settled.iter().map(|letter| letter.status.as_str()).collect();
        let errors: Vec<Option<&str>> = settled.iter().map(|letter| letter.error.as_deref()).collect();
        let query =
            sqlx::query(SQL).bind(company.uuid()).bind(ids).bind(attempts).bind(outcomes).bind(errors);
        Ok(query.bind(pg_instant(at)).execute(connection(tx)?).await?.rows_affected())
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
        let query = query.bind(from.as_str()).bind(to.as_str()).bind(error).bind(pg_instant(at));
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
        let query = sqlx::query(SQL).bind(company.uuid()).bind(id.uuid()).bind(pg_instant(at));
        query.execute(connection(tx)?).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_claim_walks_through_the_index_and_sorts_nothing() {
        let url = comporta_neighbours::fresh_postgres_url().parse().unwrap();
        let options = comporta_db::Options { url, read_url: None, max_connections: 1 };
        let db = comporta_db::Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let connection = connection(&mut tx).unwrap();
        sqlx::query(WALK).execute(&mut *connection).await.unwrap();
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN {CLAIM}"));
        let query = sqlx::query(explain).bind(Uuid::nil()).bind(Uuid::nil()).bind(Uuid::max()).bind(false);
        let query = query.bind(20_i64).bind(pg_instant(Timestamp::UNIX_EPOCH));
        let steps = query.fetch_all(connection).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get(0)).collect();
        let plan = steps.join("\n");
        assert!(plan.contains("Index Scan using boleto_pkey"), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Bitmap") && !plan.contains("Seq Scan"), "{plan}");
    }
}
