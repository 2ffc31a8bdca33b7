//! `GET /admin/v1/keys/{id}`

use axum::Json;
use axum::extract::State;
use comporta_http::{Path, Problem, ProblemBody};

use super::KeyOut;
use crate::{KeyId, Partners};

/// Show a key, without its text.
#[utoipa::path(
    get, path = "/admin/v1/keys/{id}", operation_id = "show_key", tag = "Keys",
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 200, description = "The key", body = KeyOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(partners): State<Partners>,
    Path(id): Path<KeyId>,
) -> Result<Json<KeyOut>, Problem> {
    let key = partners.key(id).await?;
    Ok(Json(KeyOut::at(partners.clock().now(), key)))
}
