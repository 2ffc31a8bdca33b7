//! Pages of other origins, other places, other paths.

use comporta_e2e::{Gateway, Mirror};
use comporta_testkit::{Answer, Client};
use hyper::Method;
use serde_json::{Value, json};

use super::route;

const PAGE: &str = "https://app.example.com";

#[tokio::test]
async fn a_page_of_a_listed_origin_may_call_and_no_other() {
    let mirror = Mirror::start().await;
    let cors = json!({"origins": [PAGE], "headers": ["x-api-key", "content-type"], "expose": ["x-request-id"], "max_age": "5m"});
    let settings = json!({
        "upstreams": {"t": {"targets": [{"url": mirror.url()}]}, "plain": {"targets": [{"url": mirror.url()}]}},
        "routes": [route("t", json!({"cors": cors})), route("plain", json!({}))],
    });
    let gateway = Gateway::start(&settings).await;
    let mut nobody = Client::new(gateway.server.public(), None);
    let mut preflight = async |path: &str, origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-api-key"),
        ];
        nobody.request(Method::OPTIONS, path, &headers, Default::default()).await.unwrap()
    };
    let allowed = preflight("/t/x", PAGE).await;
    assert_eq!(allowed.status, 204, "without a key: a browser sends none");
    assert_eq!(allowed.header("access-control-allow-origin"), Some(PAGE));
    assert!(allowed.header("access-control-allow-methods").unwrap().contains("PUT"));
    assert_eq!(allowed.header("access-control-max-age"), Some("300"));
    let names = allowed.header("access-control-allow-headers").unwrap().to_lowercase();
    assert!(names.contains("x-api-key") && names.contains("content-type"), "{names}");
    for (path, origin) in [("/t/x", "https://evil.example.com"), ("/t/x", "null"), ("/plain/x", PAGE)] {
        let refused = preflight(path, origin).await;
        assert_eq!(refused.header("access-control-allow-origin"), None, "{path} {origin}");
    }
    assert!(mirror.seen().is_empty(), "a preflight is answered here");

    let mut partner = gateway.client();
    let answer = get_from(&mut partner, PAGE).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, Some(PAGE)));
    assert_eq!(answer.header("access-control-expose-headers"), Some("x-request-id"));
    assert!(answer.header("vary").is_some_and(|vary| vary.to_lowercase().contains("origin")));
    assert_eq!(
        get_from(&mut partner, "https://evil.example.com").await.header("access-control-allow-origin"),
        None
    );
    // A page may read why it was refused, too.
    let refused = get_from(&mut Client::new(gateway.server.public(), None), PAGE).await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (401, Some(PAGE)));
}

async fn get_from(client: &mut Client, origin: &str) -> Answer {
    client.request(Method::GET, "/t/x", &[("origin", origin)], Default::default()).await.unwrap()
}

#[tokio::test]
async fn redirects_and_rewrites_carry_what_the_pattern_caught() {
    let mirror = Mirror::start().await;
    let open = json!({"any_of": ["none"]});
    let rewrite = json!({"path": {"to": "/api/{id}/items/{rest}"}, "host": "inner.example.com",
        "set_headers": {"x-added": "by the route"}, "remove_headers": ["x-removed"],
        "set_response_headers": {"x-answer": "changed"}, "remove_response_headers": ["content-type"]});
    let settings = json!({
        "upstreams": {"t": {"targets": [{"url": mirror.url()}]}},
        "routes": [
            {"name": "moved", "match": {"path": "/old/{id}/**"}, "auth": open, "redirect": {"to": "/new/{id}/{rest}", "status": 301}},
            {"name": "away", "match": {"path": "/away"}, "auth": open, "redirect": {"to": "https://www.example.com/there"}},
            {"name": "t", "match": {"path": "/shop/{id}/**"}, "auth": open, "upstream": "t", "rewrite": rewrite},
        ],
    });
    let gateway = Gateway::start(&settings).await;
    let mut client = Client::new(gateway.server.public(), None);
    for (path, status, to) in [
        ("/old/7/a/b?q=1&r=%20", 301, "/new/7/a/b?q=1&r=%20"),
        ("/old/a%20b/c", 301, "/new/a%20b/c"),
        ("/away?x=1", 308, "https://www.example.com/there?x=1"),
    ] {
        let answer = client.get(path).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.header("location")), (status, Some(to)), "{path}");
    }
    // No capture leads to another server, or out of its place.
    for path in ["/old//evil.example.com/x", "/old/%2F%2Fevil.example.com/x", "/old/%0d%0aset-cookie:a/x"] {
        let answer = client.get(path).await.unwrap();
        let to = answer.header("location").unwrap_or("/");
        assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains('\r'), "{path}: {to}");
        assert_eq!(answer.header("set-cookie"), None);
    }

    let answer = client.request(
        Method::GET,
        "/shop/7/a/b?q=1",
        &[("x-removed", "1"), ("x-added", "mine")],
        Default::default(),
    );
    let answer = answer.await.unwrap();
    let seen = answer.json();
    assert_eq!(seen["target"], "/api/7/items/a/b?q=1");
    assert_eq!(
        (&seen["headers"]["host"], &seen["headers"]["x-added"]),
        (&json!("inner.example.com"), &json!("by the route"))
    );
    assert_eq!(seen["headers"]["x-removed"], Value::Null);
    assert_eq!((answer.header("x-answer"), answer.header("content-type")), (Some("changed"), None));
    for (path, target) in [
        ("/shop/a%2Fb/c%20d", "/api/a%2Fb/items/c%20d"),
        ("/shop/7", "/api/7/items/"),
        ("/shop/7/x/../y", "/api/7/items/y"),
    ] {
        let answer = client.get(path).await.unwrap();
        if answer.status == 200 {
            let seen = answer.json()["target"].as_str().unwrap().to_owned();
            assert_eq!(seen.trim_end_matches('/'), target.trim_end_matches('/'), "{path}");
        } else {
            assert_eq!(answer.status, 400, "{path}: an ambiguous path may be refused");
        }
    }
    assert_eq!(
        client.get("/shop/7/../../v1/accounts").await.unwrap().status,
        401,
        "the route is of the path as it is meant"
    );
}
