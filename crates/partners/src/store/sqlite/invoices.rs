//! Invoices in SQLite.

use std::collections::BTreeMap;

use async_trait::async_trait;
use comporta_db::columns::{from_micros, from_text, to_micros};
use comporta_db::{Sqlite, Tx};
use comporta_kernel::{BusinessDate, CompanyId, Money, Month, Timestamp, TypedId as _, Uuid};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{connection, instant};
use crate::model::{
    Account, Billed, Calls, Invoice, InvoiceFilter, InvoiceLine, InvoiceStatus, InvoiceWithLines, Party,
    StatusClass,
};
use crate::store::invoices::{self as statements, Billing, InvoiceStore, PartColumns};
use crate::{Error, InvoiceId, PlanName, Price};

pub(in crate::store) struct SqliteInvoices(pub(in crate::store) Sqlite);

const CALLS: &str = "SELECT substr(day, 1, 7) || '-01' AS month, class, sum(requests) AS requests
    FROM usage_day WHERE company_id = $1 AND day BETWEEN $2 AND $3 AND live AND class BETWEEN 2 AND 5
    GROUP BY 1, 2";

#[async_trait]
impl InvoiceStore for SqliteInvoices {
    async fn note_biller(&self, tx: &mut Tx, company: CompanyId) -> Result<(), Error> {
        sqlx::query(statements::NOTE_BILLER).bind(company.uuid()).execute(connection(tx)?).await?;
        Ok(())
    }

    async fn biller(&self) -> Result<Option<CompanyId>, Error> {
        let row = sqlx::query(statements::BILLER).fetch_optional(self.0.readers()).await?;
        row.map(|row| Ok(CompanyId::from_uuid(row.try_get(0)?))).transpose()
    }

    async fn party(&self, company: CompanyId) -> Result<Option<Party>, Error> {
        let query = sqlx::query(statements::PARTY).bind(company.uuid());
        query.fetch_optional(self.0.readers()).await?.as_ref().map(read_party).transpose()
    }

    async fn unbilled(
        &self,
        billing: &Billing,
        after: Option<CompanyId>,
        limit: u16,
    ) -> Result<Vec<CompanyId>, Error> {
        let query = sqlx::query(statements::UNBILLED)
            .bind(after.map_or(Uuid::nil(), CompanyId::uuid))
            .bind(month(billing.month))
            .bind(to_micros(billing.ends))
            .bind(month(billing.corrected_from))
            .bind(i64::from(limit));
        let rows = query.fetch_all(self.0.readers()).await?;
        rows.iter().map(|row| Ok(CompanyId::from_uuid(row.try_get(0)?))).collect()
    }

    async fn account(
        &self,
        tx: &mut Tx,
        billing: &Billing,
        company: CompanyId,
    ) -> Result<Option<Account>, Error> {
        let db = connection(tx)?;
        let billed = sqlx::query(statements::IS_BILLED).bind(company.uuid()).bind(month(billing.month));
        if billed.fetch_one(&mut *db).await?.try_get(0)? {
            return Ok(None);
        }
        let party = sqlx::query(statements::PARTY).bind(company.uuid()).fetch_optional(&mut *db).await?;
        let Some(customer) = party.as_ref().map(read_party).transpose()? else { return Ok(None) };
        let plan = sqlx::query(statements::PLAN_HELD).bind(company.uuid()).bind(to_micros(billing.ends));
        let plan = match plan.fetch_optional(&mut *db).await? {
            Some(row) => statements::priced(row.try_get("plan")?, row.try_get("document")?)?,
            None => None,
        };
        let calls = calls(db, billing, company).await?;
        let billed = billed_before(db, billing, company).await?;
        Ok(Some(Account { customer, plan, calls, billed }))
    }

    async fn insert(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        price: Option<&Price>,
        lines: &[InvoiceLine],
    ) -> Result<(), Error> {
        let db = connection(tx)?;
        let price = price.map(|price| statements::write_json(price, "invoice.price")).transpose()?;
        sqlx::query(statements::INSERT)
            .bind(invoice.company_id.uuid())
            .bind(invoice.id.uuid())
            .bind(month(invoice.month))
            .bind(invoice.status.as_str())
            .bind(invoice.currency.as_str())
            .bind(invoice.plan.as_ref().map(PlanName::as_str))
            .bind(statements::write_json(&invoice.issuer, "invoice.issuer")?)
            .bind(statements::write_json(&invoice.customer, "invoice.customer")?)
            .bind(invoice.total.centavos())
            .bind(to_micros(invoice.issued_at))
            .bind(invoice.issue_date.to_string())
            .bind(invoice.due_date.to_string())
            .bind(invoice.paid_at.map(to_micros))
            .bind(price)
            .execute(&mut *db)
            .await?;
        for (line, position) in lines.iter().zip(1_i32..) {
            let columns = PartColumns::of(line);
            sqlx::query(statements::INSERT_LINE)
                .bind(invoice.company_id.uuid())
                .bind(invoice.id.uuid())
                .bind(position)
                .bind(month(line.month))
                .bind(columns.tier)
                .bind(columns.after)
                .bind(columns.up_to)
                .bind(line.quantity)
                .bind(columns.unit)
                .bind(line.amount.centavos())
                .bind(line.corrects.map(InvoiceId::uuid))
                .execute(&mut *db)
                .await?;
        }
        Ok(())
    }

    async fn count(&self, of: Month) -> Result<i64, Error> {
        let row = sqlx::query(statements::COUNT).bind(month(of)).fetch_one(self.0.readers()).await?;
        Ok(row.try_get(0)?)
    }

    async fn invoices(
        &self,
        filter: &InvoiceFilter,
        after: Option<InvoiceId>,
        limit: u16,
    ) -> Result<Vec<Invoice>, Error> {
        let sql = if filter.company_id.is_some() { statements::INVOICES_OF } else { statements::INVOICES };
        let (from, to) = filter
            .month
            .map_or((BusinessDate::MIN, BusinessDate::MAX), |month| statements::days(month, month));
        let mut query = sqlx::query(sql)
            .bind(after.map_or(Uuid::max(), InvoiceId::uuid))
            .bind(from.to_string())
            .bind(to.to_string())
            .bind(filter.status.unwrap_or(InvoiceStatus::Issued).as_str())
            .bind(filter.status.unwrap_or(InvoiceStatus::Paid).as_str())
            .bind(i64::from(limit));
        if let Some(company) = filter.company_id {
            query = query.bind(company.uuid());
        }
        query.fetch_all(self.0.readers()).await?.iter().map(read_invoice).collect()
    }

    async fn invoice(&self, id: InvoiceId, of: Option<CompanyId>) -> Result<Option<InvoiceWithLines>, Error> {
        let row = sqlx::query(statements::INVOICE).bind(id.uuid()).fetch_optional(self.0.readers()).await?;
        let Some(invoice) = row.as_ref().map(read_invoice).transpose()? else { return Ok(None) };
        if of.is_some_and(|company| company != invoice.company_id) {
            return Ok(None);
        }
        let lines = sqlx::query(statements::LINES).bind(invoice.company_id.uuid()).bind(id.uuid());
        let lines = lines.fetch_all(self.0.readers()).await?;
        let lines = lines.iter().map(read_line).collect::<Result<_, _>>()?;
        Ok(Some(InvoiceWithLines { invoice, lines }))
    }
}

/// Notes which plan a company holds from an instant on.
pub(super) async fn note_plan(
    db: &mut SqliteConnection,
    company: CompanyId,
    plan: Option<&PlanName>,
    since: Timestamp,
) -> Result<(), Error> {
    let query = sqlx::query(statements::NOTE_PLAN).bind(company.uuid()).bind(to_micros(since));
    query.bind(plan.map(PlanName::as_str)).execute(db).await?;
    Ok(())
}

/// Keeps a plan's document for the bills of who held it: the plan is going to be removed.
pub(super) async fn keep_document(db: &mut SqliteConnection, plan: &PlanName) -> Result<(), Error> {
    sqlx::query(statements::KEEP_DOCUMENT).bind(plan.as_str()).execute(db).await?;
    Ok(())
}

async fn calls(
    db: &mut SqliteConnection,
    billing: &Billing,
    company: CompanyId,
) -> Result<BTreeMap<Month, Calls>, Error> {
    let (from, to) = statements::days(billing.corrected_from, billing.month);
    let query = sqlx::query(CALLS).bind(company.uuid()).bind(from.to_string()).bind(to.to_string());
    let mut months: BTreeMap<Month, Calls> = BTreeMap::new();
    for row in query.fetch_all(db).await? {
        let requests = u64::try_from(row.try_get::<i64, _>("requests")?).unwrap_or(0);
        let class = StatusClass::of_digit(row.try_get("class")?);
        if let Some(class) = class {
            months.entry(read_month(&row)?).or_default().add(class, requests);
        }
    }
    Ok(months)
}

async fn billed_before(
    db: &mut SqliteConnection,
    billing: &Billing,
    company: CompanyId,
) -> Result<Vec<Billed>, Error> {
    let (from, to) = (month(billing.corrected_from), month(billing.month));
    let lines = sqlx::query(statements::BILLED_LINES).bind(company.uuid()).bind(&from).bind(&to);
    let mut by_month: BTreeMap<Month, Vec<InvoiceLine>> = BTreeMap::new();
    for row in lines.fetch_all(&mut *db).await? {
        let line = read_line(&row)?;
        by_month.entry(line.month).or_default().push(line);
    }
    let billed = sqlx::query(statements::BILLED).bind(company.uuid()).bind(&from).bind(&to);
    let mut found = Vec::new();
    for row in billed.fetch_all(db).await? {
        let month = read_month(&row)?;
        found.push(Billed {
            invoice: InvoiceId::from_uuid(row.try_get("id")?),
            month,
            price: statements::read_json(row.try_get("price")?, "invoice.price")?,
            lines: by_month.remove(&month).unwrap_or_default(),
        });
    }
    Ok(found)
}

fn month(month: Month) -> String {
    month.first_day().to_string()
}

fn read_month(row: &SqliteRow) -> Result<Month, Error> {
    Ok(from_text::<BusinessDate>(row.try_get("month")?, "invoice.month")?.month())
}

fn read_party(row: &SqliteRow) -> Result<Party, Error> {
    let text = |column| row.try_get::<Option<&str>, _>(column);
    Ok(Party {
        company_id: CompanyId::from_uuid(row.try_get("id")?),
        name: from_text(row.try_get("name")?, "company.name")?,
        document: text("document")?.map(|text| from_text(text, "company.document")).transpose()?,
        email: text("email")?.map(|text| from_text(text, "company.email")).transpose()?,
        address: text("address")?.map(|text| from_text(text, "company.address")).transpose()?,
    })
}

fn read_invoice(row: &SqliteRow) -> Result<Invoice, Error> {
    let plan: Option<&str> = row.try_get("plan")?;
    Ok(Invoice {
        id: InvoiceId::from_uuid(row.try_get("id")?),
        company_id: CompanyId::from_uuid(row.try_get("company_id")?),
        month: read_month(row)?,
        status: from_text(row.try_get("status")?, "invoice.status")?,
        currency: from_text(row.try_get("currency")?, "invoice.currency")?,
        plan: plan.map(|name| from_text(name, "invoice.plan")).transpose()?,
        issuer: statements::read_json(row.try_get("issuer")?, "invoice.issuer")?,
        customer: statements::read_json(row.try_get("customer")?, "invoice.customer")?,
        total: read_money(row.try_get("total")?, "invoice.total")?,
        issued_at: from_micros(row.try_get("issued_at")?, "invoice.issued_at")?,
        issue_date: from_text(row.try_get("issue_date")?, "invoice.issue_date")?,
        due_date: from_text(row.try_get("due_date")?, "invoice.due_date")?,
        paid_at: instant(row, "paid_at")?,
    })
}

fn read_line(row: &SqliteRow) -> Result<InvoiceLine, Error> {
    let columns = PartColumns {
        tier: row.try_get("tier")?,
        after: row.try_get("after")?,
        up_to: row.try_get("up_to")?,
        unit: row.try_get("unit")?,
    };
    let (part, unit) = columns.read()?;
    Ok(InvoiceLine {
        month: read_month(row)?,
        part,
        quantity: row.try_get("quantity")?,
        unit,
        amount: read_money(row.try_get("amount")?, "invoice_line.amount")?,
        corrects: row.try_get::<Option<Uuid>, _>("corrects")?.map(InvoiceId::from_uuid),
    })
}

fn read_money(centavos: i64, column: &'static str) -> Result<Money, Error> {
    Ok(Money::from_centavos(centavos).map_err(|_| comporta_db::Error::Corrupt { column })?)
}
