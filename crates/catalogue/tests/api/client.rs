//! A caller with the scopes and company it is given, in front of a catalogue of its own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use comporta_catalogue::{Catalogue, router};
use comporta_db::{Db, Options};
use comporta_http::{Principal, assign_request_id, render_problems};
use comporta_kernel::{Clock, CompanyId, IdSource, ManualClock, Rng, TypedId as _, Uuid};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// A caller; clones share the catalogue.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    principal: Option<Arc<Principal>>,
}

/// What the catalogue answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    /// A caller of company 1 with both scopes, before an empty catalogue.
    pub(crate) async fn new() -> Self {
        let url = comporta_neighbours::fresh_sqlite_url().parse().unwrap();
        let db = Db::open(&Options { url, read_url: None, max_connections: 4 }).await.unwrap();
        db.migrate().await.unwrap();
        let clock = Clock::from(ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
        let ids = IdSource::new(clock.clone(), Rng::seeded(1));
        let router = router(Catalogue::new(db, clock, ids.clone()))
            .layer(from_fn(render_problems))
            .layer(from_fn_with_state(ids, assign_request_id));
        Self { router, principal: None }.with(1, &["books:read", "books:write"])
    }

    /// The same catalogue seen by another company, or with other scopes.
    pub(crate) fn with(&self, company: u128, scopes: &[&str]) -> Self {
        let principal = Principal {
            company_id: CompanyId::from_uuid(Uuid::from_u128(company)),
            actor: "key_test".into(),
            live: true,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        Self { router: self.router.clone(), principal: Some(Arc::new(principal)) }
    }

    /// The same catalogue seen by nobody in particular.
    pub(crate) fn anonymous(&self) -> Self {
        Self { router: self.router.clone(), principal: None }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    /// `body` is sent as JSON unless `headers` say otherwise.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("x-request-id", "req-1");
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        if let Some(principal) = &self.principal {
            request.extensions_mut().insert(Arc::clone(principal));
        }
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, text }
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The kind of problem and the fields it names.
    pub(crate) fn problem(&self) -> (u16, String, Vec<String>) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let json = self.json();
        let kind = json["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
        let fields = json["errors"].as_array().cloned().unwrap_or_default();
        let pointer = |field: &Value| field["pointer"].as_str().unwrap().to_owned();
        (self.status.as_u16(), kind, fields.iter().map(pointer).collect())
    }
}
