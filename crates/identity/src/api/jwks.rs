//! `GET /.well-known/jwks.json`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::PUBLIC;
use crate::AuthorizationServer;

/// Get the keys to check tokens with
///
/// A JWK set (RFC 7517): the keys that sign, those that soon will, and those whose last token may still live.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "getJwks", tag = "oauth2",
    responses((
        status = 200, description = "The keys", body = Object,
        headers(("cache-control" = String, description = "`public, max-age=300`")),
        example = json!({"keys": [
            {
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "sig_01kb1gy3m7f0v9s4t2q8n6x5cw",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
            },
            {
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "sig_01kb1gy3m7gcyt8n5w2r6d0q4h",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
            }
        ]}),
    )),
    security(()),
)]
pub(super) async fn jwks(State(server): State<AuthorizationServer>) -> Response {
    ([PUBLIC], Json(&*server.keys().jwks())).into_response()
}
