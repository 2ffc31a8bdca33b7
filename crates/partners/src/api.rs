//! The capability over HTTP: the operator's endpoints, and the ring that knows whose a request's key is.

mod acting;
mod change_company;
mod change_key;
mod create_company;
mod create_key;
mod documents;
mod invoices;
mod key_ring;
mod list_audit;
mod list_companies;
mod list_invoices;
mod list_keys;
mod list_plans;
mod list_requests;
mod logged_requests;
mod plan_document;
mod put_plan;
mod remove_plan;
mod revoke_key;
mod rotate_key;
mod run_invoices;
mod show_all_usage;
mod show_company;
mod show_invoice;
mod show_key;
mod show_me;
mod show_plan;
mod show_request;
mod show_usage;
mod usage;

use axum::Router;
use axum::http::{HeaderName, header};
use axum::routing::{get, post, put};
use serde::{Deserialize, Deserializer};

pub use documents::{CompanyOut, IssuedKeyOut, KeyOut, RotatedKeyOut};
pub use invoices::{invoices_admin_router, invoices_router};
pub use key_ring::KeyRing;
pub use plan_document::PlanOut;

use self::acting::Acting;
use crate::{Partners, RequestLog, Usage};

/// The endpoints under `/admin/v1`. Mount them behind a check of the caller, which puts the [`Actor`](crate::Actor) that
/// it finds into the request's extensions: what changes anything refuses to be called without.
pub fn admin_router(partners: Partners) -> Router {
    Router::new()
        .route("/admin/v1/companies", post(create_company::handle).get(list_companies::handle))
        .route("/admin/v1/companies/{id}", get(show_company::handle).patch(change_company::handle))
        .route("/admin/v1/companies/{id}/keys", post(create_key::handle).get(list_keys::handle))
        .route("/admin/v1/keys/{id}", get(show_key::handle).patch(change_key::handle))
        .route("/admin/v1/keys/{id}/rotate", post(rotate_key::handle))
        .route("/admin/v1/keys/{id}/revoke", post(revoke_key::handle))
        .route("/admin/v1/plans", get(list_plans::handle))
        .route(
            "/admin/v1/plans/{name}",
            put(put_plan::handle).get(show_plan::handle).delete(remove_plan::handle),
        )
        .route("/admin/v1/audit", get(list_audit::handle))
        .with_state(partners)
}

/// The endpoints that a company's own programs call. The caller is in the request's extensions.
pub fn partner_router(partners: Partners) -> Router {
    Router::new().route("/v1/me", get(show_me::handle)).with_state(partners)
}

/// Usage, as a company's own programs ask for it. The caller is in the request's extensions.
pub fn usage_router(usage: Usage) -> Router {
    Router::new().route("/v1/usage", get(show_usage::handle)).with_state(usage)
}

/// Usage under `/admin/v1`. It trusts whoever reaches it, like [`admin_router`].
pub fn usage_admin_router(usage: Usage) -> Router {
    Router::new().route("/admin/v1/usage", get(show_all_usage::handle)).with_state(usage)
}

/// What a company's own programs see of their requests.
pub fn request_log_router(log: RequestLog) -> Router {
    Router::new()
        .route("/v1/requests", get(list_requests::handle))
        .route("/v1/requests/{id}", get(show_request::handle))
        .with_state(log)
}

/// What the operator sees of all requests. Mount it behind a check of the caller.
pub fn request_log_admin_router(log: RequestLog) -> Router {
    Router::new()
        .route("/admin/v1/requests", get(list_requests::handle_any))
        .route("/admin/v1/requests/{id}", get(show_request::handle_any))
        .with_state(log)
}

/// The document of what partners call.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    <PartnerApi as utoipa::OpenApi>::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    show_me::handle,
    show_usage::handle,
    list_requests::handle,
    show_request::handle,
    list_invoices::own,
    show_invoice::own,
    show_invoice::own_pdf
))]
struct PartnerApi;

/// The document of the operator's endpoints.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(
    create_company::handle,
    list_companies::handle,
    show_company::handle,
    change_company::handle,
    create_key::handle,
    list_keys::handle,
    show_key::handle,
    change_key::handle,
    rotate_key::handle,
    revoke_key::handle,
    list_plans::handle,
    show_plan::handle,
    put_plan::handle,
    remove_plan::handle,
    list_invoices::all,
    run_invoices::handle,
    show_invoice::any,
    show_invoice::any_pdf,
    list_requests::handle_any,
    show_request::handle_any,
    list_audit::handle
))]
pub struct AdminApi;

/// The document of the operator's view of usage.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(show_all_usage::handle))]
pub struct UsageAdminApi;

/// An answer that holds a secret is nothing for a cache.
const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// The part of a list that is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Rows at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Tells a field that is null from one that is left out.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(input: D) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

#[cfg(test)]
mod tests;
