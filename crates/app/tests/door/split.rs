//! Services in one process, their gateway in another: only what a gateway vouches for is served.

use axum::body::Body;
use axum::http::Request;

use crate::test_app::{Split, TestApp};

#[tokio::test]
async fn a_service_serves_what_its_gateway_vouches_for() {
    let split = Split::start().await;
    let made = split.post("/v1/entries", r#"{"kind":"credit","amount":"1.00","description":"x"}"#).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(split.get(&format!("/v1/entries/{id}")).await.json()["amount"], "1.00");
    assert_eq!(split.get("/docs").await.status, 200, "nobody's request passes where nobody may");
}

#[tokio::test]
async fn a_service_refuses_whatever_no_gateway_vouches_for() {
    let split = Split::start().await;
    let key = split.app.first.api_key.clone();
    let token = split.token().await;
    for (header, value) in [
        ("x-api-key", key.as_str()),
        ("x-comporta-principal", "x"),
        // An access token is signed with the same keys, and is no principal.
        ("x-comporta-principal", token.as_str()),
        ("authorization", &format!("Bearer {token}")),
    ] {
        let request = Request::get("/v1/entries").header(header, value).body(Body::empty()).unwrap();
        assert_eq!(split.send_to_service(request).await.problem().0, 401, "{header}");
    }
    let forged = Request::get("/v1/entries").header("x-api-key", &key).header("x-comporta-principal", "x");
    let refused = split.app.send(forged.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.problem().0, 400, "a caller cannot write the gateway's own headers");
}

#[tokio::test]
async fn a_token_opens_what_its_key_does() {
    let app = TestApp::start().await;
    let token = app.token().await;
    let books = Request::get("/v1/books").header("authorization", format!("Bearer {token}"));
    assert_eq!(app.send(books.body(Body::empty()).unwrap()).await.status, 200);
    let both = Request::get("/v1/books")
        .header("authorization", format!("Bearer {token}"))
        .header("x-api-key", &app.first.api_key);
    assert_eq!(app.send(both.body(Body::empty()).unwrap()).await.problem().0, 401, "one credential, once");
}
