//! A collector of OTLP over HTTP that keeps what it is sent, and answers as a test wants.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use comporta::server::{Limits, Stop, serve};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Gone when it is dropped.
pub struct Collector {
    address: SocketAddr,
    kept: Arc<Kept>,
    _stop: Stop,
}

#[derive(Default)]
struct Kept {
    sent: Mutex<Vec<(HeaderMap, Bytes)>>,
    /// The next answers; when there are none, 200.
    answers: Mutex<VecDeque<Response>>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (kept, (stop, stopped)) = (Arc::new(Kept::default()), watch::channel(None));
        let keeping = Arc::clone(&kept);
        let take = move |headers: HeaderMap, body: Bytes| {
            keeping.sent.lock().unwrap().push((headers, body));
            let answer = keeping.answers.lock().unwrap().pop_front();
            std::future::ready(answer.unwrap_or_else(|| StatusCode::OK.into_response()))
        };
        let patience = Duration::from_secs(10);
        let limits = Limits { connections: 100, header_timeout: patience };
        let router = Router::new().route("/v1/traces", post(take));
        tokio::spawn(serve(listener, router, limits, stopped));
        Self { address, kept, _stop: stop }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it answers next, once.
    pub fn will_answer(&self, answer: impl axum::response::IntoResponse) {
        self.kept.answers.lock().unwrap().push_back(answer.into_response());
    }

    /// Every request so far: its headers and its body.
    pub fn sent(&self) -> Vec<(HeaderMap, Bytes)> {
        self.kept.sent.lock().unwrap().clone()
    }

    /// Every message so far.
    pub fn messages(&self) -> Vec<ExportTraceServiceRequest> {
        let decode = |(_, body): (HeaderMap, Bytes)| ExportTraceServiceRequest::decode(body).unwrap();
        self.sent().into_iter().map(decode).collect()
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Span> {
        let resources = self.messages().into_iter().flat_map(|message| message.resource_spans);
        resources.flat_map(|spans| spans.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

/// Attributes as text, by name.
pub fn attributes(all: &[KeyValue]) -> BTreeMap<&str, String> {
    let text = |attribute: &KeyValue| match attribute.value.clone().unwrap().value.unwrap() {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    all.iter().map(|attribute| (attribute.key.as_str(), text(attribute))).collect()
}
