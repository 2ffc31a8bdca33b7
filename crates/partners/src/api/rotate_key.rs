//! `POST /admin/v1/keys/{id}/rotate`

use axum::response::IntoResponse;
use comporta_http::{Creation, Path, Problem, ProblemBody};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Acting, NO_STORE, RotatedKeyOut};
use crate::{KeyId, Overlap};

/// How to rotate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rotation)]
pub(crate) struct RotationIn {
    /// How long the old key goes on working: a number and one of s, m, h, d; 90 days at most.
    #[schema(value_type = String, pattern = "^[0-9]{1,8}[smhd]$", example = "24h", default = "24h")]
    #[serde(default)]
    overlap: Overlap,
}

/// Put a new key in a key's place.
#[utoipa::path(
    post, path = "/admin/v1/keys/{id}/rotate", operation_id = "rotate_key", tag = "Keys",
    params(("id" = String, Path, description = "The key's id")),
    request_body = RotationIn,
    responses(
        (status = 200, description = "The new key, with its text this once", body = RotatedKeyOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    Acting(partners): Acting,
    Path(id): Path<KeyId>,
    Creation { body: RotationIn { overlap }, .. }: Creation<RotationIn>,
) -> Result<impl IntoResponse, Problem> {
    let rotated = partners.rotate_key(id, overlap).await?;
    Ok(([NO_STORE], axum::Json(RotatedKeyOut::at(partners.clock().now(), rotated))))
}
