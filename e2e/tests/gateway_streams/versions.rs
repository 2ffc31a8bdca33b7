//! HTTP/1.1 and HTTP/2 on both sides, in the clear and under TLS, and certificates on both sides.

use comporta_e2e::{Authority, Gateway, Mirror, Terms, full, http1_on, http2_on, tls};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{open_by, open_to, request, with};

#[tokio::test]
async fn callers_agree_on_a_version_under_tls_and_know_it_in_the_clear() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::new();
    let (certificate, key) = authority.identity("localhost").write(folder.path(), "server");
    let mirror = Mirror::start().await;
    let settings = with(open_to(&mirror.url()), json!({"tls": {"certificate": certificate, "key": key}}));
    let gateway = Gateway::start(&settings).await;
    let address = gateway.server.public();

    let stream = tls(address, &authority, &[b"h2", b"http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "the better one is chosen");
    let mut caller = http2_on(stream).await;
    let asked = || Request::get("https://localhost/t/x?a=1").body(full("")).unwrap();
    let (one, other) = (caller.clone().send_request(asked()), caller.send_request(asked()));
    for answer in [one.await.unwrap(), other.await.unwrap()] {
        let seen = told(answer).await;
        assert_eq!((&seen["target"], &seen["version"]), (&json!("/t/x?a=1"), &json!("HTTP/1.1")));
        assert_eq!(seen["headers"]["x-forwarded-proto"], "https");
        assert_eq!(seen["headers"]["x-forwarded-host"], "localhost");
        assert_eq!(seen["headers"]["host"], mirror.upstream().address().to_string());
    }
    let offers: [&[&[u8]]; 2] = [&[b"http/1.1"], &[]];
    for offered in offers {
        let stream = tls(address, &authority, offered).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), offered.first().copied());
        let seen =
            told(http1_on(stream).await.send_request(request("GET", "/t/x", full(""))).await.unwrap()).await;
        assert_eq!(seen["headers"]["x-forwarded-proto"], "https");
    }
    assert!(tls(address, &authority, &[b"spdy/3"]).await.is_err(), "no protocol in common");

    gateway.reload(&open_to(&mirror.url())).await;
    let mut caller = http2_on(TcpStream::connect(address).await.unwrap()).await;
    let asked = Request::post("http://localhost/t/y").body(full("body")).unwrap();
    let seen = told(caller.send_request(asked).await.unwrap()).await;
    assert_eq!((&seen["method"], &seen["body"]), (&json!("POST"), &json!("body")));
    assert_eq!(seen["headers"]["x-forwarded-proto"], "http");
}

#[tokio::test]
async fn an_upstream_of_http2_is_spoken_to_on_one_connection() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::new();
    let server = Authority::server(&authority.identity("localhost"), &[b"h2"]);
    let clear = Mirror::start_with(Terms { http2: true, ..Terms::default() }).await;
    let secret = Mirror::start_with(Terms { tls: Some(server), ..Terms::default() }).await;
    let ca = authority.write(folder.path(), "ca.pem");
    let secret_url = secret.upstream().url_by_name();
    for (mirror, upstream) in [
        (&clear, json!({"targets": [{"url": clear.url()}], "http": "2"})),
        (&secret, json!({"targets": [{"url": secret_url}], "tls": {"ca": ca}})),
    ] {
        let gateway = Gateway::start(&with(open_by(&upstream), json!({"workers": 1}))).await;
        let mut callers = Vec::new();
        for _ in 0..8 {
            let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
            let seen =
                told(caller.send_request(request("POST", "/t/x?a=1", full("body"))).await.unwrap()).await;
            assert_eq!((&seen["version"], &seen["body"]), (&json!("HTTP/2.0"), &json!("body")), "{seen}");
            assert!(seen["target"].as_str().unwrap().ends_with("/t/x?a=1"), "{seen}");
            for name in ["connection", "transfer-encoding", "host", "keep-alive"] {
                assert_eq!(seen["headers"][name], Value::Null, "{name} has no place in HTTP/2");
            }
            callers.push(caller);
        }
        assert_eq!(mirror.upstream().accepted(), 1);
    }
}

#[tokio::test]
async fn an_upstream_proves_its_name_by_the_authority_that_is_set() {
    let folder = TempDir::new().unwrap();
    let (authority, stranger) = (Authority::new(), Authority::new());
    let ca = authority.write(folder.path(), "ca.pem");
    let served = |authority: &Authority, name: &str| Terms {
        tls: Some(Authority::server(&authority.identity(name), &[])),
        ..Terms::default()
    };
    let good = Mirror::start_with(served(&authority, "localhost")).await;
    let forged = Mirror::start_with(served(&stranger, "localhost")).await;
    let misnamed = Mirror::start_with(served(&authority, "elsewhere.example.com")).await;

    assert_eq!(status_through(&good, &json!({"ca": ca})).await, 200);
    assert_eq!(
        status_through(&misnamed, &json!({"ca": ca, "server_name": "elsewhere.example.com"})).await,
        200
    );
    for (name, wrong, tls) in [
        ("a stranger's certificate", &forged, json!({"ca": ca})),
        ("another name's certificate", &misnamed, json!({"ca": ca})),
        ("no authority set", &good, json!({})),
    ] {
        let before = wrong.seen().len();
        assert_eq!(status_through(wrong, &tls).await, 503, "{name}");
        assert_eq!(wrong.seen().len(), before, "{name}: nothing may be sent");
    }
}

#[tokio::test]
async fn an_upstream_that_asks_for_a_certificate_is_shown_ours() {
    let folder = TempDir::new().unwrap();
    let (authority, stranger) = (Authority::new(), Authority::new());
    let ca = authority.write(folder.path(), "ca.pem");
    let server = authority.server_for_known(&authority.identity("localhost"));
    let mirror = Mirror::start_with(Terms { tls: Some(server), ..Terms::default() }).await;
    let (certificate, key) = authority.identity("comporta").write(folder.path(), "ours");
    let (false_certificate, false_key) = stranger.identity("comporta").write(folder.path(), "false");

    assert_eq!(
        status_through(&mirror, &json!({"ca": ca, "certificate": certificate, "key": key})).await,
        200
    );
    assert_eq!(mirror.seen().len(), 1);
    for tls in [json!({"ca": ca}), json!({"ca": ca, "certificate": false_certificate, "key": false_key})] {
        let status = status_through(&mirror, &tls).await;
        // Under TLS 1.3 the refusal comes after the handshake, when a request may be on its way to nobody.
        assert!([502, 503].contains(&status), "{status}");
    }
    assert_eq!(mirror.seen().len(), 1, "nothing may be sent");
}

/// The status of a POST through a gateway of its own.
async fn status_through(mirror: &Mirror, tls: &Value) -> u16 {
    let url = mirror.upstream().url_by_name();
    let gateway = Gateway::start(&open_by(&json!({"targets": [{"url": url}], "tls": tls}))).await;
    let mut caller = http1_on(TcpStream::connect(gateway.server.public()).await.unwrap()).await;
    caller.send_request(request("POST", "/t/x", full("secret"))).await.unwrap().status().as_u16()
}

async fn told(answer: Response<Incoming>) -> Value {
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}
