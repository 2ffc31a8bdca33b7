//! A receiver of webhooks that checks what it is sent, as the specification of Standard Webhooks has receivers do.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comporta_e2e::{AnyBody, Upstream, full};
use hmac::{Hmac, Mac as _};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::Value;
use sha2::Sha256;

/// What the sender signs with.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Seconds by which sender and receiver may differ.
const TOLERANCE: u64 = 300;

pub struct Receiver {
    upstream: Upstream,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    ids: Vec<String>,
    taken: Vec<Value>,
    failures: usize,
}

impl Receiver {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let taking = Arc::clone(&state);
        let upstream = Upstream::start(move |request| take(Arc::clone(&taking), request)).await;
        Self { upstream, state }
    }

    pub fn url(&self) -> String {
        format!("{}/alerts", self.upstream.url())
    }

    /// So many of the next are answered 503.
    pub fn fail(&self, times: usize) {
        self.state.lock().unwrap().failures = times;
    }

    pub fn count(&self) -> usize {
        self.state.lock().unwrap().taken.len()
    }

    /// The ids of all that came, those that were answered 503 too.
    pub fn ids(&self) -> Vec<String> {
        self.state.lock().unwrap().ids.clone()
    }

    /// What was told, of what.
    pub fn told(&self) -> Vec<(&'static str, &'static str)> {
        let state = self.state.lock().unwrap();
        let told = state.taken.iter().map(|body| {
            let text = |value: &Value| &*Box::leak(value.as_str().unwrap().to_owned().into_boxed_str());
            (text(&body["type"]), text(&body["data"]["condition"]))
        });
        told.collect()
    }
}

async fn take(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Response<AnyBody> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&STANDARD.decode(&SECRET["whsec_".len()..]).unwrap()).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&body);
    let signed = STANDARD.decode(header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    mac.verify_slice(&signed).expect("the signature is good");
    let now = comporta_kernel::Clock::system().now().as_second();
    assert!(timestamp.parse::<i64>().unwrap().abs_diff(now) < TOLERANCE, "{timestamp}");
    assert_eq!(head.headers["content-type"], "application/json");
    let mut state = state.lock().unwrap();
    state.ids.push(id);
    if state.failures > 0 {
        state.failures -= 1;
        return Response::builder().status(503).body(full("")).unwrap();
    }
    state.taken.push(serde_json::from_slice(&body).unwrap());
    Response::new(full(""))
}
