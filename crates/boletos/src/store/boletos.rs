//! Boletos in the database.

use std::collections::HashSet;
use std::str::FromStr;

use async_trait::async_trait;
use comporta_db::{Error, Tx};
use comporta_kernel::{BusinessDate, CompanyId, Money, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

use super::delivery::IdRange;
use crate::model::{
    BankAccountId, Barcode, Boleto, BoletoId, Debt, Delivery, ImportId, ShownDelivery, Status, Terms,
};

/// Which boletos to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BoletoFilter {
    pub(crate) status: Option<Status>,
    /// How the letter stands.
    #[serde(default)]
    pub(crate) delivery: Option<ShownDelivery>,
    pub(crate) due_from: Option<BusinessDate>,
    pub(crate) due_to: Option<BusinessDate>,
    pub(crate) debt_id: Option<String>,
    /// The payer's document.
    pub(crate) document: Option<String>,
    /// Part of the payer's name; ASCII letters match either case.
    pub(crate) q: Option<String>,
    /// The file it came from.
    #[serde(default)]
    pub(crate) import_id: Option<ImportId>,
    /// Whether only those are meant that are to be paid, overdue or not.
    #[serde(default)]
    pub(crate) to_be_paid: bool,
}

/// What is asked of the kept status and the due date: its own text, and whether the day must have passed.
pub(crate) fn kept_status(filter: &BoletoFilter) -> (Option<&'static str>, Option<bool>) {
    match filter.status {
        Some(Status::Overdue) => (Some(Status::Open.as_str()), Some(true)),
        Some(Status::Open) => (Some(Status::Open.as_str()), Some(false)),
        Some(status) => (Some(status.as_str()), None),
        None if filter.to_be_paid => (Some(Status::Open.as_str()), None),
        None => (None, None),
    }
}

/// The places of a batch's rows whose ids are not among those written.
pub(crate) fn places_besides(batch: &Batch<'_>, written: &HashSet<Uuid>) -> Vec<usize> {
    let rows = batch.rows.iter().enumerate();
    rows.filter(|(_, row)| !written.contains(&row.id)).map(|(place, _)| place).collect()
}

/// A sum as its column has it.
pub(crate) fn centavos(value: i64, column: &'static str) -> Result<Money, Error> {
    Money::from_centavos(value).map_err(|_| Error::Corrupt { column })
}

/// A word as its column has it.
pub(crate) fn word<T: FromStr>(text: &str, column: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::Corrupt { column })
}

/// The terms as their column has them.
pub(crate) fn terms(text: Option<&str>) -> Result<Terms, Error> {
    let Some(text) = text else { return Ok(Terms::default()) };
    serde_json::from_str(text).map_err(|_| Error::Corrupt { column: "boleto.terms" })
}

/// How the delivery stands, as its columns have it.
pub(crate) fn delivery(
    status: &str,
    attempts: i64,
    last_error: Option<String>,
    delivered_at: Option<Timestamp>,
) -> Result<Delivery, Error> {
    let attempts =
        u32::try_from(attempts).map_err(|_| Error::Corrupt { column: "boleto.delivery_attempts" })?;
    Ok(Delivery { status: word(status, "boleto.delivery")?, attempts, last_error, delivered_at })
}

/// A boleto of a file, ready to be written.
#[derive(Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) id: Uuid,
    pub(crate) debt: Debt<'a>,
    pub(crate) our_number: String,
    pub(crate) barcode: Barcode,
    pub(crate) line: u64,
}

/// Boletos of one file, in the order of their ids and of their debts.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) company: CompanyId,
    pub(crate) account: BankAccountId,
    pub(crate) import: ImportId,
    pub(crate) at: Timestamp,
    pub(crate) rows: &'a [NewRow<'a>],
}

/// What the boleto of a debt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptDebt {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) document: String,
    pub(crate) email: Option<String>,
    pub(crate) centavos: i64,
    pub(crate) due: BusinessDate,
}

impl KeptDebt {
    /// Whether a row says the same.
    pub(crate) fn says(&self, debt: &Debt<'_>) -> bool {
        self.name == debt.name
            && self.document == debt.document
            && self.email.as_deref() == debt.email
            && self.centavos == debt.amount.money().centavos()
            && self.due == debt.due
    }
}

#[async_trait]
pub(crate) trait KeepsBoletos: Send + Sync + std::fmt::Debug {
    /// Writes a boleto; one whose debt has a boleto is a unique violation.
    async fn insert_boleto(&self, tx: &mut Tx, boleto: &Boleto) -> Result<(), Error>;
    /// Writes those of a batch whose debts have no boleto; gives the places of the others.
    async fn insert_batch(&self, tx: &mut Tx, batch: &Batch<'_>) -> Result<Vec<usize>, Error>;
    /// The boletos that debts have, as the transaction sees them.
    async fn kept_debts_in(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        ids: &[&str],
    ) -> Result<Vec<KeptDebt>, Error>;
    /// The same, read outside.
    async fn kept_debts(&self, company: CompanyId, ids: &[&str]) -> Result<Vec<KeptDebt>, Error>;
    async fn boleto(&self, company: CompanyId, id: BoletoId) -> Result<Option<Boleto>, Error>;
    /// A boleto that nobody else changes before the transaction ends.
    async fn boleto_to_change(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: BoletoId,
    ) -> Result<Option<Boleto>, Error>;
    /// Writes what may change of a boleto: status, due date, barcode, registration.
    async fn change_boleto(&self, tx: &mut Tx, boleto: &Boleto) -> Result<(), Error>;
    /// Those of a range that match, newest first.
    async fn boletos(
        &self,
        range: &IdRange,
        filter: &BoletoFilter,
        today: BusinessDate,
        limit: u16,
    ) -> Result<Vec<Boleto>, Error>;
    /// Those of these ids that the company has, in any order.
    async fn boletos_by_id(&self, company: CompanyId, ids: &[Uuid]) -> Result<Vec<Boleto>, Error>;
}
