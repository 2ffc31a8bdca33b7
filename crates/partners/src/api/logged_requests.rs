//! Logged requests as callers see them.

use comporta_kernel::{CompanyId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Details, LoggedRequest, LoggedRequestId, StageTimings};

/// A request as it was answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedRequest)]
pub(crate) struct RequestOut {
    /// The id of its row: a caller may have sent one request id twice.
    #[schema(value_type = String, example = "log_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: LoggedRequestId,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What `x-request-id` said.
    #[schema(example = "req_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    request_id: String,
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    trace_id: String,
    /// The key that it was made with, or the subject of the token.
    key_id: Option<String>,
    #[schema(example = "POST")]
    method: String,
    #[schema(example = "/v1/entries")]
    path: String,
    /// Its query; what looks like a credential is hidden.
    query: Option<String>,
    /// The route that took it; null for none.
    #[schema(example = "entries")]
    route: Option<String>,
    /// What was answered; 499 if the caller left before.
    #[schema(example = 422)]
    status: u16,
    /// The kind of problem: the last part of its `type`.
    #[schema(example = "invalid")]
    problem: Option<String>,
    /// The answer did not reach its end.
    broken_off: bool,
    /// It is here by chance, and not for an error.
    sampled: bool,
    /// The target that answered, where one beyond this installation did.
    upstream: Option<String>,
    /// The caller's address.
    client: String,
    bytes_in: u64,
    bytes_out: u64,
    /// What took how long, in microseconds.
    microseconds: StageTimings,
}

/// A request with its details.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedRequestDetails)]
pub(crate) struct RequestDetailsOut {
    #[serde(flatten)]
    request: RequestOut,
    #[serde(flatten)]
    details: Details,
}

/// A request as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnyLoggedRequest)]
pub(crate) struct AnyRequestOut {
    /// Whose it was; null for a caller who was not known.
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[serde(flatten)]
    request: RequestOut,
}

/// A request with its details as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnyLoggedRequestDetails)]
pub(crate) struct AnyRequestDetailsOut {
    /// Whose it was; null for a caller who was not known.
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[serde(flatten)]
    request: RequestDetailsOut,
}

impl From<LoggedRequest> for RequestOut {
    fn from(request: LoggedRequest) -> Self {
        Self {
            id: request.id,
            at: request.at,
            request_id: request.request_id,
            trace_id: request.trace_id.to_string(),
            key_id: request.key_id,
            method: request.method,
            path: request.path,
            query: request.query,
            route: request.route,
            status: request.status,
            problem: request.problem,
            broken_off: request.broken_off,
            sampled: request.sampled,
            upstream: request.target,
            client: request.client,
            bytes_in: request.bytes_in,
            bytes_out: request.bytes_out,
            microseconds: request.timings,
        }
    }
}

impl From<LoggedRequest> for RequestDetailsOut {
    fn from(mut request: LoggedRequest) -> Self {
        let details = std::mem::take(&mut request.details);
        Self { details, request: request.into() }
    }
}

impl From<LoggedRequest> for AnyRequestOut {
    fn from(request: LoggedRequest) -> Self {
        Self { company_id: request.company_id, request: request.into() }
    }
}

impl From<LoggedRequest> for AnyRequestDetailsOut {
    fn from(request: LoggedRequest) -> Self {
        Self { company_id: request.company_id, request: request.into() }
    }
}
