//! What an issuer's server may answer, and what is refused.

use super::issuer_server::IssuerServer;
use super::*;
use crate::issuers::fetch::{self, FetchError, Fetcher};

async fn fetched(server: &IssuerServer, change: Value) -> Result<(), FetchError> {
    let client = fetch::client().unwrap();
    Fetcher::new(client, &settings(&server.url, change)).keys().await.map(|_| ())
}

#[tokio::test]
async fn keys_are_found_by_discovery_or_where_the_settings_say() {
    let server = IssuerServer::start(&[&key("a")]).await;
    assert!(fetched(&server, json!({})).await.is_ok());
    assert!(fetched(&server, json!({"jwks_uri": format!("{}/jwks", server.url)})).await.is_ok());
    let nowhere = fetched(&server, json!({"jwks_uri": format!("{}/none", server.url)})).await;
    assert!(matches!(nowhere, Err(FetchError::Status(status)) if status == 404));
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_leads_nowhere() {
    let server = IssuerServer::start(&[&key("a")]).await;
    server.claim_to_be("https://evil.example");
    assert!(matches!(fetched(&server, json!({})).await, Err(FetchError::OtherIssuer)));
    server.claim_to_be(&format!("{}/", server.url));
    assert!(matches!(fetched(&server, json!({})).await, Err(FetchError::OtherIssuer)));
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn an_answer_too_large_or_with_too_many_keys_is_refused() {
    let server = IssuerServer::start(&[]).await;
    let one = serde_json::to_value(key("a").public_jwk()).unwrap();
    server.answer(json!({"keys": [one], "x": " ".repeat(300_000)}).to_string());
    assert!(matches!(fetched(&server, json!({})).await, Err(FetchError::TooLarge)));
    server.answer(json!({"keys": vec![&one; 65]}).to_string());
    assert!(matches!(fetched(&server, json!({})).await, Err(FetchError::TooManyKeys)));
    server.answer(json!({"keys": vec![&one; 64]}).to_string());
    assert!(fetched(&server, json!({})).await.is_ok());
}

#[tokio::test]
async fn an_answer_without_a_public_key_for_signatures_is_refused() {
    let server = IssuerServer::start(&[]).await;
    let symmetric =
        json!({"kty": "oct", "kid": "a", "alg": "HS256", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMw"});
    let weak = json!({"kty": "RSA", "n": "w".repeat(171), "e": "AQAB"});
    for keys in [json!([]), json!([symmetric]), json!([weak])] {
        server.answer(json!({"keys": keys}).to_string());
        assert!(matches!(fetched(&server, json!({})).await, Err(FetchError::NoKeys)), "{keys}");
    }
    for no_set in ["", "<html>", "[]", "{}"] {
        server.answer(no_set.to_owned());
        assert!(matches!(fetched(&server, json!({})).await, Err(FetchError::Document(_))), "{no_set}");
    }
}

#[tokio::test]
async fn redirects_are_followed_within_the_scheme_and_not_for_ever() {
    let server = IssuerServer::start(&[&key("a")]).await;
    server.move_keys("/jwks/moved");
    assert!(fetched(&server, json!({})).await.is_ok());
    for to in ["https://127.0.0.1:1/jwks", "file:///etc/passwd", "/jwks"] {
        server.move_keys(to);
        let before = server.asked();
        let outcome = fetched(&server, json!({})).await;
        assert!(outcome.is_err(), "{to}");
        assert!(server.asked() - before <= 4, "{to}");
    }
}
