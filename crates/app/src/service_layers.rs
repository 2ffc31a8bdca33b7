//! What stands around every service of this process, whoever calls it.

use std::any::Any;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Problem, kinds, render_problems};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

/// A service as the gateway calls it. Who calls, and how large a body may be, was seen to before.
pub(crate) fn service_layers(router: Router) -> Router {
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(method_not_allowed)
        // The gateway's routes bound bodies; two bounds would be one too many to keep in step.
        .layer(DefaultBodyLimit::disable())
        .layer(
            // Together, for each layer by itself boxes its future for every call.
            ServiceBuilder::new()
                // Outside everything that refuses, so that every refusal has a body.
                .layer(from_fn(render_problems))
                // A panic is an answer too, and must not take the call with it.
                .layer(CatchPanicLayer::custom(panicked)),
        )
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
