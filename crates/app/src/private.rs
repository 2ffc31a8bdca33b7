//! The private listener: health, metrics and administration. Not for partners.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use comporta_db::MigrationState;
use comporta_gateway::View;
use comporta_http::{Problem, assign_request_id, kinds, render_problems};
use comporta_identity::Identity;
use comporta_kernel::IdSource;
use comporta_partners::Actor;
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;

use crate::metrics::Metrics;
use crate::reload::{self, Reloads};
use crate::service_layers;
use crate::wiring::App;

/// Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The routes of the private listener.
pub fn private_router(
    app: &App,
    gateway: Option<View>,
    metrics: Metrics,
    reloads: Reloads,
    ids: IdSource,
) -> Router {
    let admin = comporta_partners::admin_router(app.partners.clone())
        .merge(comporta_partners::invoices_admin_router(app.bills.clone(), app.partners.clone()))
        .merge(comporta_partners::usage_admin_router(app.usage.clone()))
        .merge(comporta_partners::request_log_admin_router(app.request_log.clone()))
        .merge(reload::router(reloads, app.partners.clone()))
        .merge(gateway.map(gateway_router).unwrap_or_default())
        .layer(from_fn_with_state(app.identity.clone(), staff_only));
    Router::new()
        .route("/healthz", get(async || Json(json!({"status": "ok"}))))
        .route("/readyz", get(ready).with_state(app.clone()))
        .route("/metrics", get(told).with_state(metrics))
        .merge(admin)
        .fallback(async || Problem::not_found("path"))
        .method_not_allowed_fallback(service_layers::method_not_allowed)
        .layer(CatchPanicLayer::custom(service_layers::panicked))
        .layer(from_fn(render_problems))
        .layer(from_fn_with_state(ids, assign_request_id))
}

/// What the gateway publishes, and how its upstreams fare.
fn gateway_router(view: View) -> Router {
    Router::new()
        .route(
            "/admin/v1/routes",
            get(async |State(view): State<View>| Json(json!({"data": *view.routes()}))),
        )
        .route("/admin/v1/upstreams", get(upstreams))
        .with_state(view)
}

async fn upstreams(State(view): State<View>) -> Json<Value> {
    let upstreams = view.upstreams().into_iter();
    let upstreams = upstreams.map(|(name, targets)| json!({"name": name, "targets": targets}));
    Json(json!({"data": upstreams.collect::<Vec<_>>()}))
}

/// Apart from those who serve: there may be thousands of lines, and open files to count.
async fn told(State(metrics): State<Metrics>) -> Response {
    match tokio::task::spawn_blocking(move || metrics.render()).await {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Whether it can serve: the database answers and is at this version. Or a newer one: a deployment migrates first, and those that
/// serve until the new ones are there must not be taken out. Migrations only add.
async fn ready(State(app): State<App>) -> Response {
    let (status, database) = match app.db.migration_state().await {
        Ok(MigrationState::Current) => (StatusCode::OK, "ok"),
        Ok(MigrationState::Ahead) => (StatusCode::OK, "ok, at a newer version"),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "not at this version"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "does not answer")
        }
    };
    let ready = if status == StatusCode::OK { "ok" } else { "unavailable" };
    (status, Json(json!({"status": ready, "database": database}))).into_response()
}

/// Lets in only who brings a staff member's admin token.
async fn staff_only(
    State(identity): State<Identity>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match identity.authenticate_token(bearer(request.headers()).unwrap_or_default()).await? {
        Some(staff) => {
            tracing::debug!(email = %staff.email, path = request.uri().path(), "a staff member called");
            request.extensions_mut().insert(Actor::staff(staff.email.as_str()));
            Ok(next.run(request).await)
        }
        None => {
            let problem =
                Problem::new(&kinds::UNAUTHENTICATED, "send an admin token: authorization: Bearer …");
            Ok(([(header::WWW_AUTHENTICATE, "Bearer realm=\"comporta\"")], problem).into_response())
        }
    }
}

/// The token of the one `authorization` header, its scheme in any case (RFC 9110, 11.1). Of two, who is to be believed?
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (header, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}
