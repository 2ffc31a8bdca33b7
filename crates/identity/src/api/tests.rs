//! The endpoints of OAuth 2.0, as a client and as a verifier of tokens see them.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use comporta_db::{Db, Options};
use comporta_http::Principal;
use comporta_jwt::{Algorithm, Expectations, JwkSet, Token, VerifyingKey};
use comporta_kernel::{ManualClock, Rng};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::{
    AuthorizationServer, Clients, ClientsUnavailable, Rotation, SealingKey, SigningAlgorithm, SigningKeys,
};

const ISSUER: &str = "https://api.example.com";
const KEY: &str = "key_00000000000000000000000001";
const COMPANY: &str = "cmp_00000000000000000000000002";
const SECRET: &str = "cpt_live_good";

/// Knows one key by its text alone, as a ring of keys does, and fails when asked about `cpt_live_down`.
struct Ring;

#[async_trait]
impl Clients for Ring {
    async fn authenticate(
        &self,
        _: &str,
        secret: &str,
    ) -> Result<Option<Arc<Principal>>, ClientsUnavailable> {
        let scopes = ["ledger:read", "ledger:write", "books:read"].map(str::to_owned);
        let company_id = COMPANY.parse().unwrap();
        let principal = Principal { company_id, actor: KEY.into(), live: true, scopes: Arc::new(scopes) };
        match secret {
            SECRET => Ok(Some(Arc::new(principal))),
            "cpt_live_down" => Err(ClientsUnavailable),
            _ => Ok(None),
        }
    }
}

struct Client {
    router: Router,
    clock: ManualClock,
    keys: SigningKeys,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
    principal: Option<Arc<Principal>>,
}

impl Client {
    async fn new() -> Self {
        let url = comporta_neighbours::fresh_sqlite_url().parse().unwrap();
        let db = Db::open(&Options { url, read_url: None, max_connections: 4 }).await.unwrap();
        db.migrate().await.unwrap();
        let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
        let sealing = SealingKey::derive(&[1; 32]);
        let keys = SigningKeys::open(&db, sealing, Rotation::default(), clock.clone().into(), Rng::seeded(1));
        let keys = keys.await.unwrap();
        let server = AuthorizationServer::new(
            ISSUER.parse().unwrap(),
            keys.clone(),
            Arc::new(Ring),
            AuthorizationServer::TOKEN_LIFE,
            clock.clone().into(),
            Rng::seeded(2),
        );
        Self { router: oauth_router(server), clock, keys }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let mut response = self.router.clone().oneshot(request).await.unwrap();
        let principal = response.extensions_mut().remove();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Answer { status: head.status, headers: head.headers, body, principal }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Asks for a token, with the key by HTTP Basic.
    async fn by_basic(&self, form: &str) -> Answer {
        let request = form_request().header("authorization", basic(KEY, SECRET));
        self.send(request.body(form.to_owned().into()).unwrap()).await
    }

    async fn in_form(&self, form: &str) -> Answer {
        self.send(form_request().body(form.to_owned().into()).unwrap()).await
    }

    async fn jwks(&self) -> JwkSet {
        serde_json::from_value(self.get("/.well-known/jwks.json").await.body).unwrap()
    }
}

fn form_request() -> axum::http::request::Builder {
    Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded")
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A part of a token, not verified.
fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_client_is_given_a_token_that_verifies_by_the_published_keys() {
    let client = Client::new().await;
    let answer = client.by_basic("grant_type=client_credentials").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let text = answer.body["access_token"].as_str().unwrap();
    let rest = json!({
        "access_token": text, "token_type": "Bearer", "expires_in": 900,
        "scope": "ledger:read ledger:write books:read",
    });
    assert_eq!(answer.body, rest);
    assert_eq!(&*answer.principal.unwrap().actor, KEY, "for the access line");

    let token = Token::parse(text).unwrap();
    let jwks = client.jwks().await;
    let jwk = jwks.keys.iter().find(|jwk| jwk.kid.as_deref() == token.kid()).unwrap();
    let claims = token.verify(&VerifyingKey::from_jwk(jwk).unwrap(), &[Algorithm::ES256]).unwrap();
    let now = client.clock.now().as_second();
    claims.check(&Expectations { issuer: ISSUER, audience: &[ISSUER], now, leeway: 0 }).unwrap();
}

#[tokio::test]
async fn a_token_says_what_rfc_9068_asks_for_and_the_company() {
    let client = Client::new().await;
    let answer = client.by_basic("grant_type=client_credentials&scope=books:read").await;
    let token = answer.body["access_token"].as_str().unwrap();
    let kid = client.keys.current(SigningAlgorithm::Es256).kid().unwrap().to_owned();
    assert_eq!(part(token, 0), json!({"alg": "ES256", "kid": kid, "typ": "at+jwt"}));
    let mut claims = part(token, 1);
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert!(jti.as_str().unwrap().starts_with("tok_"), "{jti}");
    let now = client.clock.now().as_second();
    let expected = json!({
        "iss": ISSUER, "aud": ISSUER, "sub": KEY, "client_id": KEY, "company": COMPANY,
        "iat": now, "exp": now + 900, "scope": "books:read",
    });
    assert_eq!(claims, expected);
    let again = client.by_basic("grant_type=client_credentials").await;
    assert_ne!(part(again.body["access_token"].as_str().unwrap(), 1)["jti"], jti);
}

#[tokio::test]
async fn a_client_may_authenticate_in_the_body() {
    let client = Client::new().await;
    let form = format!("grant_type=client_credentials&client_id={KEY}&client_secret={SECRET}&scope=");
    let answer = client.in_form(&form).await;
    assert_eq!((answer.status, &answer.body["expires_in"]), (StatusCode::OK, &json!(900)));
    assert_eq!(answer.body["scope"], "ledger:read ledger:write books:read", "an empty scope is none");
}

#[tokio::test]
async fn a_faulty_request_is_told_by_the_codes_of_rfc_6749() {
    let client = Client::new().await;
    let too_much = "grant_type=client_credentials&scope=books:read%20books:write";
    for (form, error) in [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=client_credentials&client_secret=cpt_live_good", "invalid_request"),
        ("grant_type=client_credentials&client_id=key_2", "invalid_request"),
        ("grant_type=client_credentials&scope=moon:walk", "invalid_scope"),
        (too_much, "invalid_scope"),
    ] {
        let answer = client.by_basic(form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(answer.body["error"], error, "{form}: {}", answer.body);
        assert!(answer.body["error_description"].is_string());
        assert_eq!(answer.headers["cache-control"], "no-store", "{form}");
        assert!(!answer.headers.contains_key("www-authenticate") && answer.principal.is_none());
    }
}

#[tokio::test]
async fn a_client_that_is_not_known_is_challenged() {
    let client = Client::new().await;
    let form = "grant_type=client_credentials";
    let mut answers = Vec::new();
    for authorization in [
        basic(KEY, "cpt_live_wrong"),
        basic("key_00000000000000000000000009", SECRET),
        basic("", ""),
        "Basic ???".to_owned(),
        format!("Bearer {SECRET}"),
    ] {
        let request = form_request().header("authorization", authorization).body(form.into()).unwrap();
        answers.push(client.send(request).await);
    }
    answers.push(client.in_form(form).await);
    answers.push(client.in_form(&format!("{form}&client_id={KEY}&client_secret=cpt_live_wrong")).await);
    for answer in answers {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.body);
        assert_eq!(answer.body["error"], "invalid_client");
        assert_eq!(answer.headers["www-authenticate"], "Basic realm=\"comporta\"");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_or_too_large_is_refused() {
    let client = Client::new().await;
    for content_type in [None, Some("application/json"), Some("application/x-www-form-urlencoded2")] {
        let mut request = Request::post("/oauth2/token").header("authorization", basic(KEY, SECRET));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = client.send(request.body("grant_type=client_credentials".into()).unwrap()).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_request"))
        );
    }
    let form = |length: usize| format!("grant_type=client_credentials&pad={}", "x".repeat(length - 34));
    assert_eq!(client.by_basic(&form(16 * 1024)).await.status, StatusCode::OK);
    let answer = client.by_basic(&form(16 * 1024 + 1)).await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("invalid_request"))
    );
}

#[tokio::test]
async fn a_form_may_name_its_charset() {
    let client = Client::new().await;
    let request = Request::post("/oauth2/token")
        .header("content-type", "Application/X-WWW-Form-URLEncoded; charset=UTF-8")
        .header("authorization", basic(KEY, SECRET).replace("Basic", "bAsIc"));
    let answer = client.send(request.body("grant_type=client_credentials".into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn a_client_that_cannot_be_told_may_try_again() {
    let client = Client::new().await;
    let form = format!("grant_type=client_credentials&client_id={KEY}&client_secret=cpt_live_down");
    let answer = client.in_form(&form).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.body["error"], "temporarily_unavailable");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test]
async fn what_is_discovered_leads_to_the_endpoints() {
    let client = Client::new().await;
    let answer = client.get("/.well-known/openid-configuration").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    let expected = json!({
        "issuer": ISSUER,
        "token_endpoint": format!("{ISSUER}/oauth2/token"),
        "jwks_uri": format!("{ISSUER}/.well-known/jwks.json"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA"],
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn published_keys_are_public_and_for_signatures() {
    let client = Client::new().await;
    let answer = client.get("/.well-known/jwks.json").await;
    assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    let keys = answer.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        assert_eq!((&key["use"], &key["d"]), (&json!("sig"), &Value::Null), "{key}");
        assert!(key["kid"].as_str().unwrap().starts_with("sig_"), "{key}");
    }
}

#[tokio::test]
async fn a_token_outlives_the_change_of_keys() {
    let client = Client::new().await;
    client.clock.advance(SignedDuration::from_hours(24 * 29));
    client.keys.rotate().await.unwrap();
    client.clock.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    let last = client.by_basic("grant_type=client_credentials").await.body;
    client.clock.advance(SignedDuration::from_secs(1));
    let first = client.by_basic("grant_type=client_credentials").await.body;
    client.keys.rotate().await.unwrap();

    let kid = |body: &Value| part(body["access_token"].as_str().unwrap(), 0)["kid"].clone();
    assert_ne!(kid(&last), kid(&first));
    let jwks = client.jwks().await;
    for body in [last, first] {
        assert!(jwks.keys.iter().any(|jwk| jwk.kid.as_deref() == kid(&body).as_str()));
    }
}

#[test]
fn the_document_describes_every_endpoint() {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(paths.len(), 3);
    for path in [TOKEN_PATH, CONFIGURATION_PATH, JWKS_PATH] {
        assert!(paths.contains(&path), "{path}");
    }
    let scheme = &document["components"]["securitySchemes"][CLIENT];
    assert_eq!(scheme["scheme"], "basic", "{document}");
    let body = &document["paths"][TOKEN_PATH]["post"]["requestBody"]["content"];
    assert!(body["application/x-www-form-urlencoded"]["schema"]["$ref"].is_string(), "{body}");
}
