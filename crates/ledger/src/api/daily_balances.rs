//! `GET /v1/daily-balances` and `/v1/daily-balances/{date}`

use axum::Json;
use axum::extract::State;
use comporta_http::{Caller, Path, Problem, Query};
use comporta_kernel::{BusinessDate, Total};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::LedgerRead;
use crate::model::{AccountId, DayBalance};
use crate::service::Ledger;

/// Which days of which account.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RangeQuery {
    /// The first day; else thirty days before `to`.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<BusinessDate>,
    /// The last day; else today. At most 3,660 days in all.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<BusinessDate>,
    /// The account; else the company's `main`.
    #[param(value_type = Option<String>, pattern = "^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    account_id: Option<AccountId>,
}

/// Which account.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AccountQuery {
    /// The account; else the company's `main`.
    #[param(value_type = Option<String>, pattern = "^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    account_id: Option<AccountId>,
}

/// One calendar day: opening + credits - debits = closing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DailyBalance {
    #[schema(value_type = String, format = Date, example = "2026-03-02")]
    date: BusinessDate,
    #[schema(value_type = String, example = "1000.00")]
    opening: Total,
    #[schema(value_type = String, example = "150.00")]
    credits: Total,
    #[schema(value_type = String, example = "20.00")]
    debits: Total,
    #[schema(value_type = String, example = "1130.00")]
    closing: Total,
    /// How many entries moved it.
    #[schema(example = 2)]
    entries: u64,
}

/// Every calendar day of the range, quiet days too.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DailyBalances {
    data: Vec<DailyBalance>,
}

impl From<&DayBalance> for DailyBalance {
    fn from(day: &DayBalance) -> Self {
        let DayBalance { date, opening, movement } = *day;
        Self {
            date,
            opening,
            credits: movement.credits,
            debits: movement.debits,
            closing: day.closing(),
            entries: movement.entries,
        }
    }
}

/// Daily balances of a range
///
/// Exact, and current: every entry acknowledged before the request began is in the answer.
#[utoipa::path(
    get, path = "/v1/daily-balances", tag = "balances", operation_id = "listDailyBalances",
    params(RangeQuery),
    responses((status = 200, description = "Each day", body = DailyBalances), (status = 404, description = "No such account")),
    security(("api_key" = ["ledger:read"])),
)]
pub(super) async fn list_daily_balances(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerRead>,
    Query(RangeQuery { from, to, account_id }): Query<RangeQuery>,
) -> Result<Json<DailyBalances>, Problem> {
    let (_, days) = ledger.daily_balances(caller.company(), account_id, from, to).await?;
    Ok(Json(DailyBalances { data: days.iter().map(DailyBalance::from).collect() }))
}

/// The balance of one day
#[utoipa::path(
    get, path = "/v1/daily-balances/{date}", tag = "balances", operation_id = "getDailyBalance",
    params(("date" = String, Path, description = "The day, YYYY-MM-DD", format = Date), AccountQuery),
    responses((status = 200, description = "The day", body = DailyBalance), (status = 404, description = "No such account or day")),
    security(("api_key" = ["ledger:read"])),
)]
pub(super) async fn get_daily_balance(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerRead>,
    Path(date): Path<BusinessDate>,
    Query(AccountQuery { account_id }): Query<AccountQuery>,
) -> Result<Json<DailyBalance>, Problem> {
    let (_, days) = ledger.daily_balances(caller.company(), account_id, Some(date), Some(date)).await?;
    let day = days.first().ok_or_else(|| Problem::not_found("day"))?;
    Ok(Json(day.into()))
}
