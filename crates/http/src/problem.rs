//! RFC 9457 problem details: the one shape of every refusal and failure.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use comporta_kernel::Causes;
use serde::Serialize;

use crate::RequestId;

/// One kind of problem: what its `type`, `status` and `title` always are.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last part of the type's URI.
    pub slug: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// One line for people, the same each time.
    pub title: &'static str,
}

impl Kind {
    /// The `type` URI: a stable name, not a place to fetch from.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("urn:comporta:problem:{}", self.slug)
    }
}

/// The kinds that any API here may answer with.
pub mod kinds {
    use super::{Kind, StatusCode};

    macro_rules! kinds {
        ($($(#[$doc:meta])* $name:ident = $status:ident $slug:literal $title:literal;)*) => {
            $($(#[$doc])* pub static $name: Kind = Kind { slug: $slug, status: StatusCode::$status, title: $title };)*
            /// Every kind above, for the document of the API.
            pub static ALL: &[&Kind] = &[$(&$name),*];
        };
    }

    kinds! {
        /// The body is not JSON, or a header is malformed.
        MALFORMED = BAD_REQUEST "malformed" "The request cannot be read";
        /// No credential, or one that is not good.
        UNAUTHENTICATED = UNAUTHORIZED "unauthenticated" "A valid API key or token is needed";
        /// A good credential without the scope.
        FORBIDDEN = FORBIDDEN "forbidden" "The API key or token does not hold the needed scope";
        /// A good key, used from where it may not be.
        ADDRESS_NOT_ALLOWED = FORBIDDEN "address-not-allowed" "The API key may not be used from this address";
        /// No such thing, or another company's.
        NOT_FOUND = NOT_FOUND "not-found" "There is no such resource";
        /// The path is known, the method is not.
        METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "method-not-allowed" "The method is not allowed here";
        /// The body took too long to arrive.
        REQUEST_TIMEOUT = REQUEST_TIMEOUT "request-timeout" "The request took too long to arrive";
        /// It clashes with what is already there.
        CONFLICT = CONFLICT "conflict" "The request conflicts with what is already there";
        /// A precondition (`if-match`) does not hold.
        PRECONDITION_FAILED = PRECONDITION_FAILED "precondition-failed" "The resource was changed by someone else";
        /// The body is over the limit.
        TOO_LARGE = PAYLOAD_TOO_LARGE "too-large" "The body is larger than this route takes";
        /// The request line alone is over the limit of a head.
        URI_TOO_LONG = URI_TOO_LONG "uri-too-long" "The address is longer than a request's head may be";
        /// The head is over the limit, or has too many headers.
        HEADERS_TOO_LARGE = REQUEST_HEADER_FIELDS_TOO_LARGE "headers-too-large" "The request's head is too large";
        /// The body's type is not JSON.
        UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE "unsupported-media-type" "The body's content type is not taken here";
        /// Fields that do not hold what they should.
        INVALID = UNPROCESSABLE_ENTITY "invalid" "The request has invalid fields";
        /// The same idempotency key came with another request before.
        KEY_REUSED = UNPROCESSABLE_ENTITY "idempotency-key-reused" "The idempotency key belongs to another request";
        /// More requests than the route or the plan allows.
        TOO_MANY_REQUESTS = TOO_MANY_REQUESTS "too-many-requests" "The limit is used up for now";
        /// Our fault.
        INTERNAL = INTERNAL_SERVER_ERROR "internal" "Something went wrong on our side";
        /// The upstream broke off, or answered what is no HTTP.
        BAD_GATEWAY = BAD_GATEWAY "bad-gateway" "The service behind the gateway gave no good answer";
        /// The database, an upstream, or room in a queue, is not there now.
        UNAVAILABLE = SERVICE_UNAVAILABLE "unavailable" "The service cannot answer just now";
        /// The upstream took too long.
        GATEWAY_TIMEOUT = GATEWAY_TIMEOUT "gateway-timeout" "The service behind the gateway took too long";
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, utoipa::ToSchema)]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901) into the body, or `?name` for a query parameter.
    #[schema(example = "/amount")]
    pub pointer: String,
    /// What it should be.
    #[schema(example = "expected at most two decimals")]
    pub detail: String,
}

impl FieldError {
    /// What is wrong at a place.
    pub fn new(pointer: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self { pointer: pointer.into(), detail: detail.to_string() }
    }
}

/// A refusal or failure on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: &'static Kind,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<u32>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    /// A problem of a kind, with what is particular to this time.
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: Some(detail.into()), errors: Vec::new(), retry_after: None, header: None }
    }

    /// Fields that do not hold what they should.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [FieldError { pointer, detail }] if pointer.is_empty() => detail.clone(),
            [one] => format!("{}: {}", one.pointer, one.detail),
            many => format!("{} fields are invalid", many.len()),
        };
        Self { errors, ..Self::new(&kinds::INVALID, detail) }
    }

    /// One field that does not hold what it should.
    pub fn invalid_field(pointer: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::invalid(vec![FieldError::new(pointer, detail)])
    }

    /// There is no such thing (or it is another company's, which is the same answer).
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(&kinds::NOT_FOUND, format!("there is no such {what}"))
    }

    /// A failure of ours: its causes go to the log, not to the caller.
    #[must_use]
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %Causes(error), "a request failed");
        Self { kind: &kinds::INTERNAL, detail: None, errors: Vec::new(), retry_after: None, header: None }
    }

    /// The database, or room in a queue, is not there now: the caller may try again in a second.
    #[must_use]
    pub fn unavailable(detail: &str) -> Self {
        Self { retry_after: Some(1), ..Self::new(&kinds::UNAVAILABLE, detail) }
    }

    /// Tells one more header with it, over what its kind has.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some(Box::new((name, value))), ..self }
    }

    /// The kind it is.
    #[must_use]
    pub const fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The fields it names.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }
}

impl From<comporta_db::Error> for Problem {
    fn from(error: comporta_db::Error) -> Self {
        if error.is_unavailable() {
            tracing::warn!(error = %Causes(&error), "the database is not available");
            return Self::unavailable(
                "the database is not available; what was sent may or may not have been done: repeat it with its Idempotency-Key",
            );
        }
        Self::internal(&error)
    }
}

impl IntoResponse for Problem {
    /// A response without a body yet: [`render_problems`] writes it, because only it knows the request.
    fn into_response(self) -> Response {
        let mut response = self.kind.status.into_response();
        self.tell(response.headers_mut());
        response.extensions_mut().insert(self);
        response
    }
}

impl Problem {
    /// Writes the headers that go with it, but for those of the body.
    pub fn tell(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.kind.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(API_KEY_CHALLENGE));
        }
        if let Some((name, value)) = self.header.as_deref() {
            headers.insert(name, value.clone());
        }
    }

    /// Its body, for a request: its path and its id.
    #[must_use]
    pub fn body(&self, instance: &str, request_id: &str) -> Vec<u8> {
        let body = ProblemBody {
            kind: self.kind.uri(),
            title: self.kind.title,
            status: self.kind.status.as_u16(),
            detail: self.detail.as_deref(),
            instance,
            request_id,
            errors: &self.errors,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// The content type of a problem's body.
pub const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What `www-authenticate` says of API keys.
pub const API_KEY_CHALLENGE: &str = r#"ApiKey realm="comporta", header="x-api-key""#;

/// The body of every refusal and failure (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// A stable URI for the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:comporta:problem:invalid")]
    kind: String,
    /// The kind, for people.
    #[schema(example = "The request has invalid fields")]
    title: &'a str,
    /// The HTTP status again.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    status: u16,
    /// What is particular to this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/amount: expected at most two decimals")]
    detail: Option<&'a str>,
    /// The path of the request.
    #[schema(example = "/v1/entries")]
    instance: &'a str,
    /// The request's id, as in `x-request-id`.
    #[schema(example = "req_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    request_id: &'a str,
    /// The fields at fault.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

/// The layer that writes the body of every [`Problem`], with the request's id and path in it.
pub async fn render_problems(request: Request, next: Next) -> Response {
    let instance = request.uri().path().to_owned();
    let request_id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let body = problem.body(&instance, request_id.as_ref().map_or("", RequestId::as_str));
    *response.body_mut() = body.into();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
    response.extensions_mut().insert(problem);
    response
}
