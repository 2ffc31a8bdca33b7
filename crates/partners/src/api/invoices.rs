//! Invoices over HTTP: the routes, and how callers see them.

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use comporta_kernel::{BusinessDate, CompanyId, Money, Month, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{list_invoices, run_invoices, show_invoice};
use crate::{
    Bills, Invoice, InvoiceId, InvoiceLine, InvoiceStatus, InvoiceWithLines, Partners, Party, PlanName,
    PricePart, UnitPrice,
};

/// Bills, and the trail in which an operator's run of them is noted.
#[derive(Clone)]
struct Billing {
    bills: Bills,
    partners: Partners,
}

impl FromRef<Billing> for Bills {
    fn from_ref(billing: &Billing) -> Self {
        billing.bills.clone()
    }
}

impl FromRef<Billing> for Partners {
    fn from_ref(billing: &Billing) -> Self {
        billing.partners.clone()
    }
}

/// The operator's endpoints. Mount them behind a check of the caller, which puts the [`Actor`](crate::Actor) that it
/// finds into the request's extensions.
pub fn invoices_admin_router(bills: Bills, partners: Partners) -> Router {
    Router::new()
        .route("/admin/v1/invoices", get(list_invoices::all))
        .route("/admin/v1/invoices/run", post(run_invoices::handle))
        .route("/admin/v1/invoices/{id}", get(show_invoice::any))
        .route("/admin/v1/invoices/{id}/pdf", get(show_invoice::any_pdf))
        .with_state(Billing { bills, partners })
}

/// What a company's own programs call. The caller is in the request's extensions.
pub fn invoices_router(bills: Bills) -> Router {
    Router::new()
        .route("/v1/invoices", get(list_invoices::own))
        .route("/v1/invoices/{id}", get(show_invoice::own))
        .route("/v1/invoices/{id}/pdf", get(show_invoice::own_pdf))
        .with_state(bills)
}

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub(crate) struct InvoiceOut {
    #[schema(value_type = String, example = "inv_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: InvoiceId,
    #[schema(value_type = String, example = "cmp_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    company_id: CompanyId,
    /// The month that it is for.
    #[schema(value_type = String, example = "2026-10")]
    month: Month,
    /// `issued` while something is owed.
    status: InvoiceStatus,
    /// The plan held at the month's end; null if it holds nothing but corrections.
    #[schema(value_type = Option<String>, example = "gold")]
    plan: Option<PlanName>,
    /// ISO 4217.
    #[schema(example = "BRL")]
    currency: String,
    /// The sum of its lines; negative if more is taken back than owed.
    #[schema(value_type = String, example = "262.52")]
    total: Money,
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    #[schema(value_type = String, format = Date)]
    issue_date: BusinessDate,
    /// The day until which it is to be paid.
    #[schema(value_type = String, format = Date)]
    due_date: BusinessDate,
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Timestamp>,
}

/// An invoice with its parties as they were then, and its lines, which never change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceWithLines)]
pub(crate) struct InvoiceWithLinesOut {
    #[serde(flatten)]
    invoice: InvoiceOut,
    /// Who bills.
    issuer: Party,
    /// Who owes.
    customer: Party,
    lines: Vec<LineOut>,
}

/// What a line is for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InvoiceLineKind)]
enum LineKind {
    /// The month's base price.
    Base,
    /// The calls of a tier.
    Calls,
    /// What an earlier month is short of, or has too much.
    Correction,
}

/// A line, rounded once, half to even.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceLine)]
struct LineOut {
    kind: LineKind,
    /// The month whose base or calls it is for: in a correction an earlier one.
    #[schema(value_type = String, example = "2026-10")]
    month: Month,
    /// The tier's number, counted from one; null for the base.
    tier: Option<u16>,
    /// The tier's first call.
    from: Option<u64>,
    /// The tier's last call; null if it takes all the rest.
    to: Option<u64>,
    /// Negative in a correction that takes back.
    quantity: i64,
    /// What each call costs; null for the base.
    #[schema(value_type = Option<String>, example = "0.0125")]
    unit_price: Option<UnitPrice>,
    #[schema(value_type = String, example = "112.52")]
    amount: Money,
    /// The invoice that a correction is about, which keeps its lines.
    #[schema(value_type = Option<String>)]
    corrects: Option<InvoiceId>,
}

impl From<&Invoice> for InvoiceOut {
    fn from(invoice: &Invoice) -> Self {
        Self {
            id: invoice.id,
            company_id: invoice.company_id,
            month: invoice.month,
            status: invoice.status,
            plan: invoice.plan.clone(),
            currency: invoice.currency.to_string(),
            total: invoice.total,
            issued_at: invoice.issued_at,
            issue_date: invoice.issue_date,
            due_date: invoice.due_date,
            paid_at: invoice.paid_at,
        }
    }
}

impl From<InvoiceWithLines> for InvoiceWithLinesOut {
    fn from(InvoiceWithLines { invoice, lines }: InvoiceWithLines) -> Self {
        let out = InvoiceOut::from(&invoice);
        let Invoice { issuer, customer, .. } = invoice;
        Self { invoice: out, issuer, customer, lines: lines.into_iter().map(LineOut::from).collect() }
    }
}

impl From<InvoiceLine> for LineOut {
    fn from(InvoiceLine { month, part, quantity, unit, amount, corrects }: InvoiceLine) -> Self {
        let kind = match (corrects, part) {
            (Some(_), _) => LineKind::Correction,
            (None, PricePart::Base) => LineKind::Base,
            (None, PricePart::Tier { .. }) => LineKind::Calls,
        };
        let (tier, from, to) = match part {
            PricePart::Base => (None, None, None),
            PricePart::Tier { number, after, up_to } => (Some(number), Some(after + 1), up_to),
        };
        Self { kind, month, tier, from, to, quantity, unit_price: unit, amount, corrects }
    }
}
