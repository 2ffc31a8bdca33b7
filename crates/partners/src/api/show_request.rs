//! `GET /v1/requests/{id}` and `GET /admin/v1/requests/{id}`

use axum::Json;
use axum::extract::State;
use comporta_http::{AnyCaller, Path, Problem, ProblemBody};

use super::logged_requests::{AnyRequestDetailsOut, RequestDetailsOut};
use crate::{RequestLog, Whose};

/// Show a request of the caller's company.
///
/// By its id, of which the newest is shown, or by the id of its row. Bodies are shown to the key that sent the request
/// alone: another one may not hold the scopes that what stands in them asks for.
#[utoipa::path(
    get, path = "/v1/requests/{id}", operation_id = "show_request", tag = "Partner",
    params(("id" = String, Path, description = "The request's id, or its row's")),
    responses((status = 200, description = "The request with its details", body = RequestDetailsOut)),
    security(("api_key" = []))
)]
pub(crate) async fn handle(
    State(log): State<RequestLog>,
    AnyCaller(caller): AnyCaller,
    Path(id): Path<String>,
) -> Result<Json<RequestDetailsOut>, Problem> {
    let mut request = log.show(Whose::Company(caller.company_id), &id).await?;
    if request.key_id.as_deref() != Some(&*caller.actor) {
        request.details.request.body = None;
        request.details.response.body = None;
    }
    Ok(Json(request.into()))
}

/// Show a request, whosesoever it was.
#[utoipa::path(
    get, path = "/admin/v1/requests/{id}", operation_id = "show_any_request", tag = "Requests",
    params(("id" = String, Path, description = "The request's id, of which the newest is shown, or its row's")),
    responses(
        (status = 200, description = "The request with its details", body = AnyRequestDetailsOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle_any(
    State(log): State<RequestLog>,
    Path(id): Path<String>,
) -> Result<Json<AnyRequestDetailsOut>, Problem> {
    Ok(Json(log.show(Whose::Anybody, &id).await?.into()))
}
