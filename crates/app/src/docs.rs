//! The API's document for programs, and a page for people that needs no outside host.

mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comporta_http::{Problem, kinds};
use comporta_partners::KeyRing;
use utoipa_swagger_ui::Config;

use crate::openapi;
use crate::settings::DocsAuth;

/// Nothing on the page may come from, or go to, anywhere else.
const POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
const CHALLENGE: &str = r#"Basic realm="comporta: key id and API key", charset="UTF-8""#;

/// `/openapi.json` and `/docs`.
pub fn router(auth: DocsAuth, keys: KeyRing) -> Router {
    let document: Arc<str> = openapi::text().into();
    let config = Arc::new(Config::new(["/openapi.json"]));
    let router = Router::new()
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], document.to_string())),
        )
        .route("/docs", get(page))
        .route("/docs/assets/{file}", get(asset).with_state(config));
    match auth {
        DocsAuth::None => router,
        DocsAuth::Basic => router.layer(from_fn_with_state(keys, by_basic)),
    }
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

/// The user is a key's id, the password its text.
async fn by_basic(State(keys): State<KeyRing>, request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        header.and_then(|text| text.strip_prefix("Basic ")).and_then(|text| STANDARD.decode(text).ok());
    let given = given.and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((user, key)) = given.as_deref().and_then(|text| text.split_once(':'))
        && let Ok(principal) = keys.authenticate_or_ask(key).await
        && *principal.actor == *user
    {
        return next.run(request).await;
    }
    let mut response =
        Problem::new(&kinds::UNAUTHENTICATED, "the user is a key's id, the password the key").into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    response
}
