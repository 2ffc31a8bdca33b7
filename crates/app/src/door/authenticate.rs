//! Who calls: the company behind `x-api-key`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Principal, Problem, kinds};
use comporta_partners::KeyRing;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The layer that lets in only callers with a good key, and says to the layers around it who it was.
pub(super) async fn by_key(State(keys): State<KeyRing>, mut request: Request, next: Next) -> Response {
    let principal = match identify(&keys, request.headers()).await {
        Ok(principal) => principal,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(Arc::clone(&principal));
    let mut response = next.run(request).await;
    response.extensions_mut().insert(principal);
    response
}

async fn identify(keys: &KeyRing, headers: &HeaderMap) -> Result<Arc<Principal>, Problem> {
    let mut given = headers.get_all(&API_KEY).iter();
    let (Some(key), None) = (given.next(), given.next()) else {
        return Err(Problem::new(&kinds::UNAUTHENTICATED, "send one API key in the header x-api-key"));
    };
    let text = key.to_str().unwrap_or_default();
    Ok(keys.authenticate_or_ask(text).await?)
}
