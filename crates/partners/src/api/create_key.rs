//! `POST /admin/v1/companies/{id}/keys`

use axum::http::StatusCode;
use axum::response::IntoResponse;
use comporta_http::{Json, Path, Problem, ProblemBody};
use comporta_kernel::{CompanyId, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Acting, IssuedKeyOut, NO_STORE};
use crate::{AllowedAddresses, KeyMode, KeyName, NewKey, Scopes};

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
pub(crate) struct KeyIn {
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "till")]
    name: KeyName,
    #[schema(value_type = Vec<String>, min_items = 1, example = json!(["ledger:read", "ledger:write"]))]
    scopes: Scopes,
    /// `live` unless said otherwise.
    #[serde(default)]
    mode: KeyMode,
    /// The first instant at which it no longer works.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Networks and addresses that it may be used from; none for anywhere.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 64, example = json!(["203.0.113.0/24", "2001:db8::7"]))]
    allowed_addresses: AllowedAddresses,
}

/// Make a key for a company.
#[utoipa::path(
    post, path = "/admin/v1/companies/{id}/keys", operation_id = "create_key", tag = "Keys",
    params(("id" = String, Path, description = "The company's id")),
    request_body = KeyIn,
    responses(
        (status = 201, description = "The key, with its text this once", body = IssuedKeyOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    Acting(partners): Acting,
    Path(company): Path<CompanyId>,
    Json(KeyIn { name, scopes, mode, expires_at, allowed_addresses }): Json<KeyIn>,
) -> Result<impl IntoResponse, Problem> {
    let issued =
        partners.create_key(company, NewKey { name, scopes, mode, expires_at, allowed_addresses }).await?;
    let body = IssuedKeyOut::at(partners.clock().now(), issued);
    Ok((StatusCode::CREATED, [NO_STORE], axum::Json(body)))
}
