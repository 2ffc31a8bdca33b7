//! The operator's endpoints, as a client sees them.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use comporta_db::{Db, Options, Tx};
use comporta_kernel::{CompanyId, ManualClock, Rng, Timestamp};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::{Actor, OnCompanyCreated, Pepper};

struct Nobody;

#[async_trait]
impl OnCompanyCreated for Nobody {
    async fn company_created(
        &self,
        _: &mut Tx,
        _: CompanyId,
        _: Timestamp,
    ) -> Result<(), comporta_db::Error> {
        Ok(())
    }
}

/// A client of the endpoints on a new database.
struct Client(Router);

impl Client {
    async fn new() -> Self {
        let url = comporta_neighbours::fresh_sqlite_url().parse().unwrap();
        let db = Db::open(&Options { url, read_url: None, max_connections: 4 }).await.unwrap();
        db.migrate().await.unwrap();
        let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
        let pepper = Pepper::from_text(&"p".repeat(32)).unwrap();
        let partners = Partners::new(&db, pepper, clock.into(), Rng::seeded(1), Arc::new(Nobody));
        let ids = comporta_kernel::IdSource::new(comporta_kernel::Clock::system(), Rng::seeded(3));
        let router = admin_router(partners)
            .layer(axum::Extension(Actor::staff("rui@example.com")))
            .layer(axum::middleware::from_fn(comporta_http::render_problems))
            .layer(axum::middleware::from_fn_with_state(ids, comporta_http::assign_request_id));
        Self(router)
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(format!("/admin/v1{path}")).body(body).unwrap();
        let response = self.0.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send("POST", path, body).await
    }

    async fn company(&self) -> String {
        let (status, company) =
            self.post("/companies", json!({"name": "Ana", "email": "ana@example.com"})).await;
        assert_eq!(status, StatusCode::CREATED, "{company}");
        company["id"].as_str().unwrap().to_owned()
    }

    async fn key(&self, company: &str) -> Value {
        let new = json!({"name": "till", "scopes": ["ledger:read", "books:read"]});
        let (status, key) = self.post(&format!("/companies/{company}/keys"), new).await;
        assert_eq!(status, StatusCode::CREATED, "{key}");
        key
    }
}

fn pointer(problem: &Value) -> &str {
    problem["errors"][0]["pointer"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_company_is_made_shown_changed_and_listed() {
    let client = Client::new().await;
    let id = client.company().await;
    let path = format!("/companies/{id}");
    let (_, shown) = client.send("GET", &path, Value::Null).await;
    let expected = json!({
        "id": id, "name": "Ana", "document": null, "email": "ana@example.com", "address": null,
        "plan": null, "status": "active", "created_at": "2026-03-01T12:00:00Z",
    });
    assert_eq!(shown, expected);

    let change = json!({"status": "suspended", "document": "123", "address": null});
    let (status, changed) = client.send("PATCH", &path, change).await;
    assert_eq!(
        (status, &changed["status"], &changed["document"]),
        (StatusCode::OK, &json!("suspended"), &json!("123"))
    );

    client.company().await;
    let (_, first) = client.send("GET", "/companies?limit=1", Value::Null).await;
    assert_eq!(first["data"], json!([changed]));
    let next = first["next_cursor"].as_str().unwrap();
    let (_, second) = client.send("GET", &format!("/companies?limit=1&cursor={next}"), Value::Null).await;
    assert_eq!((second["data"].as_array().unwrap().len(), &second["next_cursor"]), (1, &Value::Null));
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let client = Client::new().await;
    let id = client.company().await;
    let companies = [
        (json!({"name": " ", "email": "a@b.co"}), "/name"),
        (json!({"name": "Ana"}), "/email"),
        (json!({"name": "Ana", "email": "ana"}), "/email"),
        (json!({"name": "Ana", "email": "a@b.co", "colour": "red"}), "/colour"),
    ];
    for (body, at) in companies {
        let (status, problem) = client.post("/companies", body).await;
        assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, at), "{problem}");
    }
    let keys = [
        (json!({"name": "till", "scopes": []}), "/scopes"),
        (json!({"name": "till", "scopes": ["ledger:read", "moonwalk"]}), "/scopes/1"),
        (
            json!({"name": "till", "scopes": ["ledger:read"], "expires_at": "2026-03-01T12:00:00Z"}),
            "/expires_at",
        ),
        (json!({"name": "till", "scopes": ["ledger:read"], "expires_at": "soon"}), "/expires_at"),
        (json!({"name": "till", "scopes": ["ledger:read"], "mode": "play"}), "/mode"),
    ];
    for (body, at) in keys {
        let (status, problem) = client.post(&format!("/companies/{id}/keys"), body).await;
        assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, at), "{problem}");
    }
    let (status, problem) = client.send("PATCH", &format!("/companies/{id}"), json!({"name": null})).await;
    assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, "/name"));
}

#[tokio::test]
async fn a_keys_text_is_shown_once() {
    let client = Client::new().await;
    let company = client.company().await;
    let mut key = client.key(&company).await;
    let text = key.as_object_mut().unwrap().remove("key").unwrap();
    assert!(text.as_str().unwrap().starts_with("cpt_live_"));
    let (_, listed) = client.send("GET", &format!("/companies/{company}/keys"), Value::Null).await;
    assert_eq!(listed["data"], json!([key]));
    assert_eq!((&key["status"], &key["scopes"]), (&json!("active"), &json!(["books:read", "ledger:read"])));
}

#[tokio::test]
async fn a_key_is_rotated_and_revoked() {
    let client = Client::new().await;
    let old = client.key(&client.company().await).await["id"].as_str().unwrap().to_owned();
    let rotate = format!("/keys/{old}/rotate");
    let (status, problem) = client.post(&rotate, json!({"overlap": "a day"})).await;
    assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, "/overlap"));

    // A day, if nobody says otherwise.
    let (status, rotated) = client.post(&rotate, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{rotated}");
    assert_eq!(rotated["previous"], json!({"id": old, "valid_until": "2026-03-02T12:00:00Z"}));
    assert!(rotated["key"].as_str().unwrap().contains(&rotated["id"].as_str().unwrap()[4..]));
    assert_eq!(client.post(&rotate, json!({"overlap": "0s"})).await.0, StatusCode::CONFLICT);

    let (status, revoked) = client.post(&format!("/keys/{old}/revoke"), Value::Null).await;
    assert_eq!((status, &revoked["status"]), (StatusCode::OK, &json!("revoked")));
    assert_eq!(revoked["replaced_by"], rotated["id"]);
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let client = Client::new().await;
    let company = "/companies/cmp_00000000000000000000000000";
    for (method, path) in [
        ("GET", company.to_owned()),
        ("GET", format!("{company}/keys")),
        ("GET", "/companies/cmp_1".to_owned()),
        ("POST", "/keys/key_00000000000000000000000000/revoke".to_owned()),
    ] {
        assert_eq!(client.send(method, &path, Value::Null).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn the_document_describes_every_endpoint() {
    let document = serde_json::to_value(<AdminApi as utoipa::OpenApi>::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.values().map(|path| path.as_object().unwrap().len()).sum::<usize>(), 21);
    let issued = document["components"]["schemas"]["IssuedKey"].to_string();
    assert!(issued.contains("#/components/schemas/Key"), "{issued}");
}

/// Asks for usage, of one company or as an operator, on a database in which nothing was counted.
async fn usage(path: &str, accept: &str) -> (StatusCode, String, Value) {
    let url = comporta_neighbours::fresh_sqlite_url().parse().unwrap();
    let db = Db::open(&Options { url, read_url: None, max_connections: 4 }).await.unwrap();
    db.migrate().await.unwrap();
    let clock = ManualClock::at("2026-03-01T02:00:00Z".parse().unwrap());
    let usage = Usage::new(&db, clock.into(), "America/Sao_Paulo".parse().unwrap());
    let router = usage_router(usage.clone()).merge(usage_admin_router(usage));
    let router = router.layer(axum::middleware::from_fn(comporta_http::render_problems));
    let mut request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
    let company_id = "cmp_00000000000000000000000000".parse().unwrap();
    let principal =
        comporta_http::Principal { company_id, actor: "key_1".into(), live: true, scopes: [].into() };
    request.extensions_mut().insert(Arc::new(principal));
    let response = router.oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let name = headers.get("content-disposition").map(|name| name.to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    (status, name.unwrap_or_default(), serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}

#[tokio::test]
async fn usage_is_of_the_present_month_by_the_zones_days_and_comes_as_a_table_to_who_takes_one() {
    let (status, _, body) = usage("/v1/usage", "*/*").await;
    assert_eq!((status, body), (StatusCode::OK, json!({"data": []})));
    // In São Paulo it is still February.
    let name = "attachment; filename=\"usage-2026-02-01-2026-02-28.csv\"";
    for (path, accept, name, head) in [
        ("/v1/usage", "text/csv", name, "day"),
        ("/v1/usage?group_by=route&format=csv", "*/*", name, "route"),
        ("/v1/usage?from=2026-02-03&format=csv", "*/*", &name.replace("02-01", "02-03"), "day"),
        ("/admin/v1/usage?group_by=company", "text/csv;q=1, */*", name, "company_id"),
    ] {
        let (status, named, body) = usage(path, accept).await;
        let expected = json!(format!("{head},requests,bytes_in,bytes_out\n"));
        assert_eq!((status, named.as_str(), body), (StatusCode::OK, name, expected), "{path}");
    }
}

#[tokio::test]
async fn a_question_about_usage_that_makes_no_sense_is_refused_by_name() {
    for (query, at) in [
        ("/v1/usage?from=2026-02-02&to=2026-02-01", "?to"),
        ("/v1/usage?from=2024-01-01", "?to"),
        ("/v1/usage?from=yesterday", "?from"),
        ("/v1/usage?group_by=company", "?group_by"),
        ("/v1/usage?company_id=cmp_00000000000000000000000000", "?company_id"),
        ("/admin/v1/usage?group_by=key", "?group_by"),
        ("/admin/v1/usage?company_id=7", "?company_id"),
        ("/admin/v1/usage?format=xlsx", "?format"),
    ] {
        let (status, _, problem) = usage(query, "*/*").await;
        assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, at), "{query}: {problem}");
    }
}

#[tokio::test]
async fn a_key_is_shown_and_changed_field_by_field() {
    let client = Client::new().await;
    let key = client.key(&client.company().await).await;
    let path = format!("/keys/{}", key["id"].as_str().unwrap());
    let (status, shown) = client.send("GET", &path, Value::Null).await;
    assert_eq!(
        (status, &shown["mode"], &shown["last_used_at"]),
        (StatusCode::OK, &json!("live"), &Value::Null)
    );
    assert_eq!((shown.get("key"), &shown["allowed_addresses"]), (None, &json!([])));

    let change = json!({"name": "desk", "allowed_addresses": ["203.0.113.0/24", "2001:db8::7"]});
    let (status, changed) = client.send("PATCH", &path, change).await;
    assert_eq!((status, &changed["name"]), (StatusCode::OK, &json!("desk")));
    assert_eq!(changed["allowed_addresses"], json!(["203.0.113.0/24", "2001:db8::7/128"]));
    let (_, changed) = client.send("PATCH", &path, json!({"allowed_addresses": null})).await;
    assert_eq!((&changed["allowed_addresses"], &changed["name"]), (&json!([]), &json!("desk")));

    let many = vec!["10.0.0.1"; 65];
    for (body, at) in [
        (json!({"allowed_addresses": ["10.0.0.0/99"]}), "/allowed_addresses/0"),
        (json!({"allowed_addresses": many}), "/allowed_addresses"),
        (json!({"expires_at": "2026-03-01T12:00:00Z"}), "/expires_at"),
        (json!({"name": null}), "/name"),
        (json!({"scopes": ["ledger:read"]}), "/scopes"),
    ] {
        let (status, problem) = client.send("PATCH", &path, body).await;
        assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, at), "{problem}");
    }
    assert_eq!(client.send("GET", &path, Value::Null).await.1, changed, "nothing was changed");
}

#[tokio::test]
async fn the_trail_tells_who_did_what_in_which_request_and_no_secret() {
    let client = Client::new().await;
    let company = client.company().await;
    let key = client.key(&company).await;
    let (status, trail) = client.send("GET", "/audit?limit=1", Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{trail}");
    let (_, made) = client.send("GET", "/audit?action=key.created", Value::Null).await;
    let entry = &made["data"][0];
    assert_eq!((&entry["action"], &entry["subject"]), (&json!("key.created"), &key["id"]));
    assert_eq!((&entry["actor"], &entry["company_id"]), (&json!("rui@example.com"), &json!(company)));
    assert!(entry["request_id"].as_str().unwrap().starts_with("req_"));
    let secret = key["key"].as_str().unwrap();
    let next = trail["next_cursor"].as_str().unwrap();
    let (_, rest) = client.send("GET", &format!("/audit?cursor={next}"), Value::Null).await;
    // Both were done in one instant of this clock, in whichever order.
    let mut seen = [&trail, &rest].map(|page| page["data"][0]["action"].as_str().unwrap());
    seen.sort_unstable();
    assert_eq!(seen, ["company.created", "key.created"]);
    for text in [trail.to_string(), rest.to_string()] {
        assert!(!text.contains(secret) && !text.contains(&secret[36..]), "{text}");
    }
    let (_, none) = client.send("GET", "/audit?actor=cli", Value::Null).await;
    assert_eq!(none["data"], json!([]));
    let (status, problem) = client.send("GET", "/audit?from=yesterday", Value::Null).await;
    assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, "?from"));
}

#[tokio::test]
async fn a_plan_is_put_shown_listed_and_removed() {
    let client = Client::new().await;
    let terms = json!({"rate": "100/s", "burst": 200, "quota": {"requests": 10000, "per": "month"}});
    let (status, plan) = client.send("PUT", "/plans/gold", terms.clone()).await;
    assert_eq!(status, StatusCode::OK, "{plan}");
    for (field, value) in terms.as_object().unwrap() {
        assert_eq!(&plan[field], value);
    }
    assert_eq!(client.send("GET", "/plans/gold", Value::Null).await, (StatusCode::OK, plan.clone()));
    let (_, list) = client.send("GET", "/plans?limit=1", Value::Null).await;
    assert_eq!(list, json!({"data": [plan], "next_cursor": null}));

    let new = json!({"name": "Ana", "email": "ana@example.com", "plan": "gold"});
    let (status, company) = client.post("/companies", new).await;
    assert_eq!((status, &company["plan"]), (StatusCode::CREATED, &json!("gold")));
    let (status, held) = client.send("DELETE", "/plans/gold", Value::Null).await;
    assert_eq!((status, &held["type"]), (StatusCode::CONFLICT, &json!("urn:comporta:problem:conflict")));
    let path = format!("/companies/{}", company["id"].as_str().unwrap());
    let (_, changed) = client.send("PATCH", &path, json!({"plan": null})).await;
    assert_eq!(changed["plan"], Value::Null);
    assert_eq!(client.send("DELETE", "/plans/gold", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(client.send("GET", "/plans/gold", Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_no_plan_is_refused_by_field_and_changes_nothing() {
    let client = Client::new().await;
    for (name, terms, at) in [
        ("gold", json!({"rte": "1/s"}), "/rte"),
        ("gold", json!({"rate": "100"}), "/rate"),
        ("gold", json!({"burst": 5}), "/burst"),
        ("gold", json!({"rate": "1/s", "burst": 0}), "/burst"),
        ("gold", json!({"quota": {"requests": 0, "per": "day"}}), "/quota/requests"),
        ("gold", json!({"quota": {"requests": 1, "per": "week"}}), "/quota/per"),
        ("gold", json!({"quota": {"requests": 1, "per": "day", "x": 1}}), "/quota/x"),
        ("Gold", json!({}), "/name"),
    ] {
        let (status, problem) = client.send("PUT", &format!("/plans/{name}"), terms.clone()).await;
        assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, at), "{terms} {problem}");
    }
    let (_, list) = client.send("GET", "/plans", Value::Null).await;
    assert_eq!(list["data"], json!([]));
    let company = client.company().await;
    let unknown = json!({"name": "Bia", "email": "bia@example.com", "plan": "gold"});
    let (status, problem) = client.post("/companies", unknown).await;
    assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, "/plan"));
    let (status, problem) =
        client.send("PATCH", &format!("/companies/{company}"), json!({"plan": "gold"})).await;
    assert_eq!((status, pointer(&problem)), (StatusCode::UNPROCESSABLE_ENTITY, "/plan"));
}
