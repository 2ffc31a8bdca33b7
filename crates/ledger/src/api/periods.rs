//! `POST /v1/periods/{month}/close` and `…/reopen`

use axum::Json;
use axum::extract::State;
use comporta_http::{Caller, Path, Problem};
use comporta_kernel::Month;
use serde::Serialize;
use utoipa::ToSchema;

use super::LedgerAdmin;
use crate::service::Ledger;

/// How a month stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Period {
    #[schema(value_type = String, example = "2026-02")]
    month: Month,
    #[schema(inline)]
    status: PeriodStatus,
}

/// Whether it takes entries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PeriodStatus {
    Closed,
    Open,
}

/// Close a month
///
/// For all of the company's accounts: from now on it takes no entry. Closing it again changes nothing.
#[utoipa::path(
    post, path = "/v1/periods/{month}/close", tag = "periods", operation_id = "closePeriod",
    params(("month" = String, Path, description = "The month, YYYY-MM", pattern = "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-02")),
    responses((status = 200, description = "Closed", body = Period), (status = 404, description = "No such month")),
    security(("api_key" = ["ledger:admin"])),
)]
pub(super) async fn close_period(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerAdmin>,
    Path(month): Path<Month>,
) -> Result<Json<Period>, Problem> {
    ledger.close_period(caller.company(), month, caller.actor()).await?;
    Ok(Json(Period { month, status: PeriodStatus::Closed }))
}

/// Reopen a month
#[utoipa::path(
    post, path = "/v1/periods/{month}/reopen", tag = "periods", operation_id = "reopenPeriod",
    params(("month" = String, Path, description = "The month, YYYY-MM", pattern = "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-02")),
    responses((status = 200, description = "Open", body = Period), (status = 404, description = "No such month")),
    security(("api_key" = ["ledger:admin"])),
)]
pub(super) async fn reopen_period(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerAdmin>,
    Path(month): Path<Month>,
) -> Result<Json<Period>, Problem> {
    ledger.reopen_period(caller.company(), month, caller.actor()).await?;
    Ok(Json(Period { month, status: PeriodStatus::Open }))
}
