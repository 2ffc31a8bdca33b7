//! `GET /v1/usage`

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use comporta_http::{AnyCaller, Problem, Query};
use comporta_kernel::BusinessDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::usage::{Format, Question, UsageOut};
use crate::{Usage, UsageGroup};

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// The first business day; else the first of the present month.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<BusinessDate>,
    /// The last one; else the last of the present month. At most 366 days in all.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<BusinessDate>,
    /// What a row stands for; a day if left out.
    #[param(inline)]
    group_by: Option<Group>,
    /// Else as `accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// What a row may stand for to a company.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Group {
    Day,
    Route,
    Status,
}

/// Show the calls that the caller's company made.
#[utoipa::path(
    get, path = "/v1/usage", operation_id = "show_usage", tag = "Partner", security(("api_key" = [])),
    params(UsageQuery),
    responses((status = 200, description = "The calls, at most five seconds ago", content((UsageOut = "application/json"), (String = "text/csv"))))
)]
pub(crate) async fn handle(
    State(usage): State<Usage>,
    AnyCaller(caller): AnyCaller,
    Query(query): Query<UsageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let UsageQuery { from, to, group_by, format } = query;
    let group = match group_by {
        None | Some(Group::Day) => UsageGroup::Day,
        Some(Group::Route) => UsageGroup::Route,
        Some(Group::Status) => UsageGroup::Status,
    };
    let company = Some(caller.company_id);
    Question { company, from, to, group, format }.answer(&usage, &headers).await
}
