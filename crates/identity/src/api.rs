//! OAuth 2.0 over HTTP: the token endpoint, and what whoever checks a token asks for.

mod jwks;
mod oauth_error;
mod openid_configuration;
mod post_token;
mod token_request;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, header};
use axum::routing::{get, post};
use utoipa::OpenApi as _;
use utoipa::openapi::Components;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::AuthorizationServer;

const TOKEN_PATH: &str = "/oauth2/token";
const CONFIGURATION_PATH: &str = "/.well-known/openid-configuration";
const JWKS_PATH: &str = "/.well-known/jwks.json";

/// The largest body of a token request: many times what the longest one needs.
const TOKEN_BODY: usize = 16 * 1024;

/// An answer that holds a token, or tells of a credential, is nothing for a cache.
const NO_STORE: [(HeaderName, &str); 2] = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
/// What everybody may know, and may keep for as long as a verifier can do without a new key.
const PUBLIC: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// The name of the security scheme of the token endpoint in the API's document.
const CLIENT: &str = "client";

/// The endpoints of OAuth 2.0. They are for callers without a key: mount them outside the check of the caller.
pub fn oauth_router(server: AuthorizationServer) -> Router {
    Router::new()
        .route(TOKEN_PATH, post(post_token::post_token).layer(DefaultBodyLimit::max(TOKEN_BODY)))
        .route(CONFIGURATION_PATH, get(openid_configuration::openid_configuration))
        .route(JWKS_PATH, get(jwks::jwks))
        .with_state(server)
}

/// These endpoints' part of the API's document. It brings the security scheme `client`.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let description = "A key's id as the user name and its text as the password (RFC 6749, section 2.3.1).";
    let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(description)).build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme(CLIENT, SecurityScheme::Http(basic));
    document
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(post_token::post_token, openid_configuration::openid_configuration, jwks::jwks),
    tags((name = "oauth2", description = "Access tokens for programs, and the keys to check them with."))
)]
struct Document;

#[cfg(test)]
mod tests;
