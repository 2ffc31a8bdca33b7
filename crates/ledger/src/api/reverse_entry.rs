//! `POST /v1/entries/{id}/reversal`

use axum::extract::State;
use axum::response::Response;
use comporta_http::{Caller, Creation, Path, Problem};
use comporta_kernel::BusinessDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::LedgerWrite;
use super::entry_shape::{EntryOut, created};
use crate::model::{Description, EntryId};
use crate::service::Ledger;

/// How to take an entry back; all may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReversalIn {
    /// Else the entry's own description.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "Estorno: lançado em dobro")]
    description: Option<Description>,
    /// Else the entry's own day if its month is open, else today.
    #[schema(value_type = Option<String>, format = Date, example = "2026-03-03")]
    business_date: Option<BusinessDate>,
}

/// Take an entry back
///
/// Records the opposite entry. Both stay listed. A second reversal is refused.
#[utoipa::path(
    post, path = "/v1/entries/{id}/reversal", tag = "entries", operation_id = "reverseEntry",
    params(("id" = String, Path, description = "The entry's id", pattern = "^ent_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body = ReversalIn,
    responses((status = 201, description = "The opposite entry", body = EntryOut<'static>), (status = 404, description = "No such entry"), (status = 409, description = "Reversed before, or the month is closed")),
    security(("api_key" = ["ledger:write"])),
)]
pub(super) async fn reverse_entry(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerWrite>,
    Path(id): Path<EntryId>,
    Creation { body, key }: Creation<ReversalIn>,
) -> Result<Response, Problem> {
    let posted =
        ledger.reverse_entry(caller.company(), id, body.description, body.business_date, key).await?;
    let entry = posted.entries.first().ok_or_else(|| Problem::not_found("entry"))?;
    Ok(created(entry, posted.replayed))
}
