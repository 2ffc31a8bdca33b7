//! Services that run without the gateway: a listener that serves only what a gateway of this installation vouches for.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use comporta_gateway::{PRINCIPAL_AUDIENCE, PRINCIPAL_HEADER, PRINCIPAL_TYPE, recorded_within};
use comporta_http::{Principal, Problem, assign_request_id, kinds};
use comporta_identity::SigningKeys;
use comporta_jwt::{Algorithm, Claims, Expectations, Token, TokenError, VerifyingKey};
use comporta_kernel::{Clock, IdSource, Spans};
use comporta_partners::KeyRing;
use serde_json::json;

use crate::service_counts;
use crate::service_layers::service_layers;
use crate::service_spans::FromElsewhere;
use crate::wiring::App;

/// By how many seconds the clocks of two processes may differ.
const LEEWAY: i64 = 5;
/// What gateways sign with.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::EdDSA, Algorithm::ES256];

/// Who may vouch for a caller, and by which clock.
#[derive(Clone)]
struct Trust {
    keys: SigningKeys,
    issuer: Arc<str>,
    clock: Clock,
    /// Spans have somewhere to go.
    records: bool,
}

/// The services of this process behind the check of who vouches.
pub fn router(app: &App, keys: &KeyRing, ids: IdSource, spans: Option<&Spans>) -> Router {
    let trust = Trust {
        keys: app.signing_keys.clone(),
        issuer: app.settings.issuer().into(),
        clock: app.clock.clone(),
        records: spans.is_some(),
    };
    let counted = |(service, router): (&'static str, Router)| {
        service_counts::begin(service);
        router.route_layer(from_fn_with_state(service, service_counts::note))
    };
    let all = app.services(keys, spans).into_iter().map(counted).fold(Router::new(), Router::merge);
    // The check stands inside: what it refuses gets its body from the layers around it.
    let all = all.layer(from_fn_with_state(trust, vouched));
    // For the probes of gateways: whether the process is there, and no more.
    service_layers(all.route("/healthz", get(async || Json(json!({"status": "ok"})))))
        .layer(from_fn_with_state(ids, assign_request_id))
        .layer(from_fn(service_counts::count))
}

async fn vouched(State(trust): State<Trust>, mut request: Request, next: Next) -> Response {
    let Some(token) = request.headers_mut().remove(PRINCIPAL_HEADER) else {
        return refuse("this listener serves only what a gateway of this installation vouches for");
    };
    let claims = match trust.read(token.to_str().unwrap_or_default()) {
        // A key made a moment ago by another process, perhaps.
        Err(TokenError::OtherKey) => match trust.keys.refresh().await {
            Ok(()) => trust.read(token.to_str().unwrap_or_default()),
            Err(error) => return Problem::from(error).into_response(),
        },
        read => read,
    };
    // Only what a gateway says counts: anybody else could have everything recorded.
    if trust.records && claims.is_ok() {
        let within = request.headers().get("traceparent").and_then(recorded_within);
        if let Some(within) = within {
            request.extensions_mut().insert(within);
            request.extensions_mut().insert(FromElsewhere);
        }
    }
    match claims.map(|claims| principal(&claims)) {
        Ok(Ok(Some(principal))) => {
            request.extensions_mut().insert(Arc::new(principal));
            next.run(request).await
        }
        // Nobody's request, to a route where nobody may pass.
        Ok(Ok(None)) => next.run(request).await,
        Ok(Err(Nameless)) => refuse("the principal is not a company's"),
        Err(error) => {
            tracing::warn!(%error, "a principal was refused");
            refuse("the principal was not signed by a gateway of this installation, or is over")
        }
    }
}

impl Trust {
    fn read(&self, text: &str) -> Result<Claims, TokenError> {
        let token = Token::parse(text)?;
        // Access tokens are signed with the same keys: one must not pass for a principal.
        if token.typ() != Some(PRINCIPAL_TYPE) {
            return Err(TokenError::Json);
        }
        let jwks = self.keys.jwks();
        let jwk =
            jwks.keys.iter().find(|jwk| jwk.kid.as_deref() == token.kid()).ok_or(TokenError::OtherKey)?;
        let key = VerifyingKey::from_jwk(jwk).map_err(|_| TokenError::OtherKey)?;
        let claims = token.verify(&key, &ALGORITHMS)?;
        let now = self.clock.now().as_second();
        let audience = [PRINCIPAL_AUDIENCE];
        claims.check(&Expectations { issuer: &self.issuer, audience: &audience, now, leeway: LEEWAY })?;
        Ok(claims)
    }
}

struct Nameless;

fn principal(claims: &Claims) -> Result<Option<Principal>, Nameless> {
    let Some(company) = claims.text("company") else { return Ok(None) };
    let scopes = claims.text("scope").unwrap_or_default().split_whitespace().map(str::to_owned);
    Ok(Some(Principal {
        company_id: company.parse().map_err(|_| Nameless)?,
        actor: claims.text("sub").unwrap_or_default().into(),
        live: claims.get("live").is_none_or(|live| live == true),
        scopes: scopes.collect(),
    }))
}

fn refuse(detail: &'static str) -> Response {
    Problem::new(&kinds::UNAUTHENTICATED, detail).into_response()
}
