//! What is asked of a database for invoices.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::columns::from_text;
use comporta_db::{Db, Engine, Tx};
use comporta_kernel::{BusinessDate, CompanyId, Month, Timestamp};

use super::plans::read_terms;
use super::{postgres, sqlite};
use crate::model::{Account, Invoice, InvoiceFilter, InvoiceLine, InvoiceWithLines, Party, PricePart};
use crate::{Error, InvoiceId, PlanName, Price, UnitPrice};

/// The month that is billed, and what goes with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Billing {
    pub(crate) month: Month,
    /// The first instant after it, where it is billed.
    pub(crate) ends: Timestamp,
    /// The earliest month that is still corrected.
    pub(crate) corrected_from: Month,
}

/// Whole use cases, each atomic.
#[async_trait]
pub(crate) trait InvoiceStore: Send + Sync {
    /// Notes who bills, unless somebody is noted already.
    async fn note_biller(&self, tx: &mut Tx, company: CompanyId) -> Result<(), Error>;
    async fn biller(&self) -> Result<Option<CompanyId>, Error>;
    async fn party(&self, company: CompanyId) -> Result<Option<Party>, Error>;
    /// At most `limit` companies without an invoice of the month that may get one, from after the given one on.
    async fn unbilled(
        &self,
        billing: &Billing,
        after: Option<CompanyId>,
        limit: u16,
    ) -> Result<Vec<CompanyId>, Error>;
    /// All that a company's bill depends on; nobody else bills it until the transaction ends. `None` if it has an
    /// invoice of the month, or is not there.
    async fn account(
        &self,
        tx: &mut Tx,
        billing: &Billing,
        company: CompanyId,
    ) -> Result<Option<Account>, Error>;
    async fn insert(
        &self,
        tx: &mut Tx,
        invoice: &Invoice,
        price: Option<&Price>,
        lines: &[InvoiceLine],
    ) -> Result<(), Error>;
    /// How many invoices there are of a month.
    async fn count(&self, month: Month) -> Result<i64, Error>;
    /// At most `limit` invoices, the newest first, from after the given one on.
    async fn invoices(
        &self,
        filter: &InvoiceFilter,
        after: Option<InvoiceId>,
        limit: u16,
    ) -> Result<Vec<Invoice>, Error>;
    /// An invoice; of another company than the given one it is none.
    async fn invoice(&self, id: InvoiceId, of: Option<CompanyId>) -> Result<Option<InvoiceWithLines>, Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn InvoiceStore> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::invoices::PostgresInvoices(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::invoices::SqliteInvoices(db.clone())),
    }
}

/// The plan held and its price, from what the database says of it.
pub(super) fn priced(plan: Option<&str>, document: Option<&str>) -> Result<Option<(PlanName, Price)>, Error> {
    let (Some(plan), Some(document)) = (plan, document) else { return Ok(None) };
    let plan = from_text(plan, "company_plan.plan")?;
    Ok(read_terms(document)?.price().cloned().map(|price| (plan, price)))
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(
    text: &str,
    column: &'static str,
) -> Result<T, comporta_db::Error> {
    serde_json::from_str(text).map_err(|_| comporta_db::Error::Corrupt { column })
}

pub(super) fn write_json<T: serde::Serialize>(
    value: &T,
    column: &'static str,
) -> Result<String, comporta_db::Error> {
    serde_json::to_string(value).map_err(|_| comporta_db::Error::Corrupt { column })
}

/// The columns of a line that say what it is the price of.
pub(super) struct PartColumns {
    pub(super) tier: i32,
    pub(super) after: i64,
    pub(super) up_to: Option<i64>,
    pub(super) unit: Option<i64>,
}

impl PartColumns {
    pub(super) fn of(line: &InvoiceLine) -> Self {
        let unit = line.unit.and_then(|unit| i64::try_from(unit.millionths()).ok());
        match line.part {
            PricePart::Base => Self { tier: 0, after: 0, up_to: None, unit },
            // A tier ends below 10^15, so that both ends fit.
            PricePart::Tier { number, after, up_to } => Self {
                tier: i32::from(number),
                after: i64::try_from(after).unwrap_or(i64::MAX),
                up_to: up_to.and_then(|end| i64::try_from(end).ok()),
                unit,
            },
        }
    }

    pub(super) fn read(&self) -> Result<(PricePart, Option<UnitPrice>), comporta_db::Error> {
        let corrupt = |column| comporta_db::Error::Corrupt { column };
        let count = |count: i64| u64::try_from(count).map_err(|_| corrupt("invoice_line.after"));
        let part = match self.tier {
            0 => PricePart::Base,
            tier => PricePart::Tier {
                number: u16::try_from(tier).map_err(|_| corrupt("invoice_line.tier"))?,
                after: count(self.after)?,
                up_to: self.up_to.map(count).transpose()?,
            },
        };
        let unit = |millionths: i64| {
            let price = u64::try_from(millionths).ok().map(UnitPrice::from_millionths);
            price.and_then(Result::ok).ok_or_else(|| corrupt("invoice_line.unit"))
        };
        Ok((part, self.unit.map(unit).transpose()?))
    }
}

/// The days from the first month's first to the last one's last.
pub(super) fn days(from: Month, to: Month) -> (BusinessDate, BusinessDate) {
    (from.first_day(), to.last_day())
}

pub(super) const NOTE_PLAN: &str = "INSERT INTO company_plan (company_id, since, plan) VALUES ($1, $2, $3)
    ON CONFLICT (company_id, since) DO UPDATE SET plan = excluded.plan";
pub(super) const KEEP_DOCUMENT: &str =
    "UPDATE company_plan SET document = (SELECT document FROM plan WHERE name = $1)
    WHERE plan = $1 AND document IS NULL";
pub(super) const NOTE_BILLER: &str = "INSERT INTO biller (company_id) VALUES ($1) ON CONFLICT DO NOTHING";
pub(super) const BILLER: &str = "SELECT company_id FROM biller";
pub(super) const PARTY: &str = "SELECT id, name, document, email, address FROM company WHERE id = $1";
/// Parameters: after which company, the month, the first instant after it, the earliest month corrected, rows at most.
pub(super) const UNBILLED: &str = "SELECT c.id FROM company c WHERE c.id > $1
    AND NOT EXISTS (SELECT 1 FROM invoice i WHERE i.company_id = c.id AND i.month = $2)
    AND ((SELECT p.plan FROM company_plan p WHERE p.company_id = c.id AND p.since < $3
            ORDER BY p.since DESC LIMIT 1) IS NOT NULL
        OR EXISTS (SELECT 1 FROM invoice i WHERE i.company_id = c.id AND i.month >= $4 AND i.month < $2
            AND i.price IS NOT NULL))
    ORDER BY c.id LIMIT $5";
pub(super) const IS_BILLED: &str =
    "SELECT EXISTS (SELECT 1 FROM invoice WHERE company_id = $1 AND month = $2)";
pub(super) const PLAN_HELD: &str = "SELECT p.plan, coalesce(p.document, d.document) AS document
    FROM company_plan p LEFT JOIN plan d ON d.name = p.plan
    WHERE p.company_id = $1 AND p.since < $2 ORDER BY p.since DESC LIMIT 1";
pub(super) const BILLED: &str = "SELECT id, month, price FROM invoice
    WHERE company_id = $1 AND month >= $2 AND month < $3 AND price IS NOT NULL ORDER BY month";

macro_rules! line_columns {
    () => {
        "month, tier, after, up_to, quantity, unit, amount, corrects"
    };
}

pub(super) const BILLED_LINES: &str = concat!(
    "SELECT ",
    line_columns!(),
    " FROM invoice_line WHERE company_id = $1 AND month >= $2 AND month < $3"
);
pub(super) const LINES: &str = concat!(
    "SELECT ",
    line_columns!(),
    " FROM invoice_line WHERE company_id = $1 AND invoice_id = $2 ORDER BY position"
);
pub(super) const INSERT_LINE: &str = concat!(
    "INSERT INTO invoice_line (company_id, invoice_id, position, ",
    line_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
);

macro_rules! invoice_columns {
    () => {
        "company_id, id, month, status, currency, plan, issuer, customer, total, issued_at, issue_date, due_date, paid_at"
    };
}

pub(super) const INSERT: &str = concat!(
    "INSERT INTO invoice (",
    invoice_columns!(),
    ", price) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
);
pub(super) const COUNT: &str = "SELECT count(*) FROM invoice WHERE month = $1";
pub(super) const INVOICE: &str = concat!("SELECT ", invoice_columns!(), " FROM invoice WHERE id = $1");

macro_rules! invoices {
    ($whose:literal) => {
        concat!(
            "SELECT ",
            invoice_columns!(),
            " FROM invoice WHERE id < $1 AND month BETWEEN $2 AND $3 AND status IN ($4, $5)",
            $whose,
            " ORDER BY id DESC LIMIT $6"
        )
    };
}

/// Parameters: before which id, first and last month, the two statuses, rows at most, and the company if it is of one.
pub(super) const INVOICES: &str = invoices!("");
pub(super) const INVOICES_OF: &str = invoices!(" AND company_id = $7");
