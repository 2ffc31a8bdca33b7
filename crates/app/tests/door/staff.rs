//! The private listener: health, metrics, administration by token; and the documents of the public one.

use axum::body::Body;
use axum::http::Request;

use crate::test_app::{Split, TestApp};

#[tokio::test]
async fn health_readiness_and_metrics_need_no_token() {
    let app = TestApp::start().await;
    app.get("/v1/entries").await;
    for (path, part) in [
        ("/healthz", "\"ok\""),
        ("/readyz", "\"database\":\"ok\""),
        ("/metrics", "comporta_http_requests_total"),
    ] {
        let answer = app.send_privately(Request::get(path).body(Body::empty()).unwrap()).await;
        assert!(answer.status == 200 && answer.body.contains(part), "{path}: {}", answer.body);
    }
    let metrics = app.send_privately(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert!(!metrics.body.contains("cmp_") && !metrics.body.contains("cpt_"), "no label is a company's");
}

#[tokio::test]
async fn administration_needs_a_staff_members_token() {
    let app = TestApp::start().await;
    for token in ["", "Bearer ", "Bearer adm_x", "Basic abc", &format!("Bearer {}", app.first.api_key)] {
        let request =
            Request::get("/admin/v1/companies").header("authorization", token).body(Body::empty()).unwrap();
        assert_eq!(app.send_privately(request).await.problem().0, 401, "{token}");
    }
    assert_eq!(app.admin("GET", "/admin/v1/companies", "").await.json()["data"][0]["name"], "Demo");
}

#[tokio::test]
async fn one_admin_token_is_believed_whatever_the_case_of_its_scheme_and_two_are_not() {
    let app = TestApp::start().await;
    let token = app.first.admin_token.clone();
    let companies = || Request::get("/admin/v1/companies");
    let lower = companies().header("authorization", format!("bearer {token}"));
    assert_eq!(app.send_privately(lower.body(Body::empty()).unwrap()).await.status, 200);
    let two =
        companies().header("authorization", format!("Bearer {token}")).header("authorization", "Bearer x");
    assert_eq!(app.send_privately(two.body(Body::empty()).unwrap()).await.problem().0, 401);
}

#[tokio::test]
async fn text_that_no_database_holds_is_refused_before_one_is_asked() {
    let app = TestApp::start().await;
    for (path, status) in [
        ("/admin/v1/audit?actor=%00", 422),
        ("/admin/v1/audit?action=a%00b", 422),
        ("/admin/v1/requests/%00", 404),
        ("/admin/v1/audit?limit=x", 422),
    ] {
        assert_eq!(app.admin("GET", path, "").await.problem().0, status, "{path}");
    }
    let doubled = app.admin("GET", "/admin/v1/audit?limit=1&limit=2", "").await.json();
    assert_eq!(doubled["errors"][0]["pointer"], "?limit", "{doubled}");
}

#[tokio::test]
async fn a_new_key_works_at_once() {
    let app = TestApp::start().await;
    let keys = format!("/admin/v1/companies/{}/keys", app.first.company_id);
    let made = app.admin("POST", &keys, r#"{"name":"second","scopes":["ledger:read"]}"#).await.json();
    let text = made["key"].as_str().unwrap();
    let request = Request::get("/v1/entries").header("x-api-key", text).body(Body::empty()).unwrap();
    assert_eq!(app.send(request).await.status, 200);
    assert!(!app.admin("GET", &keys, "").await.body.contains(text), "shown once");
}

#[tokio::test]
async fn the_document_and_its_page_come_from_this_server_alone() {
    let app = TestApp::start().await;
    let open = async |path: &str| app.send(Request::get(path).body(Body::empty()).unwrap()).await;
    let document = open("/openapi.json").await.json();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    for path in ["/v1/entries", "/v1/books", "/livros", "/incomes", "/v1/daily-balances/{date}"] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
    let page = open("/docs").await;
    assert!(page.status == 200 && !page.body.contains("http://") && !page.body.contains("https://"));
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "comporta.js", "comporta.css", "comporta.svg"] {
        assert!(page.body.contains(file) || file == "comporta.svg");
        assert_eq!(open(&format!("/docs/assets/{file}")).await.status, 200, "{file}");
    }
    assert_eq!(open("/docs/assets/secret").await.problem().0, 404);
}

#[tokio::test]
async fn operators_see_what_is_published_and_where_it_leads() {
    let split = Split::start().await;
    let routes = split.app.admin("GET", "/admin/v1/routes", "").await.json();
    let books = routes["data"].as_array().unwrap().iter().find(|route| route["name"] == "books").unwrap();
    assert_eq!(books["match"]["path"], "/v1/books/**");
    let upstreams = split.app.admin("GET", "/admin/v1/upstreams", "").await.json();
    let ledger = upstreams["data"].as_array().unwrap().iter().find(|one| one["name"] == "ledger").unwrap();
    assert_eq!(
        (&ledger["targets"][0]["in_flight"], &ledger["targets"][0]["ejected"]),
        (&0.into(), &false.into())
    );
    let request = Request::get("/admin/v1/routes").body(Body::empty()).unwrap();
    assert_eq!(split.app.send_privately(request).await.problem().0, 401);
}
