//! `GET /v1/entries/{id}`

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Path, Problem};

use super::LedgerRead;
use super::entry_shape::EntryOut;
use crate::model::EntryId;
use crate::service::Ledger;

/// One entry
#[utoipa::path(
    get, path = "/v1/entries/{id}", tag = "entries", operation_id = "getEntry",
    params(("id" = String, Path, description = "The entry's id", pattern = "^ent_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The entry", body = EntryOut<'static>), (status = 404, description = "No such entry")),
    security(("api_key" = ["ledger:read"])),
)]
pub(super) async fn get_entry(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerRead>,
    Path(id): Path<EntryId>,
) -> Result<Response, Problem> {
    let entry = ledger.entry(caller.company(), id).await?;
    Ok(axum::Json(EntryOut::from(&entry)).into_response())
}
