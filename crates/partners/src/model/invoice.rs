//! An invoice: what a company owes for a month, as it was when it was issued.

mod account;

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{BusinessDate, CompanyId, Currency, Money, Month, Timestamp, define_id};
use serde::{Deserialize, Serialize};

use super::{Address, CompanyName, Document, Email, PlanName, PricePart, UnitPrice};

pub(crate) use account::{Account, Billed, Draft};

define_id!(
    /// An invoice.
    InvoiceId,
    "inv"
);

/// Whether an invoice is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvoiceStatus {
    /// Something is owed.
    Issued,
    /// Nothing is owed: it was paid, or there was nothing to pay.
    Paid,
}

/// One of an invoice's two sides, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Party {
    /// The company.
    #[schema(value_type = String, example = "cmp_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    pub company_id: CompanyId,
    /// Its name.
    #[schema(value_type = String, example = "Padaria Aurora")]
    pub name: CompanyName,
    /// Its registration, if known.
    #[schema(value_type = Option<String>, example = "12.345.678/0001-95")]
    pub document: Option<Document>,
    /// Where its invoices go, if anywhere.
    #[schema(value_type = Option<String>, example = "financeiro@aurora.example")]
    pub email: Option<Email>,
    /// Its postal address, if known.
    #[schema(value_type = Option<String>)]
    pub address: Option<Address>,
}

/// A line of an invoice. It never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    /// The month whose base or calls it is for.
    pub month: Month,
    /// What it is the price of.
    pub part: PricePart,
    /// Of how many; negative in a correction that takes back.
    pub quantity: i64,
    /// What each call costs; `None` for the base.
    pub unit: Option<UnitPrice>,
    /// What they cost together.
    pub amount: Money,
    /// The invoice that this corrects, which keeps its own lines.
    pub corrects: Option<InvoiceId>,
}

/// An invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// Who owes.
    pub company_id: CompanyId,
    /// The month that it is for.
    pub month: Month,
    /// Whether it is settled.
    pub status: InvoiceStatus,
    /// Of its amounts.
    pub currency: Currency,
    /// The plan held at the month's end; `None` if it holds nothing but corrections.
    pub plan: Option<PlanName>,
    /// Who bills.
    pub issuer: Party,
    /// Who owes, as known then.
    pub customer: Party,
    /// The sum of its lines.
    pub total: Money,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The day of that.
    pub issue_date: BusinessDate,
    /// The day until which it is to be paid.
    pub due_date: BusinessDate,
    /// When it was settled.
    pub paid_at: Option<Timestamp>,
}

/// An invoice with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceWithLines {
    /// Its head.
    pub invoice: Invoice,
    /// Its lines, in their order.
    pub lines: Vec<InvoiceLine>,
}

/// Which invoices are asked for; what is `None` is not asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceFilter {
    /// Who owes.
    pub company_id: Option<CompanyId>,
    /// The month they are for.
    pub month: Option<Month>,
    /// Whether they are settled.
    pub status: Option<InvoiceStatus>,
}

/// A word that names no status of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected issued or paid")]
pub struct InvoiceStatusError;

impl InvoiceStatus {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Paid => "paid",
        }
    }

    /// Of a new invoice: one of which nothing is owed waits for no payment.
    pub(crate) fn of_total(total: Money) -> Self {
        if total > Money::ZERO { Self::Issued } else { Self::Paid }
    }
}

impl fmt::Display for InvoiceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for InvoiceStatus {
    type Err = InvoiceStatusError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Issued, Self::Paid]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(InvoiceStatusError)
    }
}
