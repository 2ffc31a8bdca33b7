//! `POST /v1/entries`

use axum::extract::State;
use axum::response::Response;
use comporta_http::{Caller, Creation, Problem};

use super::LedgerWrite;
use super::entry_shape::{EntryIn, EntryOut, created};
use crate::service::Ledger;

/// Record an entry
///
/// A 201 means that it is durable. With an `Idempotency-Key` the request may be repeated for ever: it records once.
#[utoipa::path(
    post, path = "/v1/entries", tag = "entries", operation_id = "postEntry",
    params(("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body = EntryIn,
    responses((status = 201, description = "Recorded", body = EntryOut<'static>), (status = 404, description = "No such account"), (status = 409, description = "The month is closed")),
    security(("api_key" = ["ledger:write"])),
)]
pub(super) async fn post_entry(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerWrite>,
    Creation { body, key }: Creation<EntryIn>,
) -> Result<Response, Problem> {
    let new = body.check().map_err(Problem::invalid)?;
    let posted = ledger.post_entry(caller.company(), new, key).await?;
    let entry = posted.entries.first().ok_or_else(|| Problem::not_found("entry"))?;
    Ok(created(entry, posted.replayed))
}
