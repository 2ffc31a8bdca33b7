//! Boletos on SQLite.

use std::collections::HashSet;

use async_trait::async_trait;
use comporta_db::columns::{from_micros, from_text, to_micros};
use comporta_db::{Error, Tx};
use comporta_kernel::{BusinessDate, CompanyId, TypedId as _, Uuid};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteExecutor};

use super::{SqliteStore, connection, values};
use crate::model::{BankAccountId, Boleto, BoletoId, ImportId, Payer, ShownDelivery};
use crate::store::boletos::{
    Batch, BoletoFilter, KeepsBoletos, KeptDebt, centavos, delivery, kept_status, places_besides, terms, word,
};
use crate::store::delivery::IdRange;

#[async_trait]
impl KeepsBoletos for SqliteStore {
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
        let query = query.bind(boleto.amount.centavos()).bind(boleto.due_date.to_string());
        let query = query.bind(&boleto.our_number).bind(&boleto.barcode).bind(boleto.terms.as_kept());
        let query = query.bind(boleto.status.as_str()).bind(boleto.registration.as_str());
        let query = query.bind(boleto.delivery.status.as_str()).bind(to_micros(boleto.created_at));
        query.execute(connection(tx)?).await?;
        Ok(())
    }

    async fn insert_batch(&self, tx: &mut Tx, batch: &Batch<'_>) -> Result<Vec<usize>, Error> {
        let (Some(first), Some(last)) = (batch.rows.first(), batch.rows.last()) else {
            return Ok(Vec::new());
        };
        let db = connection(tx)?;
        if values::insert(db, batch).await? == batch.rows.len() as u64 {
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
        kept_debts(self.db.readers(), company, ids).await
    }

    async fn boleto(&self, company: CompanyId, id: BoletoId) -> Result<Option<Boleto>, Error> {
        let query = sqlx::query("SELECT * FROM boleto WHERE company_id = $1 AND id = $2");
        let row = query.bind(company.uuid()).bind(id.uuid()).fetch_optional(self.db.readers()).await?;
        row.as_ref().map(from_row).transpose()
    }

    async fn boleto_to_change(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: BoletoId,
    ) -> Result<Option<Boleto>, Error> {
        let query = sqlx::query("SELECT * FROM boleto WHERE company_id = $1 AND id = $2");
        let row = query.bind(company.uuid()).bind(id.uuid()).fetch_optional(connection(tx)?).await?;
        row.as_ref().map(from_row).transpose()
    }

    async fn change_boleto(&self, tx: &mut Tx, boleto: &Boleto) -> Result<(), Error> {
        let query = sqlx::query(
            "UPDATE boleto SET status = $3, due_date = $4, barcode = $5, registration = $6, updated_at = $7
             WHERE company_id = $1 AND id = $2",
        );
        let query = query.bind(boleto.company_id.uuid()).bind(boleto.id.uuid()).bind(boleto.status.as_str());
        let query = query.bind(boleto.due_date.to_string()).bind(&boleto.barcode);
        let query = query.bind(boleto.registration.as_str()).bind(to_micros(boleto.updated_at));
        query.execute(connection(tx)?).await?;
        Ok(())
    }

    /// A debt has an index of its own, which a statement must name to be planned for: SQLite does not look at values.
    async fn boletos(
        &self,
        range: &IdRange,
        filter: &BoletoFilter,
        today: BusinessDate,
        limit: u16,
    ) -> Result<Vec<Boleto>, Error> {
        let (status, is_late) = kept_status(filter);
        macro_rules! walk {
            ($key:literal) => {
                concat!(
                    "SELECT * FROM boleto
             WHERE company_id = $1 AND ",
                    $key,
                    "
               AND ($3 IS NULL OR status = $3)
               AND ($4 IS NULL OR (due_date < $5) = $4)
               AND ($6 IS NULL OR due_date >= $6)
               AND ($7 IS NULL OR due_date <= $7)
               AND ($9 IS NULL OR payer_document = $9)
               AND ($10 IS NULL OR instr(lower(payer_name), lower($10)) > 0)
               AND ($12 IS NULL OR delivery = $12 OR ($12 = 'queued' AND delivery = 'sending'))
               AND ($14 IS NULL OR import_id = $14)
             ORDER BY id DESC LIMIT $11"
                )
            };
        }
        let text = match filter.debt_id {
            Some(_) => walk!("debt_id = $8 AND +id BETWEEN $2 AND $13"),
            None => walk!("id BETWEEN $2 AND $13 AND $8 IS NULL"),
        };
        let query = sqlx::query(text);
        let query = query.bind(range.company.uuid()).bind(range.from).bind(status);
        let query = query.bind(is_late).bind(today.to_string());
        let query = query
            .bind(filter.due_from.map(|day| day.to_string()))
            .bind(filter.due_to.map(|day| day.to_string()));
        let query = query.bind(&filter.debt_id).bind(&filter.document).bind(&filter.q).bind(i64::from(limit));
        let query = query.bind(filter.delivery.map(ShownDelivery::as_str)).bind(range.to);
        let query = query.bind(filter.import_id.map(ImportId::uuid));
        query.fetch_all(self.db.scans()).await?.iter().map(from_row).collect()
    }

    async fn boletos_by_id(&self, company: CompanyId, ids: &[Uuid]) -> Result<Vec<Boleto>, Error> {
        let query = sqlx::query(
            "SELECT boleto.* FROM json_each($2) AS asked CROSS JOIN boleto ON company_id = $1 AND boleto.id = unhex(asked.value)",
        );
        let ids: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
        let query = query.bind(company.uuid()).bind(serde_json::to_string(&ids).unwrap_or_default());
        query.fetch_all(self.db.readers()).await?.iter().map(from_row).collect()
    }
}

async fn kept_debts(
    db: impl SqliteExecutor<'_>,
    company: CompanyId,
    ids: &[&str],
) -> Result<Vec<KeptDebt>, Error> {
    let query = sqlx::query(
        "SELECT debt_id, payer_name, payer_document, payer_email, amount, due_date
           FROM json_each($2) AS asked CROSS JOIN boleto ON company_id = $1 AND debt_id = asked.value",
    );
    let rows =
        query.bind(company.uuid()).bind(serde_json::to_string(ids).unwrap_or_default()).fetch_all(db).await?;
    let debts = rows.iter().map(|row| {
        Ok(KeptDebt {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            document: row.try_get(2)?,
            email: row.try_get(3)?,
            centavos: row.try_get(4)?,
            due: from_text(row.try_get(5)?, "boleto.due_date")?,
        })
    });
    debts.collect()
}

pub(super) fn from_row(row: &SqliteRow) -> Result<Boleto, Error> {
    let import: Option<Uuid> = row.try_get("import_id")?;
    let line: Option<i64> = row.try_get("import_line")?;
    let delivered_at: Option<i64> = row.try_get("delivered_at")?;
    let attempts: i64 = row.try_get("delivery_attempts")?;
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
        due_date: from_text(row.try_get("due_date")?, "boleto.due_date")?,
        our_number: row.try_get("our_number")?,
        barcode: row.try_get("barcode")?,
        terms: terms(row.try_get("terms")?)?,
        status: word(row.try_get("status")?, "boleto.status")?,
        registration: word(row.try_get("registration")?, "boleto.registration")?,
        delivery: delivery(
            row.try_get("delivery")?,
            attempts,
            row.try_get("delivery_error")?,
            delivered_at.map(|at| from_micros(at, "boleto.delivered_at")).transpose()?,
        )?,
        source: import.zip(line).map(|(import, line)| (ImportId::from_uuid(import), line.unsigned_abs())),
        created_at: from_micros(row.try_get("created_at")?, "boleto.created_at")?,
        updated_at: from_micros(row.try_get("updated_at")?, "boleto.updated_at")?,
    })
}
