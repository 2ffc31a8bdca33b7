//! `GET /admin/v1/plans/{name}`

use axum::Json;
use axum::extract::State;
use comporta_http::{Path, Problem, ProblemBody};

use super::PlanOut;
use crate::{Partners, PlanName};

/// Show a plan.
#[utoipa::path(
    get, path = "/admin/v1/plans/{name}", operation_id = "show_plan", tag = "Plans",
    params(("name" = String, Path, description = "The plan's name")),
    responses(
        (status = 200, description = "The plan", body = PlanOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(partners): State<Partners>,
    Path(name): Path<PlanName>,
) -> Result<Json<PlanOut>, Problem> {
    Ok(Json(partners.plan(&name).await?.into()))
}
