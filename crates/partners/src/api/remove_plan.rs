//! `DELETE /admin/v1/plans/{name}`

use axum::http::StatusCode;
use comporta_http::{Path, Problem, ProblemBody};

use super::Acting;
use crate::PlanName;

/// Remove a plan that no company has.
#[utoipa::path(
    delete, path = "/admin/v1/plans/{name}", operation_id = "remove_plan", tag = "Plans",
    params(("name" = String, Path, description = "The plan's name")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "There are companies on this plan", body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    Acting(partners): Acting,
    Path(name): Path<PlanName>,
) -> Result<StatusCode, Problem> {
    partners.remove_plan(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
