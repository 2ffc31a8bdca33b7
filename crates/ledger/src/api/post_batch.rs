//! `POST /v1/entries/batch`

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use comporta_http::{Caller, Creation, FieldError, Problem, Remembered, describe_json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::LedgerWrite;
use super::entry_shape::{EntryIn, EntryOut};
use crate::error::Error;
use crate::model::NewEntry;
use crate::service::{Ledger, Posted, Refused};

/// How long a batch waits for others to be done before it is sent away.
const PATIENCE: Duration = Duration::from_secs(10);
/// Entries of a batch at most.
const LARGEST: usize = 10_000;

/// The entries to record, all or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchIn {
    /// 1 to 10,000 entries.
    #[schema(value_type = Vec<EntryIn>, min_items = 1, max_items = 10_000)]
    entries: Vec<Box<RawValue>>,
}

/// The recorded entries, in the order they were sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchOut<'a> {
    data: Vec<EntryOut<'a>>,
}

/// Record many entries, all or none
///
/// Up to 10,000 entries and 16 MiB. A 422 names every entry that is at fault, and nothing is recorded.
#[utoipa::path(
    post, path = "/v1/entries/batch", tag = "entries", operation_id = "postEntryBatch",
    params(("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body = BatchIn,
    responses((status = 201, description = "All recorded", body = BatchOut<'static>), (status = 409, description = "A month is closed; nothing is recorded")),
    security(("api_key" = ["ledger:write"])),
)]
pub(super) async fn post_batch(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerWrite>,
    Creation { body, key }: Creation<BatchIn>,
) -> Result<Response, Problem> {
    let entries = check(&body).map_err(Problem::invalid)?;
    match ledger.post_entries(caller.company(), entries, key).await? {
        Ok(posted) => Ok(created(&posted)),
        Err(refused) => Err(Problem::invalid(refused.into_iter().flat_map(describe).collect())),
    }
}

/// Lets a batch in only while few are: its body is then read, and may be 16 MiB.
pub(super) async fn one_of_few(
    State(room): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let waited = tokio::time::timeout(PATIENCE, room.acquire()).await;
    let Ok(Ok(_place)) = waited else {
        return Err(Problem::unavailable("too many batches are being recorded"));
    };
    Ok(next.run(request).await)
}

fn created(posted: &Posted) -> Response {
    let body = BatchOut { data: posted.entries.iter().map(EntryOut::from).collect() };
    let response = (StatusCode::CREATED, axum::Json(body)).into_response();
    if posted.replayed { Remembered::replayed(response) } else { response }
}

/// Each entry is read on its own, so that every one at fault is named, not only the first.
fn check(batch: &BatchIn) -> Result<Vec<NewEntry>, Vec<FieldError>> {
    if !(1..=LARGEST).contains(&batch.entries.len()) {
        return Err(vec![FieldError::new("/entries", format!("expected 1 to {LARGEST} entries"))]);
    }
    let mut errors = Vec::new();
    let mut entries = Vec::with_capacity(batch.entries.len());
    for (place, raw) in batch.entries.iter().enumerate() {
        match check_one(place, raw) {
            Ok(entry) => entries.push(entry),
            Err(faults) => errors.extend(faults),
        }
    }
    if errors.is_empty() { Ok(entries) } else { Err(errors) }
}

fn check_one(place: usize, raw: &RawValue) -> Result<NewEntry, Vec<FieldError>> {
    if !raw.get().starts_with('{') {
        return Err(vec![FieldError::new(format!("/entries/{place}"), "expected a JSON object")]);
    }
    let mut input = serde_json::Deserializer::from_str(raw.get());
    let entry: EntryIn = serde_path_to_error::deserialize(&mut input)
        .map_err(|error| vec![describe_json(&format!("/entries/{place}"), &error)])?;
    entry.check().map_err(|faults| faults.into_iter().map(|fault| at_place(place, fault)).collect())
}

fn describe(Refused { place, error }: Refused) -> Vec<FieldError> {
    match error {
        Error::Invalid(faults) => faults.into_iter().map(|fault| at_place(place, fault)).collect(),
        other => vec![FieldError::new(format!("/entries/{place}/account_id"), other)],
    }
}

fn at_place(place: usize, fault: FieldError) -> FieldError {
    FieldError { pointer: format!("/entries/{place}{}", fault.pointer), ..fault }
}
