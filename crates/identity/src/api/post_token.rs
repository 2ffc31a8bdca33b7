//! `POST /oauth2/token`

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::NO_STORE;
use super::oauth_error::{OAuthError, OAuthErrorOut};
use super::token_request::{TokenRequest, check_content_type};
use crate::AuthorizationServer;

/// A form that dribbles in for longer is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// An access token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessToken)]
struct AccessTokenOut {
    /// Send it as `authorization: Bearer …`. A JWT (RFC 9068); nothing in it is for the client to read.
    #[schema(example = "eyJhbGciOiJFUzI1NiIsImtpZCI6InNpZ18…")]
    access_token: String,
    #[schema(value_type = String, example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 900)]
    expires_in: i64,
    /// The scopes that it carries, between spaces.
    #[schema(example = "ledger:read books:read")]
    scope: String,
}

/// Get an access token
///
/// OAuth 2.0 by client credentials (RFC 6749, section 4.4). A client is an API key: its id is the client's id, its
/// text the secret, sent by HTTP Basic or in the body. A token works no longer than its key does.
#[utoipa::path(
    post, path = "/oauth2/token", operation_id = "postToken", tag = "oauth2",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token", body = AccessTokenOut, headers(
            ("cache-control" = String, description = "`no-store`"),
        )),
        (status = 400, description = "`invalid_request`, `invalid_scope` or `unsupported_grant_type`", body = OAuthErrorOut),
        (status = 401, description = "`invalid_client`", body = OAuthErrorOut, headers(
            ("www-authenticate" = String, description = "`Basic`"),
        )),
        (status = 408, description = "`invalid_request`: the body took too long to arrive", body = OAuthErrorOut),
        (status = 413, description = "`invalid_request`: the body is larger than 16 KiB", body = OAuthErrorOut),
        (status = 500, description = "`server_error`", body = OAuthErrorOut),
        (status = 503, description = "`temporarily_unavailable`", body = OAuthErrorOut, headers(
            ("retry-after" = String, description = "Seconds"),
        )),
    ),
    security(("client" = []), ()),
)]
pub(super) async fn post_token(
    State(server): State<AuthorizationServer>,
    request: Request,
) -> Result<Response, OAuthError> {
    let headers = request.headers().clone();
    check_content_type(&headers)?;
    let request = TokenRequest::parse(&read(request).await?)?;
    request.check_grant_type()?;
    let client = request.credentials(&headers)?;
    let grant = server.grant(&client, request.scope.as_deref()).await?;
    let body = AccessTokenOut {
        access_token: grant.access_token,
        token_type: "Bearer",
        expires_in: grant.expires_in,
        scope: grant.scope,
    };
    let mut response = (NO_STORE, Json(body)).into_response();
    // For the access line: whose token it was.
    response.extensions_mut().insert(grant.principal);
    Ok(response)
}

async fn read(request: Request) -> Result<Bytes, OAuthError> {
    let refused = OAuthError::unreadable;
    let Ok(body) = tokio::time::timeout(PATIENCE, Bytes::from_request(request, &())).await else {
        return Err(refused(StatusCode::REQUEST_TIMEOUT, "the body did not arrive within ten seconds"));
    };
    body.map_err(|rejection| match rejection.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => refused(status, "the body is larger than 16 KiB"),
        _ => OAuthError::invalid_request("the body could not be read to its end"),
    })
}
