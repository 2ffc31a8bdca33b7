//! `GET /v1/boleto-imports/{id}/events`

use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Path, Problem};
use comporta_kernel::CompanyId;
use futures_util::stream;

use super::BoletosRead;
use super::import_shape::ImportOut;
use crate::error::Error;
use crate::model::{Import, ImportId, ImportStatus};
use crate::service::Boletos;

const PAUSE: Duration = Duration::from_millis(500);

/// Follow an import
///
/// Server-sent events: the import as it stands, twice a second while it runs, then once more and no further.
#[utoipa::path(
    get, path = "/v1/boleto-imports/{id}/events", tag = "imports", operation_id = "followBoletoImport",
    params(("id" = String, Path, description = "The import's id", pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "Events", body = ImportOut<'static>, content_type = "text/event-stream"), (status = 404, description = "No such import")),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn import_events(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Path(id): Path<ImportId>,
) -> Result<Response, Problem> {
    let company = caller.company();
    let first = boletos.import(company, id).await?;
    let events = stream::try_unfold(Some(Next::Now(Box::new(first))), move |next| {
        follow(boletos.clone(), company, id, next)
    });
    Ok(Sse::new(events).into_response())
}

/// What is told next.
enum Next {
    Now(Box<Import>),
    AfterAPause,
}

/// One event; none behind the one that tells of the end.
async fn follow(
    boletos: Boletos,
    company: CompanyId,
    id: ImportId,
    next: Option<Next>,
) -> Result<Option<(Event, Option<Next>)>, Error> {
    let import = match next {
        None => return Ok(None),
        Some(Next::Now(import)) => *import,
        Some(Next::AfterAPause) => {
            tokio::time::sleep(PAUSE).await;
            boletos.import(company, id).await?
        }
    };
    let text = serde_json::to_string(&ImportOut::from(&import)).unwrap_or_default();
    let runs = import.status == ImportStatus::Running;
    Ok(Some((Event::default().data(text), runs.then_some(Next::AfterAPause))))
}
