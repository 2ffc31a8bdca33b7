//! `GET /.well-known/openid-configuration`

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::{JWKS_PATH, PUBLIC, TOKEN_PATH};
use crate::{AuthorizationServer, SigningAlgorithm};

/// What the authorization server is and does (RFC 8414, section 2; OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenIdConfiguration)]
struct ConfigurationOut {
    /// The `iss` of its tokens, and their `aud`.
    #[schema(example = "https://api.example.com")]
    issuer: String,
    #[schema(example = "https://api.example.com/oauth2/token")]
    token_endpoint: String,
    #[schema(example = "https://api.example.com/.well-known/jwks.json")]
    jwks_uri: String,
    #[schema(value_type = Vec<String>, example = json!(["client_credentials"]))]
    grant_types_supported: [&'static str; 1],
    /// None: no grant here goes by way of a browser.
    #[schema(value_type = Vec<String>, example = json!([]))]
    response_types_supported: [&'static str; 0],
    #[schema(value_type = Vec<String>, example = json!(["client_secret_basic", "client_secret_post"]))]
    token_endpoint_auth_methods_supported: [&'static str; 2],
    #[schema(value_type = Vec<String>, example = json!(["public"]))]
    subject_types_supported: [&'static str; 1],
    /// What tokens are signed with here.
    #[schema(value_type = Vec<String>, example = json!(["ES256", "EdDSA"]))]
    id_token_signing_alg_values_supported: [&'static str; SigningAlgorithm::ALL.len()],
}

/// Discover the authorization server
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", operation_id = "getOpenIdConfiguration", tag = "oauth2",
    responses((status = 200, description = "Its metadata", body = ConfigurationOut, headers(
        ("cache-control" = String, description = "`public, max-age=300`"),
    ))),
    security(()),
)]
pub(super) async fn openid_configuration(State(server): State<AuthorizationServer>) -> impl IntoResponse {
    let issuer = server.issuer();
    let body = ConfigurationOut {
        issuer: issuer.to_string(),
        token_endpoint: issuer.below(TOKEN_PATH),
        jwks_uri: issuer.below(JWKS_PATH),
        grant_types_supported: ["client_credentials"],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: SigningAlgorithm::ALL.map(SigningAlgorithm::as_str),
    };
    ([PUBLIC], Json(body))
}
