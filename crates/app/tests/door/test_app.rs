//! Boots the real gateway and services on a database of their own, with a clock that stands still.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use comporta::first_run::{self, FirstRun};
use comporta::metrics::Metrics;
use comporta::server::{Limits, Stop, serve};
use comporta::settings::{self, Environment, Flag, Sources};
use comporta::wiring::gateway::{Asked, Outlets};
use comporta::wiring::{self, App};
use comporta::{private, reload, request_log, sentry, service_listener, trace_export};
use comporta_db::Db;
use comporta_gateway::{Drain, Gateway, Listeners};
use comporta_kernel::{ManualClock, Rng};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;

/// An installation after its first start, its clock at noon of 2026-03-10 in São Paulo.
pub struct TestApp {
    pub first: FirstRun,
    pub db: Db,
    gateway: Option<Gateway>,
    exporting: Option<(CancellationToken, JoinHandle<()>)>,
    private: Router,
    /// What is written and told behind requests, until this is gone.
    _writing: DropGuard,
    _folder: Arc<tempfile::TempDir>,
}

/// An answer, its body read; of one that is no text the signs that are.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// With these settings over the built-in ones.
    pub async fn start_with(text: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::of(open(&folder, &comporta_neighbours::fresh_sqlite_url(), text).await, folder).await
    }

    /// Its gateway in front of an open installation.
    async fn of(app: App, folder: Arc<tempfile::TempDir>) -> Self {
        let first = match first_run::run(&app).await.unwrap() {
            Some(first) => first,
            None => serde_json::from_slice(&fs::read(first_run::file(&app)).unwrap()).unwrap(),
        };
        let keys = app.key_ring().await.unwrap();
        let metrics = Metrics::start();
        let (tracing, exporter) = trace_export::open(&app.settings.tracing).unwrap().unzip();
        let listeners = Listeners::open(app.settings.listen, app.settings.cores()).unwrap();
        let stop = CancellationToken::new();
        let requests = request_log::open(&app.settings.request_log, app.request_log.clone(), app.ids());
        let requests = requests.map(|(requests, writer)| {
            tokio::spawn(writer.run(stop.clone()));
            requests
        });
        let failures = sentry::open(&app.settings.sentry, app.clock.clone(), app.rng.clone()).unwrap();
        let failures = failures.map(|(failures, sender)| {
            tokio::spawn(sender.run(stop.clone()));
            failures
        });
        let outlets = Outlets { access: None, tracing, requests, failures: failures.clone() };
        let asked = Asked { keys, quotas: app.quotas(), meter: None };
        let gateway = wiring::gateway::start(&app, &listeners, asked, outlets, Handle::current()).unwrap();
        let exporting = exporter.map(|exporter| {
            let stop = CancellationToken::new();
            (stop.clone(), tokio::spawn(exporter.run(stop)))
        });
        let (reloads, _) = reload::channel();
        let private = private::private_router(&app, Some(gateway.view()), metrics, reloads, app.ids());
        let private = sentry::watch(private, failures);
        let db = app.db.clone();
        Self {
            first,
            db,
            gateway: Some(gateway),
            exporting,
            private,
            _writing: stop.drop_guard(),
            _folder: folder,
        }
    }

    /// An access token of the first key.
    pub async fn token(&self) -> String {
        let key = &self.first.api_key;
        let form = format!(
            "grant_type=client_credentials&client_id=key_{}&client_secret={key}",
            key.split('_').nth(2).unwrap()
        );
        let request =
            Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
        let answer = self.send(request.body(Body::from(form)).unwrap()).await;
        answer.json()["access_token"].as_str().unwrap().to_owned()
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

    /// Sends the spans that have not been sent yet.
    pub async fn flush(&mut self) {
        if let Some((stop, exporting)) = self.exporting.take() {
            stop.cancel();
            exporting.await.unwrap();
        }
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

/// Two processes on one database: the services, and a gateway that calls them.
pub struct Split {
    pub app: TestApp,
    services: Router,
    _stop: Stop,
}

impl Split {
    pub async fn start() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let database = comporta_neighbours::fresh_sqlite_url();
        let behind = open(&folder, &database, "roles: [ledger, catalogue, partners]").await;
        first_run::run(&behind).await.unwrap();
        let ring = behind.key_ring().await.unwrap();
        let services = service_listener::router(&behind, &ring, behind.ids(), None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target =
            format!("{{targets: [{{url: 'http://{}'}}], principal: true}}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(None);
        let limits = Limits { connections: 64, header_timeout: Duration::from_secs(5) };
        tokio::spawn(serve(listener, services.clone(), limits, stopped));
        let before = format!("roles: [gateway]\nupstreams: {{ledger: {target}, docs: {target}}}");
        let app = TestApp::of(open(&folder, &database, &before).await, folder).await;
        Self { app, services, _stop: stop }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.get(path).await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.app.post(path, body).await
    }

    pub async fn token(&self) -> String {
        TestApp::start().await.token().await
    }

    /// A request past the gateway.
    pub async fn send_to_service(&self, request: Request<Body>) -> Answer {
        read(self.services.clone().oneshot(request).await.unwrap()).await
    }
}

/// Opens an installation with a settings file of this text.
async fn open(folder: &tempfile::TempDir, database: &str, text: &str) -> App {
    let flag =
        |path: &'static [&'static str], value: &str| Flag { name: "--test", path, value: value.to_owned() };
    let flags = [
        flag(&["data_dir"], folder.path().to_str().unwrap()),
        flag(&["database", "url"], database),
        flag(&["listen"], "127.0.0.1:0"),
        flag(&["workers"], "1"),
    ];
    let file = folder.path().join("comporta.yaml");
    fs::write(&file, text).unwrap();
    let environment = Environment::default();
    let sources = Sources { file: Some(&file), environment: &environment, flags: &flags };
    let clock = ManualClock::at("2026-03-10T15:00:00Z".parse().unwrap());
    App::open(settings::load(&sources).unwrap(), clock.into(), Rng::system()).await.unwrap()
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop(Drain { last_call: Duration::ZERO, grace: Duration::ZERO });
        }
    }
}

async fn read<B: http_body::Body<Error: std::fmt::Debug>>(response: Response<B>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
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
