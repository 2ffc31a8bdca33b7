//! `GET /admin/v1/companies/{id}`

use axum::Json;
use axum::extract::State;
use comporta_http::{Path, Problem, ProblemBody};
use comporta_kernel::CompanyId;

use super::CompanyOut;
use crate::Partners;

/// Show a company.
#[utoipa::path(
    get, path = "/admin/v1/companies/{id}", operation_id = "show_company", tag = "Companies",
    params(("id" = String, Path, description = "The company's id")),
    responses(
        (status = 200, description = "The company", body = CompanyOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(partners): State<Partners>,
    Path(id): Path<CompanyId>,
) -> Result<Json<CompanyOut>, Problem> {
    Ok(Json(partners.company(id).await?.into()))
}
