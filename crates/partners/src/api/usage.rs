//! What is asked of usage and how it is told, to companies and to operators alike.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use comporta_http::Problem;
use comporta_kernel::{BusinessDate, CompanyId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::service::MOST_ROWS;
use crate::{Usage, UsageGroup, UsageKey, UsageRange, UsageRow};

/// How usage is written.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For programs.
    Json,
    /// For spreadsheets: a download, comma-separated, UTF-8.
    Csv,
}

/// The calls of a range of days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageOut {
    data: Vec<UsageRowOut>,
}

/// Calls that have one thing in common: what `group_by` says.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = UsageRow)]
pub(crate) struct UsageRowOut {
    /// Their business day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    day: Option<BusinessDate>,
    /// The name of the route they took.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "entries")]
    route: Option<String>,
    /// How they were answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2xx")]
    status: Option<String>,
    /// Whose they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// How many.
    requests: i64,
    /// Bytes of their bodies.
    bytes_in: i64,
    /// Bytes of the answers' bodies.
    bytes_out: i64,
}

/// A question, read.
pub(crate) struct Question {
    pub(crate) company: Option<CompanyId>,
    pub(crate) from: Option<BusinessDate>,
    pub(crate) to: Option<BusinessDate>,
    pub(crate) group: UsageGroup,
    pub(crate) format: Option<Format>,
}

impl Question {
    /// The answer, as `format` or else `accept` wants it.
    pub(crate) async fn answer(self, usage: &Usage, headers: &HeaderMap) -> Result<Response, Problem> {
        let range = self.range(usage.today())?;
        let rows = usage.usage(self.company, range, self.group).await?;
        if rows.len() > MOST_ROWS as usize {
            let message = format!("more than {MOST_ROWS} rows: ask by company_id");
            return Err(Problem::invalid_field("?group_by", message));
        }
        let format = self.format.unwrap_or_else(|| wanted(headers));
        let data: Vec<UsageRowOut> = rows.into_iter().map(UsageRowOut::from).collect();
        match format {
            Format::Json => Ok(Json(UsageOut { data }).into_response()),
            Format::Csv => Ok(download(range, self.group, &data)),
        }
    }

    /// The range asked for; of the present month what is not said.
    fn range(&self, today: BusinessDate) -> Result<UsageRange, Problem> {
        let month = UsageRange::month_of(today);
        let range = match (self.from, self.to) {
            (None, None) => Ok(month),
            (Some(from), to) => UsageRange::new(from, to.unwrap_or(month.to.max(from))),
            (None, Some(to)) => UsageRange::new(month.from.min(to.month().first_day()), to),
        };
        range.map_err(|error| Problem::invalid_field("?to", error))
    }
}

/// Spreadsheets say what they take.
fn wanted(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    match accept.split([',', ';']).next().is_some_and(|first| first.trim().eq_ignore_ascii_case("text/csv")) {
        true => Format::Csv,
        false => Format::Json,
    }
}

impl From<UsageRow> for UsageRowOut {
    fn from(row: UsageRow) -> Self {
        let crate::Amount { requests, bytes_in, bytes_out } = row.amount;
        let sums = Self { requests, bytes_in, bytes_out, ..Self::default() };
        match row.of {
            UsageKey::Day(day) => Self { day: Some(day), ..sums },
            UsageKey::Route(route) => Self { route: Some(route), ..sums },
            UsageKey::Status(digit) => Self { status: Some(format!("{digit}xx")), ..sums },
            UsageKey::Company(company) => Self { company_id: Some(company), ..sums },
        }
    }
}

fn download(range: UsageRange, group: UsageGroup, rows: &[UsageRowOut]) -> Response {
    let mut response = csv_of(group, rows).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"usage-{}-{}.csv\"", range.from, range.to);
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// One header line and a line per row.
fn csv_of(group: UsageGroup, rows: &[UsageRowOut]) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let of = match group {
        UsageGroup::Day => "day",
        UsageGroup::Route => "route",
        UsageGroup::Status => "status",
        UsageGroup::Company => "company_id",
    };
    // Writing to memory cannot fail; a line that is not there would be seen by the tests.
    let _ = out.write_record([of, "requests", "bytes_in", "bytes_out"]);
    for row in rows {
        let key = [
            row.day.map(|day| day.to_string()),
            row.route.as_deref().map(plain),
            row.status.clone(),
            row.company_id.map(|company| company.to_string()),
        ];
        let key = key.into_iter().flatten().next().unwrap_or_default();
        let _ = out.write_record([
            key,
            row.requests.to_string(),
            row.bytes_in.to_string(),
            row.bytes_out.to_string(),
        ]);
    }
    out.into_inner().unwrap_or_default()
}

/// A text that a spreadsheet would run as a formula gets an apostrophe, which makes it text there.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() }
}
