//! `GET /v1/invoices` and `GET /admin/v1/invoices`

use axum::Json;
use axum::extract::State;
use comporta_http::{AnyCaller, Cursor, Page, Problem, ProblemBody, Query, page_limit};
use comporta_kernel::{CompanyId, Month};
use serde::Deserialize;

use super::invoices::InvoiceOut;
use crate::{Bills, InvoiceFilter, InvoiceId, InvoiceStatus};

/// Which of its own invoices a company asks for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnQuery {
    /// The month they are for, YYYY-MM.
    #[param(value_type = Option<String>, example = "2026-10")]
    month: Option<Month>,
    /// Whether they are settled.
    #[param(inline)]
    status: Option<InvoiceStatus>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which invoices an operator asks for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdminQuery {
    /// Who owes.
    #[param(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// The month they are for, YYYY-MM.
    #[param(value_type = Option<String>, example = "2026-10")]
    month: Option<Month>,
    /// Whether they are settled.
    #[param(inline)]
    status: Option<InvoiceStatus>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the company's invoices, the newest first, without their lines.
#[utoipa::path(
    get, path = "/v1/invoices", operation_id = "list_invoices", tag = "Partner",
    params(OwnQuery), security(("api_key" = [])),
    responses((status = 200, description = "A page of invoices", body = Page<InvoiceOut>))
)]
pub(crate) async fn own(
    State(bills): State<Bills>,
    AnyCaller(caller): AnyCaller,
    Query(OwnQuery { month, status, limit, cursor }): Query<OwnQuery>,
) -> Result<Json<Page<InvoiceOut>>, Problem> {
    let given = InvoiceFilter { company_id: None, month, status };
    list(&bills, given, Some(caller.company_id), limit, cursor).await
}

/// List invoices, the newest first, without their lines.
#[utoipa::path(
    get, path = "/admin/v1/invoices", operation_id = "list_all_invoices", tag = "Invoices",
    params(AdminQuery),
    responses(
        (status = 200, description = "A page of invoices", body = Page<InvoiceOut>),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn all(
    State(bills): State<Bills>,
    Query(AdminQuery { company_id, month, status, limit, cursor }): Query<AdminQuery>,
) -> Result<Json<Page<InvoiceOut>>, Problem> {
    list(&bills, InvoiceFilter { company_id, month, status }, None, limit, cursor).await
}

/// A cursor never says whose invoices are listed to a partner: the caller does.
async fn list(
    bills: &Bills,
    given: InvoiceFilter,
    own: Option<CompanyId>,
    limit: Option<u32>,
    cursor: Option<String>,
) -> Result<Json<Page<InvoiceOut>>, Problem> {
    let limit = page_limit(limit)?;
    let (filter, after) = Cursor::<InvoiceFilter, InvoiceId>::resume(given, cursor.as_deref())?;
    let asked = InvoiceFilter { company_id: own.or(filter.company_id), ..filter };
    let invoices = bills.invoices(&asked, after, limit + 1).await?;
    let page = Page::cut(invoices, limit, |last| Cursor { filter, after: last.id }.encode());
    Ok(Json(page.map(|invoice| InvoiceOut::from(&invoice))))
}
