//! Boletos on PostgreSQL.

use std::collections::HashSet;

use async_trait::async_trait;
use comporta_db::columns::{PgDate, PgInstant, from_pg_date, pg_date, pg_instant};
use comporta_db::{Error, Tx};
use comporta_kernel::{BusinessDate, CompanyId, TypedId as _, Uuid};
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Row as _};

use super::{PostgresStore, connection, copy};
use crate::model::{BankAccountId, Boleto, BoletoId, ImportId, Payer, ShownDelivery};
use crate::store::boletos::{
    Batch, BoletoFilter, KeepsBoletos, KeptDebt, centavos, delivery, kept_status, places_besides, terms, word,
};
use crate::store::delivery::IdRange;

#[async_trait]
impl KeepsBoletos for PostgresStore {
    async fn insert_boleto(&self, tx: &mut Tx, boleto: &Boleto) -> Result<(), Error> {
        let query = sqlx::query(
            "INSERT INTO boleto (company_id, id, debt_id, bank_account_id, payer_name, payer_document, payer_email,
                 payer_address, amount, due_date, our_number, barcode, terms, status, registration, delivery, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)",
        );
        let Payer { name, document, email, address } = &boleto.payer;
        let query = query.bind(boleto.company_id.uuid()).bind(boleto.id.uuid()).bind(&boleto.debt_id);
        let query =
            query.bind(boleto.bank_account_id.uuid()).bind(name).bind(document).bind(email).bind(address);
        let query = query.bind(boleto.amount.centavos()).bind(pg_date(boleto.due_date));
        let query = query.bind(&boleto.our_number).bind(&boleto.barcode).bind(boleto.terms.as_kept());
        let query = query.bind(boleto.status.as_str()).bind(boleto.registration.as_str());
        let query = query.bind(boleto.delivery.status.as_str()).bind(pg_instant(boleto.created_at));
        query.execute(connection(tx)?).await?;
        Ok(())
    }

    async fn insert_batch(&self, tx: &mut Tx, batch: &Batch<'_>) -> Result<Vec<usize>, Error> {
        let (Some(first), Some(last)) = (batch.rows.first(), batch.rows.last()) else {
            return Ok(Vec::new());
        };
        let db = connection(tx)?;
        if copy::insert(db, batch).await? == batch.rows.len() as u64 {
            return Ok(Vec::new());
        }
        let query = sqlx::query("SELECT id FROM boleto WHERE company_id = $1 AND id BETWEEN $2 AND $3");
        let query = query.bind(batch.company.uuid()).bind(first.id).bind(last.id);
        let written = query.fetch_all(db).await?;
        let written: HashSet<Uuid> = written.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(places_besides(batch, &written))
    }

    async fn kept_debts_in(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        ids: &[&str],
    ) -> Result<Vec<KeptDebt>, Error> {
        kept_debts(connection(tx)?, company, ids).await
    }

    async fn kept_debts(&self, company: CompanyId, ids: &[&str]) -> Result<Vec<KeptDebt>, Error> {
        kept_debts(self.db.primary(), company, ids).await
    }

    async fn boleto(&self, company: CompanyId, id: BoletoId) -> Result<Option<Boleto>, Error> {
        let query = sqlx::query("SELECT * FROM boleto WHERE company_id = $1 AND id = $2");
        let row = query.bind(company.uuid()).bind(id.uuid()).fetch_optional(self.db.primary()).await?;
        row.as_ref().map(from_row).transpose()
    }

    async fn boleto_to_change(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: BoletoId,
    ) -> Result<Option<Boleto>, Error> {
        let query = sqlx::query("SELECT * FROM boleto WHERE company_id = $1 AND id = $2 FOR UPDATE");
        let row = query.bind(company.uuid()).bind(id.uuid()).fetch_optional(connection(tx)?).await?;
        row.as_ref().map(from_row).transpose()
    }

    async fn change_boleto(&self, tx: &mut Tx, boleto: &Boleto) -> Result<(), Error> {
        let query = sqlx::query(
            "UPDATE boleto SET status = $3, due_date = $4, barcode = $5, registration = $6, updated_at = $7
             WHERE company_id = $1 AND id = $2",
        );
        let query = query.bind(boleto.company_id.uuid()).bind(boleto.id.uuid()).bind(boleto.status.as_str());
        let query = query.bind(pg_date(boleto.due_date)).bind(&boleto.barcode);
        let query = query.bind(boleto.registration.as_str()).bind(pg_instant(boleto.updated_at));
        query.execute(connection(tx)?).await?;
        Ok(())
    }

    /// By the debt's own index where one is asked for, else through the company's boletos.
    async fn boletos(
        &self,
        range: &IdRange,
        filter: &BoletoFilter,
        today: BusinessDate,
        limit: u16,
    ) -> Result<Vec<Boleto>, Error> {
        let (status, is_late) = kept_status(filter);
        let query = sqlx::query(
            "SELECT * FROM boleto
             WHERE company_id = $1 AND id BETWEEN $2 AND $13
               AND ($3::text IS NULL OR status = $3)
               AND ($4::boolean IS NULL OR (due_date < $5) = $4)
               AND ($6::date IS NULL OR due_date >= $6)
               AND ($7::date IS NULL OR due_date <= $7)
               AND ($8::text IS NULL OR debt_id = $8)
               AND ($9::text IS NULL OR payer_document = $9)
               AND ($10::text IS NULL OR strpos(lower(payer_name COLLATE \"C\"), lower($10 COLLATE \"C\")) > 0)
               AND ($12::text IS NULL OR delivery = $12 OR ($12 = 'queued' AND delivery = 'sending'))
               AND ($14::uuid IS NULL OR import_id = $14)
             ORDER BY id DESC LIMIT $11",
        )
        // Planned for the values that are there: a plan for any of them would not use the debt's index.
        .persistent(false);
        let query = query.bind(range.company.uuid()).bind(range.from).bind(status);
        let query = query.bind(is_late).bind(pg_date(today));
        let query = query.bind(filter.due_from.map(pg_date)).bind(filter.due_to.map(pg_date));
        let query = query.bind(&filter.debt_id).bind(&filter.document).bind(&filter.q).bind(i64::from(limit));
        let query = query.bind(filter.delivery.map(ShownDelivery::as_str)).bind(range.to);
        let query = query.bind(filter.import_id.map(ImportId::uuid));
        query.fetch_all(self.db.replica()).await?.iter().map(from_row).collect()
    }

    async fn boletos_by_id(&self, company: CompanyId, ids: &[Uuid]) -> Result<Vec<Boleto>, Error> {
        let query = sqlx::query("SELECT * FROM boleto WHERE company_id = $1 AND id = ANY($2)");
        let rows = query.bind(company.uuid()).bind(ids).fetch_all(self.db.primary()).await?;
        rows.iter().map(from_row).collect()
    }
}

async fn kept_debts(
    db: impl PgExecutor<'_>,
    company: CompanyId,
    ids: &[&str],
) -> Result<Vec<KeptDebt>, Error> {
    let query = sqlx::query(
        "SELECT debt_id, payer_name, payer_document, payer_email, amount, due_date FROM boleto
         WHERE company_id = $1 AND debt_id = ANY($2)",
    );
    let rows = query.bind(company.uuid()).bind(ids).fetch_all(db).await?;
    let debts = rows.iter().map(|row| {
        Ok(KeptDebt {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            document: row.try_get(2)?,
            email: row.try_get(3)?,
            centavos: row.try_get(4)?,
            due: from_pg_date(row.try_get::<PgDate, _>(5)?, "boleto.due_date")?,
        })
    });
    debts.collect()
}

pub(super) fn from_row(row: &PgRow) -> Result<Boleto, Error> {
    let import: Option<Uuid> = row.try_get("import_id")?;
    let line: Option<i64> = row.try_get("import_line")?;
    let delivered_at: Option<PgInstant> = row.try_get("delivered_at")?;
    let attempts: i32 = row.try_get("delivery_attempts")?;
    Ok(Boleto {
        company_id: CompanyId::from_uuid(row.try_get("company_id")?),
        id: BoletoId::from_uuid(row.try_get("id")?),
        debt_id: row.try_get("debt_id")?,
        bank_account_id: BankAccountId::from_uuid(row.try_get("bank_account_id")?),
        payer: Payer {
            name: row.try_get("payer_name")?,
            document: row.try_get("payer_document")?,
            email: row.try_get("payer_email")?,
            address: row.try_get("payer_address")?,
        },
        amount: centavos(row.try_get("amount")?, "boleto.amount")?,
        paid_amount: centavos(row.try_get("paid_amount")?, "boleto.paid_amount")?,
        due_date: from_pg_date(row.try_get::<PgDate, _>("due_date")?, "boleto.due_date")?,
        our_number: row.try_get("our_number")?,
        barcode: row.try_get("barcode")?,
        terms: terms(row.try_get("terms")?)?,
        status: word(row.try_get("status")?, "boleto.status")?,
        registration: word(row.try_get("registration")?, "boleto.registration")?,
        delivery: delivery(
            row.try_get("delivery")?,
            attempts.into(),
            row.try_get("delivery_error")?,
            delivered_at.map(PgInstant::to_jiff),
        )?,
        source: import.zip(line).map(|(import, line)| (ImportId::from_uuid(import), line.unsigned_abs())),
        created_at: row.try_get::<PgInstant, _>("created_at")?.to_jiff(),
        updated_at: row.try_get::<PgInstant, _>("updated_at")?.to_jiff(),
    })
}
