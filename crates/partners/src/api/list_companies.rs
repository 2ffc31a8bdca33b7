//! `GET /admin/v1/companies`

use axum::Json;
use axum::extract::State;
use comporta_http::{Cursor, Page, Problem, ProblemBody, Query, page_limit};
use comporta_kernel::CompanyId;

use super::{CompanyOut, ListQuery};
use crate::Partners;

/// List the companies, oldest first.
#[utoipa::path(
    get, path = "/admin/v1/companies", operation_id = "list_companies", tag = "Companies",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of companies", body = Page<CompanyOut>),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(partners): State<Partners>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<CompanyOut>>, Problem> {
    let limit = page_limit(query.limit)?;
    let ((), after) = Cursor::<(), CompanyId>::resume((), query.cursor.as_deref())?;
    let companies = partners.companies(after, limit + 1).await?;
    let page = Page::cut(companies, limit, |last| Cursor { filter: (), after: last.id }.encode());
    Ok(Json(page.map(CompanyOut::from)))
}
