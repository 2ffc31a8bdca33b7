//! `POST /admin/v1/keys/{id}/revoke`

use axum::Json;
use comporta_http::{Path, Problem, ProblemBody};

use super::{Acting, KeyOut};
use crate::KeyId;

/// Take a key back for good; it is refused everywhere within a second.
#[utoipa::path(
    post, path = "/admin/v1/keys/{id}/revoke", operation_id = "revoke_key", tag = "Keys",
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 200, description = "The key as it is now", body = KeyOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(Acting(partners): Acting, Path(id): Path<KeyId>) -> Result<Json<KeyOut>, Problem> {
    let key = partners.revoke_key(id).await?;
    Ok(Json(KeyOut::at(partners.clock().now(), key)))
}
