//! The API's document for programs, and a page for people that needs no outside host.

mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use comporta_http::Problem;
use utoipa_swagger_ui::Config;

use crate::openapi;

/// Nothing on the page may come from, or go to, anywhere else.
const POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// `/openapi.json` and `/docs`.
pub fn router() -> Router {
    let document: Arc<str> = openapi::text().into();
    let config = Arc::new(Config::new(["/openapi.json"]));
    Router::new()
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], document.to_string())),
        )
        .route("/docs", get(page))
        .route("/docs/assets/{file}", get(asset).with_state(config))
}

async fn page() -> Response {
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)],
        page::HTML,
    )
        .into_response()
}

async fn asset(
    State(config): State<Arc<Config<'static>>>,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    if let Some((kind, text)) = page::own_asset(&file) {
        return Ok(([(header::CONTENT_TYPE, kind)], text).into_response());
    }
    match utoipa_swagger_ui::serve(&file, config) {
        Ok(Some(found)) => {
            let kind =
                HeaderValue::from_str(&found.content_type).unwrap_or(HeaderValue::from_static("text/plain"));
            let cache = HeaderValue::from_static("public, max-age=86400");
            Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)], found.bytes.into_owned())
                .into_response())
        }
        _ => Err(Problem::not_found("file")),
    }
}
