//! `PUT /admin/v1/plans/{name}`

use comporta_http::{Json, Path, Problem, ProblemBody};

use super::{Acting, PlanOut};
use crate::{PlanName, PlanTerms};

/// Put a plan in place of the one of this name, if there is any. Gateways go by it within a second.
#[utoipa::path(
    put, path = "/admin/v1/plans/{name}", operation_id = "put_plan", tag = "Plans",
    params(("name" = String, Path, description = "The plan's name: a-z, 0-9, `-`, `_` and `.`")),
    request_body = PlanTerms,
    responses(
        (status = 200, description = "The plan as it is now", body = PlanOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    Acting(partners): Acting,
    Path(name): Path<String>,
    Json(terms): Json<PlanTerms>,
) -> Result<axum::Json<PlanOut>, Problem> {
    // Nothing has another kind of name, but something was to be given one.
    let name: PlanName = name.parse().map_err(|error| Problem::invalid_field("/name", error))?;
    terms.check().map_err(|error| Problem::invalid_field("/burst", error))?;
    Ok(axum::Json(partners.put_plan(&name, &terms).await?.into()))
}
