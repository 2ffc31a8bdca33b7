//! Boletos over HTTP.

mod bank_accounts;
mod boleto_shape;
mod cancel_boleto;
mod change_due_date;
mod get_boleto;
mod get_slip;
mod get_slips;
mod import_events;
mod import_report;
mod import_shape;
mod issue_boleto;
mod list_boletos;
mod resend_boleto;
mod show_import;
mod upload_import;

use axum::Router;
use axum::routing::{get, post};
use comporta_http::Scope;
use utoipa::OpenApi as _;

use crate::service::Boletos;

pub use crate::error::PROBLEM_KINDS;

/// May read bank accounts, boletos and imports.
#[derive(Debug)]
pub struct BoletosRead;

impl Scope for BoletosRead {
    const NAME: &'static str = "boletos:read";
}

/// May add bank accounts, and issue, change and import boletos.
#[derive(Debug)]
pub struct BoletosWrite;

impl Scope for BoletosWrite {
    const NAME: &'static str = "boletos:write";
}

/// Every route of boletos.
pub fn router(boletos: Boletos) -> Router {
    let account = get(bank_accounts::get_bank_account).patch(bank_accounts::change_bank_account);
    Router::new()
        .route(
            "/v1/bank-accounts",
            get(bank_accounts::list_bank_accounts).post(bank_accounts::add_bank_account),
        )
        .route("/v1/bank-accounts/{id}", account)
        .route("/v1/boletos", get(list_boletos::list_boletos).post(issue_boleto::issue_boleto))
        .route("/v1/boletos/slips", get(get_slips::get_slips))
        .route("/v1/boletos/{id}", get(get_boleto::get_boleto))
        .route("/v1/boletos/{id}/pdf", get(get_slip::get_slip))
        .route("/v1/boletos/{id}/cancel", post(cancel_boleto::cancel_boleto))
        .route("/v1/boletos/{id}/due-date", post(change_due_date::change_due_date))
        .route("/v1/boletos/{id}/resend", post(resend_boleto::resend_boleto))
        .route("/v1/boleto-imports", post(upload_import::upload_import))
        .route("/v1/boleto-imports/{id}", get(show_import::show_import))
        .route("/v1/boleto-imports/{id}/events", get(import_events::import_events))
        .route("/v1/boleto-imports/{id}/report", get(import_report::import_report))
        .with_state(boletos)
}

#[derive(utoipa::OpenApi)]
#[openapi(
    tags(
        (name = "bank accounts", description = "Where the money of boletos arrives; checked by each bank's rules."),
        (name = "boletos", description = "One for each debt, with its barcode and the line that payers type."),
        (name = "imports", description = "Files of debts, a boleto for each row; every row is accounted for."),
    ),
    paths(
        bank_accounts::list_bank_accounts,
        bank_accounts::add_bank_account,
        bank_accounts::get_bank_account,
        bank_accounts::change_bank_account,
        list_boletos::list_boletos,
        issue_boleto::issue_boleto,
        get_boleto::get_boleto,
        get_slip::get_slip,
        get_slips::get_slips,
        cancel_boleto::cancel_boleto,
        change_due_date::change_due_date,
        resend_boleto::resend_boleto,
        upload_import::upload_import,
        show_import::show_import,
        import_events::import_events,
        import_report::import_report,
    )
)]
struct Document;

/// The boletos' part of the API's document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[cfg(test)]
mod tests;
