//! `PATCH /admin/v1/keys/{id}`

use comporta_http::{Json, Path, Problem, ProblemBody};
use comporta_kernel::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Acting, KeyOut, present};
use crate::{AllowedAddresses, KeyChange, KeyId, KeyName};

/// What is to be another: a field left out stays, null takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyChange)]
pub(crate) struct ChangeIn {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100)]
    name: Option<KeyName>,
    /// The first instant at which it no longer works.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<Timestamp>>,
    /// Networks and addresses that it may be used from; null or none for anywhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>, max_items = 64, example = json!(["203.0.113.0/24"]))]
    allowed_addresses: Option<Option<AllowedAddresses>>,
}

/// Change what a key is called, when it ends, or from where it may be used. Gateways go by it within a second.
#[utoipa::path(
    patch, path = "/admin/v1/keys/{id}", operation_id = "change_key", tag = "Keys",
    params(("id" = String, Path, description = "The key's id")),
    request_body = ChangeIn,
    responses(
        (status = 200, description = "The key as it is now", body = KeyOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    Acting(partners): Acting,
    Path(id): Path<KeyId>,
    Json(ChangeIn { name, expires_at, allowed_addresses }): Json<ChangeIn>,
) -> Result<axum::Json<KeyOut>, Problem> {
    let allowed_addresses = allowed_addresses.map(Option::unwrap_or_default);
    let key = partners.change_key(id, KeyChange { name, expires_at, allowed_addresses }).await?;
    Ok(axum::Json(KeyOut::at(partners.clock().now(), key)))
}
