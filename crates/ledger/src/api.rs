//! The ledger over HTTP.

mod accounts;
mod daily_balances;
mod entry_shape;
mod get_entry;
mod incomes;
mod list_entries;
mod periods;
mod post_batch;
mod post_entry;
mod report;
mod reverse_entry;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use comporta_http::Scope;
use tokio::sync::Semaphore;
use utoipa::OpenApi as _;

use crate::service::Ledger;

pub use crate::error::PROBLEM_KINDS;

/// Batches in memory at once: a handful of the largest, whatever the number of connections.
const BATCHES_AT_ONCE: usize = 8;
/// The body of a batch at most: 16 MiB.
const BATCH_BODY: usize = 16 * 1024 * 1024;

macro_rules! scope {
    ($(#[$doc:meta])* $name:ident, $text:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Scope for $name {
            const NAME: &'static str = $text;
        }
    };
}

scope!(
    /// May read accounts, entries, balances and reports.
    LedgerRead,
    "ledger:read"
);
scope!(
    /// May record and reverse entries and add accounts.
    LedgerWrite,
    "ledger:write"
);
scope!(
    /// May close and reopen months.
    LedgerAdmin,
    "ledger:admin"
);

/// Every route of the ledger.
pub fn router(ledger: Ledger) -> Router {
    let room = Arc::new(Semaphore::new(BATCHES_AT_ONCE));
    let batch = post(post_batch::post_batch)
        .layer(axum::extract::DefaultBodyLimit::max(BATCH_BODY))
        .layer(from_fn_with_state(room, post_batch::one_of_few));
    Router::new()
        .route("/v1/accounts", get(accounts::list_accounts).post(accounts::create_account))
        .route("/v1/accounts/{id}", get(accounts::get_account))
        .route("/v1/entries", get(list_entries::list_entries).post(post_entry::post_entry))
        .route("/v1/entries/batch", batch)
        .route("/v1/entries/{id}", get(get_entry::get_entry))
        .route("/v1/entries/{id}/reversal", post(reverse_entry::reverse_entry))
        .route("/v1/daily-balances", get(daily_balances::list_daily_balances))
        .route("/v1/daily-balances/{date}", get(daily_balances::get_daily_balance))
        .route("/v1/reports/cash-flow", get(report::cash_flow))
        .route("/v1/periods/{month}/close", post(periods::close_period))
        .route("/v1/periods/{month}/reopen", post(periods::reopen_period))
        .route("/incomes", get(incomes::list_incomes).post(incomes::post_income))
        .with_state(ledger)
}

#[derive(utoipa::OpenApi)]
#[openapi(
    tags(
        (name = "accounts", description = "Where money is kept: a currency, and a zone whose calendar cuts the days."),
        (name = "entries", description = "Credits and debits. An entry is never changed or deleted; it is reversed."),
        (name = "balances", description = "Daily consolidation and reports: exact, and current with the last acknowledged entry."),
        (name = "periods", description = "Months that are closed take no entry."),
        (name = "incomes", description = "Credits in their smallest form."),
    ),
    paths(
        accounts::list_accounts,
        accounts::create_account,
        accounts::get_account,
        list_entries::list_entries,
        post_entry::post_entry,
        post_batch::post_batch,
        get_entry::get_entry,
        reverse_entry::reverse_entry,
        daily_balances::list_daily_balances,
        daily_balances::get_daily_balance,
        report::cash_flow,
        periods::close_period,
        periods::reopen_period,
        incomes::list_incomes,
        incomes::post_income,
    )
)]
struct Document;

/// The ledger's part of the API's document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
