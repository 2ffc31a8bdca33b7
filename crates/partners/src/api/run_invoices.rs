//! `POST /admin/v1/invoices/run`

use axum::extract::State;
use comporta_http::{Json, Problem, ProblemBody};
use comporta_kernel::{CompanyId, Month};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Acting;
use crate::{Act, BillRun, Bills};

/// What is to be billed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvoiceRunRequest)]
pub(crate) struct RunIn {
    /// A month that has ended, YYYY-MM.
    #[schema(value_type = String, example = "2026-10")]
    month: Month,
    /// Only this company.
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
}

/// What a run has come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceRun)]
pub(crate) struct RunOut {
    #[schema(value_type = String, example = "2026-10")]
    month: Month,
    /// Invoices issued by this run.
    issued: u64,
    /// Invoices of the month that there are now.
    invoices: u64,
    /// Companies whose bill could not be made; the log says why.
    failed: u64,
}

/// Issue a month's invoices. Those that are issued already stay as they are: it may be run as often as one likes.
#[utoipa::path(
    post, path = "/admin/v1/invoices/run", operation_id = "run_invoices", tag = "Invoices",
    request_body = RunIn,
    responses(
        (status = 200, description = "The month is billed", body = RunOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(bills): State<Bills>,
    Acting(partners): Acting,
    Json(RunIn { month, company_id }): Json<RunIn>,
) -> Result<axum::Json<RunOut>, Problem> {
    let BillRun { month, issued, invoices, failed } = bills.run(month, company_id).await?;
    let act = Act::new("invoices.run", month).with(json!({"issued": issued, "failed": failed}));
    partners.audit(Act { company_id, ..act }).await?;
    Ok(axum::Json(RunOut { month, issued, invoices, failed }))
}
