//! `POST /v1/boletos`

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Creation, Problem, Remembered};

use super::BoletosWrite;
use super::boleto_shape::{BoletoIn, BoletoOut};
use crate::model::Boleto;
use crate::service::{Boletos, Outcome, PixCodes};

/// Issue a boleto
#[utoipa::path(
    post, path = "/v1/boletos", tag = "boletos", operation_id = "issueBoleto",
    params(("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat for two days", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body = BoletoIn,
    responses(
        (status = 201, description = "Issued", body = BoletoOut<'static>),
        (status = 404, description = "No such bank account"),
        (status = 409, description = "The debt has a boleto already, or there is no bank account yet"),
    ),
    security(("api_key" = ["boletos:write"])),
)]
pub(super) async fn issue_boleto(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosWrite>,
    Creation { body, key }: Creation<BoletoIn>,
) -> Result<Response, Problem> {
    let today = boletos.today();
    let answer = |boleto: &Boleto, codes: &PixCodes| {
        Remembered::new(StatusCode::CREATED, &BoletoOut::new(boleto, codes, today))
    };
    Ok(match boletos.issue(caller.company(), body.check()?, key.as_ref(), answer).await? {
        Outcome::Repeated(answer) => answer.into_response(),
        Outcome::Done((boleto, codes)) => {
            let place = [(header::LOCATION, format!("/v1/boletos/{}", boleto.id))];
            (StatusCode::CREATED, place, Json(BoletoOut::new(&boleto, &codes, today))).into_response()
        }
    })
}
