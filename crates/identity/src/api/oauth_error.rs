//! How the token endpoint says no (RFC 6749, section 5.2).

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use comporta_kernel::Causes;
use serde::Serialize;
use utoipa::ToSchema;

use super::NO_STORE;
use crate::service::Refusal;

const CHALLENGE: (HeaderName, &str) = (header::WWW_AUTHENTICATE, "Basic realm=\"comporta\"");
const SOON: (HeaderName, &str) = (header::RETRY_AFTER, "1");

/// A refusal on its way to the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OAuthError {
    status: StatusCode,
    code: &'static str,
    description: String,
}

/// Why there is no token (RFC 6749, section 5.2).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(super) struct OAuthErrorOut {
    /// The kind of refusal: `invalid_request`, `invalid_client`, `invalid_scope`, `unsupported_grant_type`, or, when
    /// the same request may work later, `temporarily_unavailable` or `server_error`.
    #[schema(value_type = String, example = "invalid_client")]
    error: &'static str,
    /// What is particular to this time, for people.
    #[schema(example = "the client's id or secret is wrong, or the key no longer works")]
    error_description: String,
}

impl OAuthError {
    /// A request that is not formed as it should be.
    pub(super) fn invalid_request(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The same under a status that says more than 400.
    pub(super) fn unreadable(status: StatusCode, description: &str) -> Self {
        Self::new(status, "invalid_request", description)
    }

    /// A client that did not authenticate, or not as it should.
    pub(super) fn invalid_client(description: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }

    /// Another grant than the one there is.
    pub(super) fn unsupported_grant_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "the one grant type here is client_credentials",
        )
    }

    fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self { status, code, description: description.into() }
    }
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        let description = refusal.to_string();
        match refusal {
            Refusal::UnknownClient => Self::invalid_client(description),
            Refusal::Scope => Self::new(StatusCode::BAD_REQUEST, "invalid_scope", description),
            Refusal::Unavailable(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description)
            }
            Refusal::Sign(error) => {
                tracing::error!(
                    error = %Causes(&error),
                    "an access token could not be signed"
                );
                let description = "something went wrong on our side";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", description)
            }
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let Self { status, code: error, description: error_description } = self;
        let body = Json(OAuthErrorOut { error, error_description });
        match status {
            // HTTP asks for a challenge with every 401 (RFC 9110, section 15.5.2), OAuth where Basic was tried.
            StatusCode::UNAUTHORIZED => (status, NO_STORE, [CHALLENGE], body).into_response(),
            StatusCode::SERVICE_UNAVAILABLE => (status, NO_STORE, [SOON], body).into_response(),
            _ => (status, NO_STORE, body).into_response(),
        }
    }
}
