//! `GET /admin/v1/usage`

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use comporta_http::{Problem, ProblemBody, Query};
use comporta_kernel::{BusinessDate, CompanyId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::usage::{Format, Question, UsageOut};
use crate::{Usage, UsageGroup};

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AllUsageQuery {
    /// Whose; every company's if left out.
    #[param(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// The first business day; else the first of the present month.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<BusinessDate>,
    /// The last one; else the last of the present month. At most 366 days in all.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<BusinessDate>,
    /// What a row stands for; a day if left out.
    #[param(inline)]
    group_by: Option<UsageGroup>,
    /// Else as `accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// Show the calls that companies made.
#[utoipa::path(
    get, path = "/admin/v1/usage", operation_id = "show_all_usage", tag = "Usage",
    params(AllUsageQuery),
    responses(
        (status = 200, description = "The calls, at most five seconds ago", content((UsageOut = "application/json"), (String = "text/csv"))),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(usage): State<Usage>,
    Query(query): Query<AllUsageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let AllUsageQuery { company_id, from, to, group_by, format } = query;
    let group = group_by.unwrap_or_default();
    Question { company: company_id, from, to, group, format }.answer(&usage, &headers).await
}
