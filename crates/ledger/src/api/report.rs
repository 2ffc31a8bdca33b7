//! `GET /v1/reports/cash-flow`

mod csv;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Problem, Query};
use comporta_kernel::{BusinessDate, Currency, Total};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::LedgerRead;
use crate::model::{AccountId, GroupBy, Movement, ReportRow};
use crate::service::{Ledger, Report};

/// Which report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportQuery {
    /// The first day; else thirty days before `to`.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<BusinessDate>,
    /// The last day; else today. At most 3,660 days in all.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<BusinessDate>,
    /// The account; else the company's `main`.
    #[param(value_type = Option<String>, pattern = "^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    account_id: Option<AccountId>,
    /// What a row stands for; a day if left out.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// JSON if left out.
    #[param(inline)]
    format: Option<Format>,
}

/// How the report is written.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// For programs.
    Json,
    /// For spreadsheets: a download, comma-separated, UTF-8.
    Csv,
}

/// The cash flow of a range: opening + credits - debits = closing, of the whole and of every row by time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CashFlow)]
pub(super) struct CashFlowOut {
    #[schema(value_type = String)]
    account_id: AccountId,
    #[schema(value_type = String, example = "BRL")]
    currency: Currency,
    #[schema(inline)]
    group_by: GroupBy,
    #[serde(flatten)]
    whole: TimeRow,
    rows: Vec<Row>,
}

/// A row: by time with `from`, `to`, `opening` and `closing`, or by `category`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = CashFlowRow)]
enum Row {
    Time(TimeRow),
    Category(CategoryRow),
}

/// A stretch of days.
#[derive(Debug, Serialize, ToSchema)]
struct TimeRow {
    #[schema(value_type = String, format = Date)]
    from: BusinessDate,
    #[schema(value_type = String, format = Date)]
    to: BusinessDate,
    #[schema(value_type = String, example = "1000.00")]
    opening: Total,
    #[schema(value_type = String, example = "150.00")]
    credits: Total,
    #[schema(value_type = String, example = "20.00")]
    debits: Total,
    #[schema(value_type = String, example = "130.00")]
    net: Total,
    #[schema(value_type = String, example = "1130.00")]
    closing: Total,
    entries: u64,
}

/// A category; entries without one are under null.
#[derive(Debug, Serialize, ToSchema)]
struct CategoryRow {
    #[schema(required = true)]
    category: Option<String>,
    #[schema(value_type = String)]
    credits: Total,
    #[schema(value_type = String)]
    debits: Total,
    #[schema(value_type = String)]
    net: Total,
    entries: u64,
}

impl From<&ReportRow> for TimeRow {
    fn from(row: &ReportRow) -> Self {
        let Movement { credits, debits, entries } = row.movement;
        Self {
            from: row.from,
            to: row.to,
            opening: row.opening,
            credits,
            debits,
            net: row.movement.net(),
            closing: row.closing,
            entries,
        }
    }
}

impl CategoryRow {
    fn new(category: String, movement: &Movement) -> Self {
        let Movement { credits, debits, entries } = *movement;
        Self {
            category: Some(category).filter(|name| !name.is_empty()),
            credits,
            debits,
            net: movement.net(),
            entries,
        }
    }
}

impl CashFlowOut {
    fn new(report: Report, group_by: GroupBy) -> Self {
        let rows = match report.categories {
            Some(categories) => categories
                .into_iter()
                .map(|(name, moved)| Row::Category(CategoryRow::new(name, &moved)))
                .collect(),
            None => report.cash_flow.rows.iter().map(|row| Row::Time(row.into())).collect(),
        };
        let account = &report.account;
        Self {
            account_id: account.id,
            currency: account.currency,
            group_by,
            whole: (&report.cash_flow.whole).into(),
            rows,
        }
    }
}

/// The cash-flow report
#[utoipa::path(
    get, path = "/v1/reports/cash-flow", tag = "balances", operation_id = "cashFlow",
    params(ReportQuery),
    responses((status = 200, description = "The report", content((CashFlowOut = "application/json"), (String = "text/csv"))), (status = 404, description = "No such account")),
    security(("api_key" = ["ledger:read"])),
)]
pub(super) async fn cash_flow(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerRead>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Problem> {
    let group_by = query.group_by.unwrap_or(GroupBy::Day);
    let report = ledger.report(caller.company(), query.account_id, query.from, query.to, group_by).await?;
    let report = CashFlowOut::new(report, group_by);
    match query.format.unwrap_or(Format::Json) {
        Format::Json => Ok(Json(report).into_response()),
        Format::Csv => Ok(csv_download(&report)),
    }
}

fn csv_download(report: &CashFlowOut) -> Response {
    let name = format!("attachment; filename=\"cash-flow-{}-{}.csv\"", report.whole.from, report.whole.to);
    let mut response = csv::write(report).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
