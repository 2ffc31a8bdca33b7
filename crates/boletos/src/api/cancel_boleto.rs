//! `POST /v1/boletos/{id}/cancel`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Path, Problem};

use super::BoletosWrite;
use super::boleto_shape::BoletoOut;
use crate::model::BoletoId;
use crate::service::{Boletos, PixCodes};

/// Cancel a boleto
///
/// One that was cancelled before stays so: the request may be repeated.
#[utoipa::path(
    post, path = "/v1/boletos/{id}/cancel", tag = "boletos", operation_id = "cancelBoleto",
    params(("id" = String, Path, description = "The boleto's id", pattern = "^bol_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "Cancelled", body = BoletoOut<'static>),
        (status = 404, description = "No such boleto"),
        (status = 409, description = "It is paid"),
    ),
    security(("api_key" = ["boletos:write"])),
)]
pub(super) async fn cancel_boleto(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosWrite>,
    Path(id): Path<BoletoId>,
) -> Result<Response, Problem> {
    let boleto = boletos.cancel(caller.company(), id).await?;
    // What is cancelled has no Pix code.
    Ok(Json(BoletoOut::new(&boleto, &PixCodes::default(), boletos.today())).into_response())
}
