//! `POST /v1/boletos/{id}/due-date`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Json as JsonBody, Path, Problem};
use comporta_kernel::BusinessDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::BoletosWrite;
use super::boleto_shape::BoletoOut;
use crate::model::BoletoId;
use crate::service::Boletos;

/// When it is to be paid instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DueDateIn {
    #[schema(value_type = String, format = Date)]
    due_date: BusinessDate,
}

/// Give a boleto another due date
///
/// Its number stays; its barcode and digitable line change with the date.
#[utoipa::path(
    post, path = "/v1/boletos/{id}/due-date", tag = "boletos", operation_id = "changeDueDate",
    params(("id" = String, Path, description = "The boleto's id", pattern = "^bol_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    request_body = DueDateIn,
    responses(
        (status = 200, description = "Changed", body = BoletoOut<'static>),
        (status = 404, description = "No such boleto"),
        (status = 409, description = "It is paid or cancelled"),
    ),
    security(("api_key" = ["boletos:write"])),
)]
pub(super) async fn change_due_date(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosWrite>,
    Path(id): Path<BoletoId>,
    JsonBody(DueDateIn { due_date }): JsonBody<DueDateIn>,
) -> Result<Response, Problem> {
    let boleto = boletos.set_due_date(caller.company(), id, due_date).await?;
    let codes = boletos.pix_codes(caller.company(), std::slice::from_ref(&boleto)).await?;
    Ok(Json(BoletoOut::new(&boleto, &codes, boletos.today())).into_response())
}
