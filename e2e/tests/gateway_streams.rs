//! What goes through the gateway as it comes: long bodies, events, upgrades, trailers, versions, and slow callers.
#![cfg(test)]

#[path = "gateway_streams/bulk.rs"]
mod bulk;
#[path = "gateway_streams/connections.rs"]
mod connections;
#[path = "gateway_streams/pieces.rs"]
mod pieces;
#[path = "gateway_streams/proxies.rs"]
mod proxies;
#[path = "gateway_streams/slow.rs"]
mod slow;
#[path = "gateway_streams/told.rs"]
mod told;
#[path = "gateway_streams/upgrades.rs"]
mod upgrades;
#[path = "gateway_streams/versions.rs"]
mod versions;

use hyper::Request;
use serde_json::{Value, json};

use comporta_e2e::AnyBody;

/// Everything is open, and leads to one upstream.
fn open_to(url: &str) -> Value {
    open_by(&json!({"targets": [{"url": url}]}))
}

/// The same with an upstream that is set up in more words.
fn open_by(upstream: &Value) -> Value {
    json!({
        "upstreams": {"theirs": upstream},
        "routes": [{"name": "theirs", "match": {"path": "/t/**"}, "upstream": "theirs",
            "auth": {"any_of": ["none"]}, "body_limit": "4GiB"}],
    })
}

/// Settings with some more.
fn with(mut settings: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("expected an object") };
    settings.as_object_mut().unwrap().extend(more);
    settings
}

fn request(method: &str, target: &str, body: AnyBody) -> Request<AnyBody> {
    Request::builder().method(method).uri(target).header("host", "localhost").body(body).unwrap()
}
