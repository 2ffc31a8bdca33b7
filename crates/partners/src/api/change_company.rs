//! `PATCH /admin/v1/companies/{id}`

use comporta_http::{Json, Path, Problem, ProblemBody};
use comporta_kernel::CompanyId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Acting, CompanyOut, present};
use crate::{Address, CompanyChange, CompanyName, CompanyStatus, Document, Email, PlanName};

/// What is to be another: a field left out stays, null takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CompanyChange)]
pub(crate) struct ChangeIn {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 200)]
    name: Option<CompanyName>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 32)]
    document: Option<Option<Document>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, format = Email)]
    email: Option<Email>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    address: Option<Option<Address>>,
    /// The plan that limits and bills it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    plan: Option<Option<PlanName>>,
    /// `suspended` refuses all its keys, `active` takes them again.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<CompanyStatus>,
}

/// Change, suspend or activate a company.
#[utoipa::path(
    patch, path = "/admin/v1/companies/{id}", operation_id = "change_company", tag = "Companies",
    params(("id" = String, Path, description = "The company's id")),
    request_body = ChangeIn,
    responses(
        (status = 200, description = "The company as it is now", body = CompanyOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    Acting(partners): Acting,
    Path(id): Path<CompanyId>,
    Json(ChangeIn { name, document, email, address, plan, status }): Json<ChangeIn>,
) -> Result<axum::Json<CompanyOut>, Problem> {
    let change = CompanyChange { name, document, email, address, plan, status };
    Ok(axum::Json(partners.change_company(id, change).await?.into()))
}
