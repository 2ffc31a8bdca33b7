//! `GET /admin/v1/companies/{id}/keys`

use axum::Json;
use axum::extract::State;
use comporta_http::{Cursor, Page, Path, Problem, ProblemBody, Query, page_limit};
use comporta_kernel::CompanyId;

use super::{KeyOut, ListQuery};
use crate::{KeyId, Partners};

/// List a company's keys, oldest first.
#[utoipa::path(
    get, path = "/admin/v1/companies/{id}/keys", operation_id = "list_keys", tag = "Keys",
    params(("id" = String, Path, description = "The company's id"), ListQuery),
    responses(
        (status = 200, description = "A page of keys", body = Page<KeyOut>),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(partners): State<Partners>,
    Path(company): Path<CompanyId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<KeyOut>>, Problem> {
    let limit = page_limit(query.limit)?;
    let ((), after) = Cursor::<(), KeyId>::resume((), query.cursor.as_deref())?;
    let keys = partners.keys(company, after, limit + 1).await?;
    let page = Page::cut(keys, limit, |last| Cursor { filter: (), after: last.id }.encode());
    let now = partners.clock().now();
    Ok(Json(page.map(|key| KeyOut::at(now, key))))
}
