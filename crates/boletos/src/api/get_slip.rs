//! `GET /v1/boletos/{id}/pdf`

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, IfNoneMatch, Path, Problem};
use sha2::{Digest as _, Sha256};

use super::BoletosRead;
use crate::model::BoletoId;
use crate::service::{Boletos, SlipFile};

/// A boleto's slip
///
/// As PDF: the payer's receipt and the compensation slip, with the Pix code if the boleto has one. The same bytes each time
/// as long as what it says is the same. Only of a boleto that is to be paid, overdue or not.
#[utoipa::path(
    get, path = "/v1/boletos/{id}/pdf", tag = "boletos", operation_id = "getBoletoSlip",
    params(
        ("id" = String, Path, description = "The boleto's id", pattern = "^bol_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("if-none-match" = Option<String>, Header, description = "The `etag` of what you have already, or `*`", pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#),
    ),
    responses(
        (status = 200, description = "The slip", body = String, content_type = "application/pdf",
            headers(("etag" = String, description = "The tag of its bytes"), ("content-disposition" = String, description = "What the file is called"))),
        (status = 304, description = "You have it already", headers(("etag" = String, description = "The tag of its bytes"))),
        (status = 404, description = "No such boleto"),
        (status = 409, description = "It is paid or cancelled, or its bank account is another one since"),
    ),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn get_slip(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Path(id): Path<BoletoId>,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let SlipFile { name, body } = boletos.slip(caller.company(), id).await?;
    let tag = tag_of(&body);
    if held.names(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")),
        (header::ETAG, tag),
    ];
    Ok((headers, body).into_response())
}

/// The strong tag of bytes: half of their SHA-256.
fn tag_of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let half = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("\"{}\"", half.collect::<String>())
}
