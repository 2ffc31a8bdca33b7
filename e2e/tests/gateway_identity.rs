//! Who calls, by keys and tokens, good and forged; who is shut out and how soon; and what upstreams are shown instead.
#![cfg(test)]

#[path = "gateway_identity/attacks.rs"]
mod attacks;
#[path = "gateway_identity/credentials.rs"]
mod credentials;
#[path = "gateway_identity/issuers.rs"]
mod issuers;
#[path = "gateway_identity/keys.rs"]
mod keys;
#[path = "gateway_identity/revocation.rs"]
mod revocation;
#[path = "gateway_identity/routes.rs"]
mod routes;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use comporta_testkit::{Answer, Client};
use serde_json::{Value, json};

/// A route to an upstream, open to keys and tokens unless it says otherwise.
fn route(name: &str, more: Value) -> Value {
    let mut route = json!({"name": name, "match": {"path": format!("/{name}/**")}, "upstream": name,
        "auth": {"any_of": ["api-key", "jwt"]}});
    merge(&mut route, more);
    route
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("expected an object") };
    into.as_object_mut().unwrap().extend(more);
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn base64url(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The claims of a token, unverified.
fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// Asks for a token by client credentials.
async fn ask_for_token(address: SocketAddr, id: &str, secret: &str, scope: Option<&str>) -> Answer {
    let mut form = form_urlencoded::Serializer::new("grant_type=client_credentials".to_owned());
    form.extend_pairs(scope.map(|scope| ("scope", scope)));
    let authorization = basic(id, secret);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", &authorization)];
    Client::new(address, None).post("/oauth2/token", &headers, form.finish()).await.unwrap()
}

async fn token(address: SocketAddr, id: &str, secret: &str, scope: Option<&str>) -> String {
    let answer = ask_for_token(address, id, secret, scope).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// `GET` with a token.
async fn get_with(address: SocketAddr, path: &str, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    Client::new(address, None).get_as(path, &authorization).await
}

/// Calls with `authorization`.
trait GetAs {
    async fn get_as(&mut self, path: &str, authorization: &str) -> Answer;
}

impl GetAs for Client {
    async fn get_as(&mut self, path: &str, authorization: &str) -> Answer {
        self.request(hyper::Method::GET, path, &[("authorization", authorization)], Default::default())
            .await
            .unwrap()
    }
}

/// Waits until something holds, and says how long that took.
async fn until(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

/// The log holds none of these texts.
fn keeps_secret(log: &str, secrets: &[&str]) {
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "a secret is in the log: {}", line.unwrap_or_default());
    }
}

/// The id within a key's text.
fn key_id(text: &str) -> String {
    format!("key_{}", text.split('_').nth(2).unwrap())
}
