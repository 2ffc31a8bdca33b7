//! `GET` and `POST /incomes`: a company's credits in their smallest form.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Creation, Cursor, Page, Problem, Query, Remembered};
use comporta_kernel::Money;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{LedgerRead, LedgerWrite};
use crate::model::{Description, Entry, EntryId, Kind, NewEntry};
use crate::service::Ledger;

/// Incomes of one answer at most; a `link` header leads to more.
const MOST: u16 = 1_000;

/// The income to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IncomeIn {
    /// What it is.
    #[schema(value_type = String, min_length = 1, max_length = 500, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "salary")]
    description: Description,
    /// More than zero, at most two decimals.
    #[schema(value_type = f64, example = 12.2, exclusive_minimum = 0)]
    amount: Money,
}

/// An income.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Income<'a> {
    #[schema(example = "salary")]
    description: &'a str,
    #[schema(value_type = f64, example = 12.2)]
    amount: Box<RawValue>,
}

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct IncomesQuery {
    /// As given in the `link` header.
    cursor: Option<String>,
}

/// The company's credits, in the order they were recorded
///
/// At most 1,000 an answer; a `link` header with `rel="next"` leads to more.
#[utoipa::path(
    get, path = "/incomes", tag = "incomes", operation_id = "listIncomes",
    params(IncomesQuery),
    responses((status = 200, description = "The incomes", body = Vec<Income<'static>>)),
    security(("api_key" = ["ledger:read"])),
)]
pub(super) async fn list_incomes(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerRead>,
    Query(query): Query<IncomesQuery>,
) -> Result<Response, Problem> {
    let ((), after) = Cursor::<(), EntryId>::resume((), query.cursor.as_deref())?;
    let credits = ledger.credits(caller.company(), after, MOST + 1).await?;
    let page = Page::cut(credits, MOST, |last| Cursor { filter: (), after: last.id }.encode());
    let mut response = Json(page.data.iter().map(income).collect::<Vec<_>>()).into_response();
    if let Some(link) = page
        .next_cursor
        .and_then(|cursor| HeaderValue::try_from(format!("</incomes?cursor={cursor}>; rel=\"next\"")).ok())
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Record an income
#[utoipa::path(
    post, path = "/incomes", tag = "incomes", operation_id = "postIncome",
    params(("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body = IncomeIn,
    responses((status = 204, description = "Recorded"), (status = 409, description = "The month is closed")),
    security(("api_key" = ["ledger:write"])),
)]
pub(super) async fn post_income(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerWrite>,
    Creation { body, key }: Creation<IncomeIn>,
) -> Result<Response, Problem> {
    if body.amount <= Money::ZERO {
        return Err(Problem::invalid_field("/amount", "expected more than 0.00"));
    }
    let posted = ledger.post_entry(caller.company(), NewEntry::from(body), key).await?;
    let response = StatusCode::NO_CONTENT.into_response();
    Ok(if posted.replayed { Remembered::replayed(response) } else { response })
}

impl From<IncomeIn> for NewEntry {
    fn from(income: IncomeIn) -> Self {
        Self {
            account_id: None,
            kind: Kind::Credit,
            amount: income.amount,
            description: income.description,
            business_date: None,
            occurred_at: None,
            category: None,
            external_id: None,
            metadata: None,
        }
    }
}

/// The amount's own digits become the JSON number: no float touches them.
fn income(entry: &Entry) -> Income<'_> {
    let amount =
        RawValue::from_string(entry.amount.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned());
    Income { description: &entry.description, amount }
}
