//! `GET /v1/requests` and `GET /admin/v1/requests`

use axum::Json;
use axum::extract::State;
use comporta_http::{AnyCaller, Cursor, FieldError, Page, Problem, ProblemBody, Query, page_limit};
use comporta_kernel::{CompanyId, Timestamp};
use serde::{Deserialize, Serialize};

use super::logged_requests::{AnyRequestOut, RequestOut};
use crate::{LoggedRequest, LoggedRequestId, RequestLog, Search, Whose};

/// Which requests, and which part of their list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRequests {
    /// Those that began at this instant or later.
    #[param(format = DateTime, example = "2026-03-10T12:00:00Z")]
    from: Option<String>,
    /// Those that began before this instant.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Those answered so: `404`, or a class such as `4xx`.
    #[param(pattern = "^[1-5]([0-9]{2}|xx)$", example = "4xx")]
    status: Option<String>,
    /// Those that this route took, by its name.
    #[param(example = "entries")]
    route: Option<String>,
    /// Those of this trace: 32 hexadecimal digits.
    #[param(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    trace_id: Option<String>,
    /// Those with this id: what `x-request-id` said.
    request_id: Option<String>,
    /// How many: 50 unless said.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, which carries its filters.
    cursor: Option<String>,
}

/// The same, and whose requests.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAnyRequests {
    /// Those of this company; `none` for callers who were not known.
    company_id: Option<String>,
    /// Those that began at this instant or later.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Those that began before this instant.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Those answered so: `404`, or a class such as `4xx`.
    #[param(pattern = "^[1-5]([0-9]{2}|xx)$")]
    status: Option<String>,
    /// Those that this route took, by its name.
    route: Option<String>,
    /// Those of this trace: 32 hexadecimal digits.
    trace_id: Option<String>,
    /// Those with this id: what `x-request-id` said.
    request_id: Option<String>,
    /// How many: 50 unless said.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, which carries its filters.
    cursor: Option<String>,
}

/// The filters, as they are written.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Filters {
    company_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    status: Option<String>,
    route: Option<String>,
    trace_id: Option<String>,
    request_id: Option<String>,
}

type Place = Cursor<Filters, (i64, LoggedRequestId)>;

/// List requests of the caller's company.
///
/// Every one that failed, and a sample of the others, the newest first; within seconds of their end, for some days.
#[utoipa::path(
    get, path = "/v1/requests", operation_id = "list_requests", tag = "Partner", params(ListRequests),
    responses((status = 200, description = "A page of requests", body = Page<RequestOut>)),
    security(("api_key" = []))
)]
pub(crate) async fn handle(
    State(log): State<RequestLog>,
    AnyCaller(caller): AnyCaller,
    Query(asked): Query<ListRequests>,
) -> Result<Json<Page<RequestOut>>, Problem> {
    let ListRequests { from, to, status, route, trace_id, request_id, limit, cursor } = asked;
    let given = Filters { company_id: None, from, to, status, route, trace_id, request_id };
    let own = |_: &Filters| Ok(Whose::Company(caller.company_id));
    let page = page(&log, given, limit, cursor.as_deref(), own).await?;
    Ok(Json(page.map(RequestOut::from)))
}

/// List requests of every company and of nobody, the newest first.
#[utoipa::path(
    get, path = "/admin/v1/requests", operation_id = "list_any_requests", tag = "Requests", params(ListAnyRequests),
    responses(
        (status = 200, description = "A page of requests", body = Page<AnyRequestOut>),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle_any(
    State(log): State<RequestLog>,
    Query(asked): Query<ListAnyRequests>,
) -> Result<Json<Page<AnyRequestOut>>, Problem> {
    let ListAnyRequests { company_id, from, to, status, route, trace_id, request_id, limit, cursor } = asked;
    let given = Filters { company_id, from, to, status, route, trace_id, request_id };
    let page = page(&log, given, limit, cursor.as_deref(), Filters::whose).await?;
    Ok(Json(page.map(AnyRequestOut::from)))
}

async fn page(
    log: &RequestLog,
    given: Filters,
    limit: Option<u32>,
    cursor: Option<&str>,
    whose: impl FnOnce(&Filters) -> Result<Whose, FieldError>,
) -> Result<Page<LoggedRequest>, Problem> {
    let limit = page_limit(limit)?;
    let (filters, after) = Place::resume(given, cursor)?;
    let search = filters.search(whose(&filters), after)?;
    let requests = log.search(&search, limit + 1).await?;
    Ok(Page::cut(requests, limit, |last| {
        Place { filter: filters, after: (last.at.as_microsecond(), last.id) }.encode()
    }))
}

impl Filters {
    fn whose(&self) -> Result<Whose, FieldError> {
        let wrong = || FieldError::new("?company_id", "expected a company's id, or none");
        match self.company_id.as_deref() {
            None => Ok(Whose::Anybody),
            Some("none") => Ok(Whose::Nobody),
            Some(id) => id.parse::<CompanyId>().map(Whose::Company).map_err(|_| wrong()),
        }
    }

    /// A cursor's text may be forged, so its filters are checked like any other.
    fn search(
        &self,
        whose: Result<Whose, FieldError>,
        after: Option<(i64, LoggedRequestId)>,
    ) -> Result<Search, Problem> {
        let mut faults = Vec::new();
        let whose = whose.map_err(|fault| faults.push(fault)).unwrap_or(Whose::Nobody);
        let after = after.and_then(|(at, id)| Some((Timestamp::from_microsecond(at).ok()?, id)));
        let search = Search {
            whose,
            from: read("?from", self.from.as_deref(), instant, &mut faults),
            to: read("?to", self.to.as_deref(), instant, &mut faults),
            status: read("?status", self.status.as_deref(), |text| text.parse().map_err(told), &mut faults),
            route: read("?route", self.route.as_deref(), plain, &mut faults),
            trace_id: read(
                "?trace_id",
                self.trace_id.as_deref(),
                |text| text.parse().map_err(told),
                &mut faults,
            ),
            request_id: read("?request_id", self.request_id.as_deref(), plain, &mut faults),
            after,
        };
        if faults.is_empty() { Ok(search) } else { Err(Problem::invalid(faults)) }
    }
}

fn read<T>(
    name: &'static str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, String>,
    faults: &mut Vec<FieldError>,
) -> Option<T> {
    let parsed = text.map(parse).transpose();
    parsed.map_err(|fault| faults.push(FieldError::new(name, fault))).ok().flatten()
}

fn told(fault: impl std::fmt::Display) -> String {
    fault.to_string()
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "expected an instant such as 2026-03-10T12:00:00Z".to_owned())
}

/// Text as it may stand in the log.
fn plain(text: &str) -> Result<String, String> {
    match text.len() <= 1024 && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err("expected at most 1024 visible characters".to_owned()),
    }
}
