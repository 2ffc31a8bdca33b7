//! `POST /v1/boletos/{id}/resend`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Creation, Path, Problem, Remembered};
use serde::Deserialize;

use super::BoletosWrite;
use super::boleto_shape::BoletoOut;
use crate::model::{Boleto, BoletoId};
use crate::service::{Boletos, Outcome, PixCodes};

/// Nothing is to be said.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResendIn {}

/// Send a boleto's letter again
///
/// As another letter: the answer to one of unknown fate, or to a payer who has lost it.
#[utoipa::path(
    post, path = "/v1/boletos/{id}/resend", tag = "boletos", operation_id = "resendBoleto",
    params(
        ("id" = String, Path, description = "The boleto's id", pattern = "^bol_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat for two days", min_length = 1, max_length = 255, pattern = "^[!-~]+$"),
    ),
    responses(
        (status = 202, description = "Queued", body = BoletoOut<'static>),
        (status = 404, description = "No such boleto"),
        (status = 409, description = "It is not open, its payer has no address, or its letter is on its way"),
    ),
    security(("api_key" = ["boletos:write"])),
)]
pub(super) async fn resend_boleto(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosWrite>,
    Path(id): Path<BoletoId>,
    Creation { body: ResendIn {}, key }: Creation<ResendIn>,
) -> Result<Response, Problem> {
    let today = boletos.today();
    let answer = |boleto: &Boleto, codes: &PixCodes| {
        Remembered::new(StatusCode::ACCEPTED, &BoletoOut::new(boleto, codes, today))
    };
    Ok(match boletos.resend(caller.company(), id, key.as_ref(), answer).await? {
        Outcome::Repeated(answer) => answer.into_response(),
        Outcome::Done((boleto, codes)) => {
            (StatusCode::ACCEPTED, Json(BoletoOut::new(&boleto, &codes, today))).into_response()
        }
    })
}
