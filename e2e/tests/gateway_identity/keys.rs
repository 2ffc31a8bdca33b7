//! API keys and HTTP Basic, what each may do on which route, and companies that may do nothing for a while.

use std::time::Duration;

use comporta_e2e::{Gateway, Key, Mirror};
use comporta_testkit::Client;
use hyper::Method;
use serde_json::{Value, json};

use super::{GetAs as _, ask_for_token, basic, get_with, route, token, until};

#[tokio::test]
async fn basic_takes_a_key_and_its_id_and_nothing_else() {
    let mirror = Mirror::start().await;
    let settings = json!({
        "upstreams": {"t": {"targets": [{"url": mirror.url()}]}},
        "routes": [route("t", json!({"auth": {"any_of": ["basic"]}}))],
    });
    let gateway = Gateway::start(&settings).await;
    let address = gateway.server.public();
    let company = gateway.server.first_run().unwrap().company_id;
    let mut admin = gateway.admin();
    let (one, other) =
        (admin.key(&company, &["books:read"]).await, admin.key(&company, &["books:read"]).await);

    let mut caller = Client::new(address, None);
    assert_eq!(caller.get_as("/t/x", &basic(&one.id, &one.text)).await.status, 200);
    let seen = mirror.seen()[0]["headers"].clone();
    assert_eq!(seen["authorization"], Value::Null, "it goes no further: {seen}");
    let (kept, last) = one.text.split_at(one.text.len() - 1);
    let damaged = format!("{kept}{}", if last == "x" { "y" } else { "x" });
    for (what, wrong) in [
        ("another key's id", basic(&other.id, &one.text)),
        ("a damaged key", basic(&one.id, &damaged)),
        ("no key", basic(&one.id, "")),
        ("no id", basic("", &one.text)),
        ("garbage", "Basic ????".to_owned()),
        ("nothing", "Basic".to_owned()),
        ("another scheme", format!("Bearer {}", one.text)),
    ] {
        let answer = caller.get_as("/t/x", &wrong).await;
        assert_eq!(answer.status, 401, "{what}");
        assert!(answer.header("www-authenticate").is_some_and(|ask| ask.starts_with("Basic ")), "{what}");
        assert!(!answer.text().contains(&one.text), "{what}: the answer tells the key");
    }
    assert_eq!(Client::new(address, Some(&one.text)).get("/t/x").await.unwrap().status, 401, "not asked for");
    assert_eq!(mirror.seen().len(), 1);
}

#[tokio::test]
async fn each_method_needs_its_scope_by_key_and_by_token() {
    let mirror = Mirror::start().await;
    let scopes = json!({"GET": "ledger:read", "DELETE": "ledger:admin", "*": "ledger:write"});
    let settings = json!({
        "upstreams": {"t": {"targets": [{"url": mirror.url()}]}},
        "routes": [route("t", json!({"auth": {"any_of": ["api-key", "jwt"], "scopes": scopes}}))],
    });
    let gateway = Gateway::start(&settings).await;
    let address = gateway.server.public();
    let company = gateway.server.first_run().unwrap().company_id;
    let mut admin = gateway.admin();
    let reader = admin.key(&company, &["ledger:read"]).await;
    let writer = admin.key(&company, &["ledger:write"]).await;
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];
    for (key, allowed) in [(&reader, [200, 200, 403, 403, 403]), (&writer, [403, 403, 200, 200, 403])] {
        assert_eq!(statuses(address, &methods, ("x-api-key", &key.text)).await, allowed);
        let token = token(address, &key.id, &key.text, None).await;
        assert_eq!(statuses(address, &methods, ("authorization", &format!("Bearer {token}"))).await, allowed);
    }
    // A token may carry less than its key, never more.
    let both = admin.key(&company, &["ledger:read", "ledger:write"]).await;
    let less = token(address, &both.id, &both.text, Some("ledger:read")).await;
    let bearer = format!("Bearer {less}");
    assert_eq!(statuses(address, &methods, ("authorization", &bearer)).await, [200, 200, 403, 403, 403]);
    assert_eq!(ask_for_token(address, &reader.id, &reader.text, Some("ledger:write")).await.status, 400);
    assert_eq!(mirror.seen().iter().filter(|seen| seen["method"] == "DELETE").count(), 0);
}

async fn statuses(address: std::net::SocketAddr, methods: &[Method], show: (&'static str, &str)) -> Vec<u16> {
    let mut statuses = Vec::new();
    for method in methods {
        let mut caller = Client::new(address, None);
        let answer = caller.request(method.clone(), "/t/x", &[show], Default::default()).await.unwrap();
        statuses.push(answer.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn one_credential_once_and_an_open_door_minds_none() {
    let mirror = Mirror::start().await;
    let settings = json!({
        "upstreams": {"t": {"targets": [{"url": mirror.url()}]}, "open": {"targets": [{"url": mirror.url()}]}},
        "routes": [route("t", json!({})), route("open", json!({"auth": {"any_of": ["none"]}}))],
    });
    let gateway = Gateway::start(&settings).await;
    let (address, key) = (gateway.server.public(), gateway.key());
    let bearer = format!("Bearer {key}");
    for twice in [
        [("x-api-key", key.as_str()), ("authorization", bearer.as_str())],
        [("authorization", bearer.as_str()), ("authorization", bearer.as_str())],
    ] {
        let answer =
            Client::new(address, None).request(Method::GET, "/t/x", &twice, Default::default()).await;
        assert_eq!(answer.unwrap().status, 401);
    }
    assert_eq!(get_with(address, "/t/x", &key).await.status, 401, "a key is no token");
    // Partners' clients send their key everywhere.
    let mut caller = Client::new(address, Some(&key));
    for path in ["/open/x", "/openapi.json", "/.well-known/jwks.json"] {
        assert_eq!(caller.get(path).await.unwrap().status, 200, "{path}");
    }
    assert!(!mirror.seen()[0].to_string().contains(&key), "the key goes no further");
    assert_eq!(caller.get("/nothing/here").await.unwrap().status, 404);
    assert_eq!(Client::new(address, None).get("/nothing/here").await.unwrap().status, 401);
}

#[tokio::test]
async fn a_suspended_company_is_shut_out_within_a_second_and_let_in_again() {
    let mirror = Mirror::start().await;
    let settings = json!({
        "upstreams": {"t": {"targets": [{"url": mirror.url()}]}},
        "routes": [route("t", json!({}))],
    });
    let gateway = Gateway::start(&settings).await;
    let address = gateway.server.public();
    let mut admin = gateway.admin();
    let company = admin.company("Beta").await;
    let key: Key = admin.key(&company, &["books:read"]).await;
    let token = token(address, &key.id, &key.text, None).await;
    let mut caller = Client::new(address, Some(&key.text));
    let mut by_key = async || caller.get("/t/x").await.unwrap().status.as_u16();
    let by_token = async || get_with(address, "/t/x", &token).await.status.as_u16();
    assert_eq!((by_key().await, by_token().await), (200, 200));

    admin.set_status(&company, "suspended").await;
    let second = Duration::from_secs(1);
    let took = until("the key is refused", second, async || by_key().await == 401).await;
    let took_token = until("the token is refused", second - took, async || by_token().await == 401).await;
    println!("a suspended company's key is refused after {took:?}, its token {took_token:?} later");
    let refused = ask_for_token(address, &key.id, &key.text, None).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("invalid_client")));
    admin.set_status(&company, "active").await;
    until("the key is taken again", second, async || by_key().await == 200).await;
    assert_eq!(by_token().await, 200);
    assert_eq!(gateway.client().get("/t/x").await.unwrap().status, 200, "other companies notice nothing");
}
