//! `POST /admin/v1/companies`

use axum::http::StatusCode;
use comporta_http::{Json, Problem, ProblemBody};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Acting, CompanyOut};
use crate::{Address, CompanyName, Document, Email, NewCompany, PlanName};

/// A company to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCompany)]
pub(crate) struct CompanyIn {
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Padaria Aurora")]
    name: CompanyName,
    /// Its registration, such as a CNPJ.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 32, example = "12.345.678/0001-95")]
    document: Option<Document>,
    /// Where its invoices go.
    #[schema(value_type = String, format = Email, example = "financeiro@aurora.example")]
    email: Email,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    address: Option<Address>,
    /// The plan that limits and bills it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "basic")]
    plan: Option<PlanName>,
}

/// Make a company.
#[utoipa::path(
    post, path = "/admin/v1/companies", operation_id = "create_company", tag = "Companies",
    request_body = CompanyIn,
    responses(
        (status = 201, description = "The company, with an account named `main`", body = CompanyOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    Acting(partners): Acting,
    Json(CompanyIn { name, document, email, address, plan }): Json<CompanyIn>,
) -> Result<(StatusCode, axum::Json<CompanyOut>), Problem> {
    let new = NewCompany { name, document, email: Some(email), address, plan };
    let company = partners.create_company(new).await?;
    Ok((StatusCode::CREATED, axum::Json(company.into())))
}
