//! What a company sees of itself.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::test_app::TestApp;

#[tokio::test]
async fn a_caller_is_told_who_it_is_by_key_and_by_token() {
    let app = TestApp::start().await;
    let me = app.get("/v1/me").await;
    assert_eq!(me.status, 200);
    let me = me.json();
    assert_eq!(
        (&me["company"]["id"], &me["company"]["name"]),
        (&json!(app.first.company_id), &json!("Demo"))
    );
    assert_eq!((&me["key"]["company_id"], &me["key"]["status"]), (&me["company"]["id"], &json!("active")));
    assert_eq!(me["scopes"], me["key"]["scopes"]);
    assert!(!me.to_string().contains(&app.first.api_key), "a key's text is shown once");

    let token = app.token().await;
    let by_token = Request::get("/v1/me").header("authorization", format!("Bearer {token}"));
    let by_token = app.send(by_token.body(Body::empty()).unwrap()).await.json();
    assert_eq!((&by_token["company"], &by_token["key"]), (&me["company"], &me["key"]));
}

#[tokio::test]
async fn who_shows_no_key_is_told_nothing_of_anybody() {
    let app = TestApp::start().await;
    let answer = app.send(Request::get("/v1/me").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem().1, "unauthenticated");
}
