//! The public door: who calls, and whether they may. One function shows the order of its layers.

mod access;
mod authenticate;

use std::any::Any;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Problem, assign_request_id, kinds, render_problems};
use comporta_kernel::IdSource;
use comporta_partners::KeyRing;
use tower_http::catch_panic::CatchPanicLayer;

use crate::docs;
use crate::settings::Settings;

/// The routes of the services behind the door.
pub fn public_router(services: Router, settings: &Settings, keys: KeyRing, ids: IdSource) -> Router {
    let body_limit = usize::try_from(settings.http.body_limit.bytes()).unwrap_or(usize::MAX);
    let closed = services
        .fallback(no_such_path)
        .method_not_allowed_fallback(method_not_allowed)
        // Innermost: a body is read only for callers who may send one.
        .layer(DefaultBodyLimit::max(body_limit))
        // Deny by default: a path that does not exist is also told only to callers with a key.
        .layer(from_fn_with_state(keys.clone(), authenticate::by_key));
    // The document is for people who have no key yet, unless the settings say otherwise.
    let open = docs::router(settings.docs.auth, keys);
    closed
        .merge(open)
        // A panic is an answer too, and must not take the connection with it.
        .layer(CatchPanicLayer::custom(panicked))
        // Outside everything that refuses, so that every refusal has a body.
        .layer(from_fn(render_problems))
        // Sees the final status and size.
        .layer(from_fn(access::log_request))
        // Outermost: everything below names the request by this id.
        .layer(from_fn_with_state(ids, assign_request_id))
}

async fn no_such_path(uri: Uri) -> Problem {
    Problem::new(&kinds::NOT_FOUND, format!("there is nothing at {}", uri.path()))
}

pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(&kinds::METHOD_NOT_ALLOWED, "the allow header lists what this path takes")
}

/// The log has the panic's message already, from the panic hook.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal(&Panicked).into_response()
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;
