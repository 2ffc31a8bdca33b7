//! `GET /v1/boletos/{id}`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Path, Problem};

use super::BoletosRead;
use super::boleto_shape::BoletoOut;
use crate::model::BoletoId;
use crate::service::Boletos;

/// One boleto
#[utoipa::path(
    get, path = "/v1/boletos/{id}", tag = "boletos", operation_id = "getBoleto",
    params(("id" = String, Path, description = "The boleto's id", pattern = "^bol_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The boleto", body = BoletoOut<'static>), (status = 404, description = "No such boleto")),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn get_boleto(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Path(id): Path<BoletoId>,
) -> Result<Response, Problem> {
    let boleto = boletos.find(caller.company(), id).await?;
    let codes = boletos.pix_codes(caller.company(), std::slice::from_ref(&boleto)).await?;
    Ok(Json(BoletoOut::new(&boleto, &codes, boletos.today())).into_response())
}
