//! Every request has an id: the caller's own when it is well formed, else a new one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use comporta_kernel::{IdSource, define_id};

/// The header that holds it, in requests and answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 128;

define_id!(
    /// The id given to a request that brings none.
    NewRequestId,
    "req"
);

/// The id of a request, as it stands in `x-request-id`, in logs and in problems.
#[derive(Clone, Debug)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The id that a gateway has given.
    #[must_use]
    pub const fn new(text: Arc<str>) -> Self {
        Self(text)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The layer that reads or gives the id, and says it in the response.
pub async fn assign_request_id(State(ids): State<IdSource>, mut request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(&X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_well_formed_request_id(text));
    let text: Arc<str> = given.map_or_else(|| ids.next::<NewRequestId>().to_string().into(), Arc::from);
    let header = HeaderValue::from_str(&text);
    request.extensions_mut().insert(RequestId(text));
    let mut response = next.run(request).await;
    if let Ok(value) = header {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// Whether a caller's own id may be used. It goes into logs and headers: plain characters only, and not too many.
#[must_use]
pub fn is_well_formed_request_id(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+/=".contains(&byte))
}
