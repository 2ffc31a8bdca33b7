//! Heads that say one thing only, and those that do not.

use http::Request;
use proptest::prelude::*;

use super::*;

fn request(version: Version, target: &str, headers: &[(&str, &str)]) -> Head {
    let mut request = Request::builder().version(version).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0.into()
}

fn checked(headers: &[(&str, &str)]) -> Result<(), HeaderFault> {
    let mut all = vec![("host", "api.example.com")];
    all.extend(headers);
    check(&request(Version::HTTP_11, "/x", &all))
}

#[test]
fn an_ordinary_request_passes() {
    let headers = [
        ("authorization", "Bearer x"),
        ("content-length", "0012"),
        ("connection", "keep-alive, Upgrade, TE, x-mine"),
        ("x_mine", "1"),
    ];
    assert_eq!(checked(&headers), Ok(()));
    assert_eq!(checked(&[("transfer-encoding", "Chunked")]), Ok(()));
}

#[test]
fn a_request_has_one_host() {
    use Version as V;
    let at = |version, target, headers: &[(&str, &str)]| check(&request(version, target, headers));
    assert_eq!(at(V::HTTP_11, "/", &[]), Err(HeaderFault::NoHost));
    assert_eq!(at(V::HTTP_11, "http://a/", &[]), Err(HeaderFault::NoHost));
    assert_eq!(at(V::HTTP_10, "/", &[]), Ok(()));
    assert_eq!(at(V::HTTP_2, "https://a.b/x", &[]), Ok(()));
    assert_eq!(at(V::HTTP_11, "/", &[("host", "a"), ("host", "a")]), Err(HeaderFault::SeveralHosts));
    assert_eq!(at(V::HTTP_11, "http://a.b/", &[("host", "A.b:80")]), Ok(()));
    for (target, host) in [("http://a/", "b"), ("https://a/", "a:80"), ("http://a:8080/", "a")] {
        assert_eq!(at(V::HTTP_11, target, &[("host", host)]), Err(HeaderFault::HostMismatch), "{target}");
    }
    for host in ["", "a@b", "a b", "a,b", "a/b", "a:x", "a:99999", "[::1", "[x]", "a%00", "[::1]x"] {
        assert_eq!(at(V::HTTP_11, "/", &[("host", host)]), Err(HeaderFault::BadHost), "{host}");
    }
    for host in ["a", "a.example.com.:8443", "10.0.0.1:80", "[2001:db8::1]:443", "[::1]", "my_host"] {
        assert_eq!(at(V::HTTP_11, "/", &[("host", host)]), Ok(()), "{host}");
    }
    assert_eq!(at(V::HTTP_2, "https://u:p@a/", &[]), Err(HeaderFault::BadHost));
    let parts = request(V::HTTP_11, "http://a/", &[("host", "a:80")]);
    assert_eq!(host(&parts), Some("a"));
    assert_eq!(host(&request(V::HTTP_11, "/", &[("host", "a:80")])), Some("a:80"));
}

#[test]
fn a_body_has_one_length() {
    for length in ["", "-1", "+1", "1, 1", "0x1", "1 ", "99999999999999999999"] {
        assert_eq!(checked(&[("content-length", length)]), Err(HeaderFault::ContentLength), "{length}");
    }
    let twice = [("content-length", "5"), ("content-length", "5")];
    assert_eq!(checked(&twice), Err(HeaderFault::ContentLength));
    for coding in ["gzip, chunked", "identity", "chunked, chunked", "xchunked", "chunked ", ""] {
        assert_eq!(checked(&[("transfer-encoding", coding)]), Err(HeaderFault::TransferEncoding), "{coding}");
    }
    let both = [("content-length", "5"), ("transfer-encoding", "chunked")];
    assert_eq!(checked(&both), Err(HeaderFault::TwoLengths));
    let two = request(Version::HTTP_2, "https://a/", &[("transfer-encoding", "chunked")]);
    assert_eq!(check(&two), Err(HeaderFault::TransferEncoding));
}

#[test]
fn a_caller_neither_speaks_for_the_gateway_nor_takes_its_headers_away() {
    assert_eq!(checked(&[("X-Comporta-Principal", "a")]), Err(HeaderFault::Own));
    for name in
        ["x_comporta_principal", "x-comporta_principal", "x_api_key", "X_Forwarded_For", "content_length"]
    {
        assert_eq!(checked(&[(name, "a")]), Err(HeaderFault::Underscore), "{name}");
    }
    for named in [
        "host",
        "close, Authorization",
        "X-Api-Key",
        "content-length",
        "x-comporta-principal",
        "transfer-encoding",
    ] {
        assert_eq!(checked(&[("connection", named)]), Err(HeaderFault::Connection), "{named}");
    }
    let second_line = [("connection", "close"), ("connection", "cookie")];
    assert_eq!(checked(&second_line), Err(HeaderFault::Connection));
}

#[test]
fn what_is_for_one_hop_goes_no_further() {
    let sent = [
        ("accept", "*/*"),
        ("connection", "close, X-Mine, te"),
        ("http2-settings", "x"),
        ("keep-alive", "timeout=5"),
        ("proxy-authorization", "Basic x"),
        ("proxy-connection", "close"),
        ("te", "gzip;q=0.5, Trailers"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("x-mine", "1"),
        ("x-other", "2"),
    ];
    let mut headers = request(Version::HTTP_11, "/", &sent).headers;
    strip_hop_by_hop(&mut headers);
    let left = request(Version::HTTP_11, "/", &[("accept", "*/*"), ("x-other", "2"), ("te", "trailers")]);
    assert_eq!(headers, left.headers);
    let mut headers = request(Version::HTTP_11, "/", &[("te", "gzip")]).headers;
    strip_hop_by_hop(&mut headers);
    assert!(headers.is_empty());
}

#[test]
fn a_method_asks_an_upstream_and_nobody_else() {
    let method = |method: &str| {
        let mut parts = request(Version::HTTP_11, "/", &[("host", "a")]);
        parts.method = method.parse().unwrap();
        check(&parts)
    };
    for name in ["CONNECT", "TRACE", "get", "Delete"] {
        assert_eq!(method(name), Err(HeaderFault::Method), "{name}");
    }
    assert_eq!((method("GET"), method("VERSION-CONTROL")), (Ok(()), Ok(())));
    let target = request(Version::HTTP_11, "ftp://a/", &[("host", "a")]);
    assert_eq!(check(&target), Err(HeaderFault::Scheme));
}

#[test]
fn what_servers_take_once_is_given_once() {
    for name in ["authorization", "content-type", "x-api-key"] {
        assert_eq!(checked(&[(name, "a"), (name, "a")]), Err(HeaderFault::Several), "{name}");
    }
    assert_eq!(checked(&[("accept", "a"), ("accept", "b")]), Ok(()));
    let pieces = [("cookie", "a=1"), ("cookie", "b=2"), ("content-length", "0012")];
    let mut headers = request(Version::HTTP_2, "http://a/", &pieces).headers;
    write_plainly(&mut headers);
    let plain = [("cookie", "a=1; b=2"), ("content-length", "12")];
    assert_eq!(headers, request(Version::HTTP_2, "http://a/", &plain).headers);
}

#[test]
fn trailers_say_nothing_that_headers_decide() {
    let names = ["x-api-key", "x_api_key", "x-comporta-principal", "te", "connection", "host", "x-sum"];
    let mut trailers = HeaderMap::new();
    for name in names {
        trailers.append(name, HeaderValue::from_static("1"));
    }
    strip_trailers(&mut trailers);
    assert_eq!(trailers.keys().collect::<Vec<_>>(), ["x-sum"]);
}

#[test]
fn no_upgrade_leads_to_another_http() {
    for protocol in ["h2c", "H2C", "websocket, h2c", "HTTP/2.0", "TLS/1.2"] {
        let asks = [("connection", "upgrade"), ("upgrade", protocol)];
        assert_eq!(upgrade(&request(Version::HTTP_11, "/", &asks).headers), None, "{protocol}");
    }
}

#[test]
fn an_upgrade_is_asked_for_in_both_headers() {
    let asks = [("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")];
    let headers = request(Version::HTTP_11, "/", &asks).headers;
    assert_eq!(upgrade(&headers).unwrap(), "websocket");
    assert_eq!(upgrade(&request(Version::HTTP_11, "/", &asks[1..]).headers), None);
}

#[test]
fn what_frames_a_message_is_not_for_settings_to_change() {
    for name in ["host", "content-length", "te", "connection", "x-comporta-anything"] {
        assert!(is_reserved(&HeaderName::from_static(name)), "{name}");
    }
    assert!(!is_reserved(&http::header::AUTHORIZATION));
}

proptest! {
    #[test]
    fn no_headers_upset_the_check(
        headers in prop::collection::vec(
            (prop::sample::select(vec!["host", "te", "connection", "content-length", "upgrade", "x_a"]),
             prop::collection::vec(prop_oneof![32..127_u8, 128..=255_u8], 0..24)),
            0..6,
        ),
    ) {
        let mut parts = request(Version::HTTP_11, "/", &[]);
        for (name, value) in headers {
            parts.headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(&value).unwrap());
        }
        let _ = check(&parts);
        strip_hop_by_hop(&mut parts.headers);
        prop_assert!(!parts.headers.contains_key(CONNECTION));
    }
}
