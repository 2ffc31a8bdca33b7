//! Boots the real gateway and services on a database of their own, with a clock that stands still.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use comporta::first_run::{self, FirstRun};
use comporta::metrics::Metrics;
use comporta::settings::{self, Environment, Flag, Sources};
use comporta::wiring::{self, App};
use comporta::{private, reload};
use comporta_gateway::Gateway;
use comporta_kernel::{IdSource, ManualClock, Rng};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tower::ServiceExt as _;

/// An installation after its first start, its clock at noon of 2026-03-10 in São Paulo.
pub struct TestApp {
    pub first: FirstRun,
    gateway: Option<Gateway>,
    private: Router,
    _folder: tempfile::TempDir,
}

/// An answer, its body read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl TestApp {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flag = |path: &'static [&'static str], value: &str| Flag {
            name: "--test",
            path,
            value: value.to_owned(),
        };
        let flags = [
            flag(&["data_dir"], folder.path().to_str().unwrap()),
            flag(&["database", "url"], &comporta_neighbours::fresh_sqlite_url()),
            flag(&["listen"], "127.0.0.1:0"),
            flag(&["workers"], "1"),
        ];
        let environment = Environment::default();
        let settings =
            settings::load(&Sources { file: None, environment: &environment, flags: &flags }).unwrap();
        let clock = ManualClock::at("2026-03-10T15:00:00Z".parse().unwrap());
        let app = App::open(settings, clock.clone().into(), Rng::system()).await.unwrap();
        let first = first_run::run(&app).await.unwrap().unwrap();
        let ids = IdSource::new(clock.clone().into(), Rng::system());
        let keys = app.key_ring().await.unwrap();
        let metrics = Metrics::start();
        let gateway = wiring::gateway::start(&app, &keys, None, Handle::current()).unwrap();
        let (reloads, _) = reload::channel();
        let private = private::private_router(&app, metrics, reloads, ids);
        Self { first, gateway: Some(gateway), private, _folder: folder }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("x-api-key", &self.first.api_key).body(Body::empty()).unwrap())
            .await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_with_key(path, body, None).await
    }

    pub async fn post_with_key(&self, path: &str, body: &str, idempotency_key: Option<&str>) -> Answer {
        let mut request = Request::post(path)
            .header("x-api-key", &self.first.api_key)
            .header("content-type", "application/json");
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Any request to the public listener.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let address = self.gateway.as_ref().unwrap().address();
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let (mut parts, body) = request.into_parts();
        parts.headers.entry("host").or_insert(HeaderValue::from_static("comporta.test"));
        read(sender.send_request(Request::from_parts(parts, body)).await.unwrap()).await
    }

    /// A call of the administration with the staff member's token.
    pub async fn admin(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.first.admin_token));
        self.send_privately(
            request.header("content-type", "application/json").body(Body::from(body.to_owned())).unwrap(),
        )
        .await
    }

    /// Any request to the private listener.
    pub async fn send_privately(&self, request: Request<Body>) -> Answer {
        read(self.private.clone().oneshot(request).await.unwrap()).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop(Duration::ZERO);
        }
    }
}

async fn read<B: http_body::Body<Error: std::fmt::Debug>>(response: Response<B>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and kind of a problem, and the place of each field at fault.
    pub fn problem(&self) -> (u16, String, Vec<String>) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let body = self.json();
        assert_eq!(
            (body["status"].as_u64(), &body["request_id"]),
            (Some(self.status.as_u16().into()), &self.header("x-request-id").into())
        );
        let kind = body["type"].as_str().unwrap().trim_start_matches("urn:comporta:problem:").to_owned();
        let pointers = body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| error["pointer"].as_str().unwrap().to_owned());
        (self.status.as_u16(), kind, pointers.collect())
    }
}
