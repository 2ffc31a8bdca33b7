//! `GET /admin/v1/plans`

use axum::Json;
use axum::extract::State;
use comporta_http::{Cursor, Page, Problem, ProblemBody, Query, page_limit};

use super::{ListQuery, PlanOut};
use crate::{Partners, PlanName};

/// List the plans by name.
#[utoipa::path(
    get, path = "/admin/v1/plans", operation_id = "list_plans", tag = "Plans",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of plans", body = Page<PlanOut>),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(partners): State<Partners>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PlanOut>>, Problem> {
    let limit = page_limit(query.limit)?;
    let ((), after) = Cursor::<(), PlanName>::resume((), query.cursor.as_deref())?;
    let plans = partners.plans(after.as_ref(), limit + 1).await?;
    let page = Page::cut(plans, limit, |last| Cursor { filter: (), after: last.name.clone() }.encode());
    Ok(Json(page.map(PlanOut::from)))
}
