//! What is refused, and in what words.

use axum::body::Body;
use axum::http::Request;

use crate::test_app::TestApp;

#[tokio::test]
async fn nothing_is_told_to_who_brings_no_good_key() {
    let app = TestApp::start().await;
    let good = app.first.api_key.clone();
    let mut wrong = good.clone();
    wrong.replace_range(40..41, if &good[40..41] == "a" { "b" } else { "a" });
    for path in ["/v1/entries", "/v1/nothing", "/livros", "/"] {
        let without = app.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(
            (without.problem().0, without.header("www-authenticate").is_empty()),
            (401, false),
            "{path}"
        );
        for key in [wrong.as_str(), "", "cpt_live_", "x"] {
            let refused =
                app.send(Request::get(path).header("x-api-key", key).body(Body::empty()).unwrap()).await;
            assert_eq!(refused.problem().1, "unauthenticated", "{path} {key}");
        }
    }
    let twice = Request::get("/v1/entries")
        .header("x-api-key", &good)
        .header("x-api-key", &good)
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.send(twice).await.problem().0, 400, "two servers may read it in two ways");
}

#[tokio::test]
async fn a_key_without_the_scope_is_told_which_one_is_missing() {
    let app = TestApp::start().await;
    let made = app
        .admin(
            "POST",
            &format!("/admin/v1/companies/{}/keys", app.first.company_id),
            r#"{"name":"reader","scopes":["ledger:read"]}"#,
        )
        .await;
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let call = async |method: &str, path: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-api-key", &key)
            .body(Body::from("{}"))
            .unwrap();
        app.send(request).await
    };
    assert_eq!(call("GET", "/v1/entries").await.status, 200);
    let refused = call("POST", "/v1/entries").await;
    assert_eq!(refused.problem().0, 403);
    assert!(refused.body.contains("ledger:write"), "{}", refused.body);
    assert_eq!(call("GET", "/v1/books").await.problem().0, 403);
    assert_eq!(call("POST", "/v1/periods/2026-02/close").await.problem().0, 403);
}

#[tokio::test]
async fn another_companys_things_are_not_there() {
    let app = TestApp::start().await;
    let other =
        app.admin("POST", "/admin/v1/companies", r#"{"name":"Outra","email":"a@b.example"}"#).await.json();
    let keys = format!("/admin/v1/companies/{}/keys", other["id"].as_str().unwrap());
    let key = app
        .admin("POST", &keys, r#"{"name":"k","scopes":["ledger:read","ledger:write"]}"#)
        .await
        .json()["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let entry = app.post("/v1/entries", r#"{"kind":"credit","amount":1,"description":"x"}"#).await.json();
    let account = entry["account_id"].as_str().unwrap();
    for path in [
        format!("/v1/entries/{}", entry["id"].as_str().unwrap()),
        format!("/v1/accounts/{account}"),
        format!("/v1/daily-balances?account_id={account}"),
        format!("/v1/entries?account_id={account}"),
        format!("/v1/reports/cash-flow?account_id={account}"),
    ] {
        let answer =
            app.send(Request::get(&path).header("x-api-key", &key).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.problem().0, 404, "{path}");
    }
    let post = format!(r#"{{"kind":"credit","amount":1,"description":"x","account_id":"{account}"}}"#);
    let answer = app
        .send(Request::post("/v1/entries").header("x-api-key", &key).body(Body::from(post)).unwrap())
        .await;
    assert_eq!(answer.problem().0, 404);
}

#[tokio::test]
async fn bad_bodies_are_told_apart() {
    let app = TestApp::start().await;
    for (body, status, pointer) in [
        ("", 422, "/kind"),
        ("{", 400, ""),
        ("[]", 422, ""),
        (r#"["credit", "1.00", "x", null, null, null, null, null, null]"#, 422, ""),
        (r#"{"kind":"credit","amount":"1.00"}"#, 422, "/description"),
        (r#"{"kind":"credit","amount":"1.00","description":"x","surprise":1}"#, 422, "/surprise"),
        (r#"{"kind":"credit","amount":"1.00","amount":"2.00","description":"x"}"#, 422, "/amount"),
        (r#"{"kind":"credit","amount":1e400,"description":"x"}"#, 422, "/amount"),
        (r#"{"kind":"credit","amount":"0.00","description":"x"}"#, 422, "/amount"),
        (r#"{"kind":"credit","amount":"-1.00","description":"x"}"#, 422, "/amount"),
        (r#"{"kind":"credit","amount":"1.00","description":"a\u0000b"}"#, 422, "/description"),
        (
            r#"{"kind":"credit","amount":"1.00","description":"x","business_date":"2026-02-30"}"#,
            422,
            "/business_date",
        ),
        (
            r#"{"kind":"credit","amount":"1.00","description":"x","occurred_at":"9999-01-01T00:00:00Z"}"#,
            422,
            "/occurred_at",
        ),
        (r#"{"kind":"credit","amount":"1.00","description":"x","metadata":[1]}"#, 422, "/metadata"),
    ] {
        let (got, _, pointers) = app.post("/v1/entries", body).await.problem();
        assert_eq!((got, pointers.first().map_or("", String::as_str)), (status, pointer), "{body}");
    }
    let form = Request::post("/v1/entries")
        .header("x-api-key", &app.first.api_key)
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(app.send(form.body(Body::from("a=1")).unwrap()).await.problem().0, 415);
    let huge = format!(r#"{{"description":"{}"}}"#, "x".repeat(2 << 20));
    assert_eq!(app.post("/v1/entries", &huge).await.problem().0, 413);
    assert_eq!(app.get("/v1/entries").await.json()["data"], serde_json::json!([]));
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let app = TestApp::start().await;
    for (path, pointer) in [
        ("/v1/entries?limit=0", "?limit"),
        ("/v1/entries?limit=501", "?limit"),
        ("/v1/entries?limit=x", "?limit"),
        ("/v1/entries?form=2026-01-01", "?form"),
        ("/v1/entries?from=yesterday", "?from"),
        ("/v1/entries?kind=gift", "?kind"),
        ("/v1/entries?cursor=e30", "?cursor"),
        ("/v1/daily-balances?from=2026-03-02&to=2026-03-01", "?to"),
        ("/v1/daily-balances?from=1900-01-01", "?to"),
        ("/v1/reports/cash-flow?format=docx", "?format"),
    ] {
        assert_eq!(
            app.get(path).await.problem(),
            (422, "invalid".to_owned(), vec![pointer.to_owned()]),
            "{path}"
        );
    }
    for path in [
        "/v1/entries/x",
        "/v1/entries/ent_00000000000000000000000000",
        "/v1/daily-balances/today",
        "/v1/nothing",
    ] {
        assert_eq!(app.get(path).await.problem().0, 404, "{path}");
    }
    for path in ["/v1/entries/%ff", "/v1/entries/a%2Fb", "/v1/../../etc"] {
        assert_eq!(app.get(path).await.problem().0, 400, "{path}: two servers may read it in two ways");
    }
    let delete =
        Request::delete("/v1/entries").header("x-api-key", &app.first.api_key).body(Body::empty()).unwrap();
    let refused = app.send(delete).await;
    assert_eq!((refused.problem().0, refused.header("allow").contains("POST")), (405, true));
}

#[tokio::test]
async fn a_callers_request_id_is_kept_only_when_well_formed() {
    let app = TestApp::start().await;
    let with = async |id: &str| {
        let request =
            Request::get("/v1/entries").header("x-api-key", &app.first.api_key).header("x-request-id", id);
        app.send(request.body(Body::empty()).unwrap()).await.header("x-request-id").to_owned()
    };
    assert_eq!(with("order-42/a").await, "order-42/a");
    assert!(with("a b").await.starts_with("req_") && with(&"x".repeat(200)).await.starts_with("req_"));
}
