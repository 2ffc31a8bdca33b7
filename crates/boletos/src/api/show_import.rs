//! `GET /v1/boleto-imports/{id}`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Path, Problem};

use super::BoletosRead;
use super::import_shape::ImportOut;
use crate::model::ImportId;
use crate::service::Boletos;

/// How an import stands
#[utoipa::path(
    get, path = "/v1/boleto-imports/{id}", tag = "imports", operation_id = "getBoletoImport",
    params(("id" = String, Path, description = "The import's id", pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The import", body = ImportOut<'static>), (status = 404, description = "No such import")),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn show_import(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Path(id): Path<ImportId>,
) -> Result<Response, Problem> {
    let import = boletos.import(caller.company(), id).await?;
    Ok(Json(ImportOut::from(&import)).into_response())
}
