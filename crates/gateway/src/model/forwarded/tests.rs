//! Callers behind proxies, honest and not.

use proptest::prelude::*;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for &(name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn networks() -> Vec<Network> {
    ["10.0.0.0/8", "fd00::/8"].iter().map(|network| network.parse().unwrap()).collect()
}

fn client(peer: &str, sent: &[(&'static str, &str)]) -> String {
    let peer = Peer::new(peer.parse().unwrap(), false, &networks());
    peer.caller(&networks(), &Uri::from_static("/"), &headers(sent)).address.to_string()
}

/// What an upstream sees after a request from a peer.
fn upstream(peer: &str, sent: &[(&'static str, &str)]) -> Headers {
    let peer = Peer::new(peer.parse().unwrap(), false, &networks());
    let mut headers = headers(sent);
    let caller = peer.caller(&networks(), &Uri::from_static("/"), &headers);
    peer.write(&caller, &mut headers);
    headers
}

#[test]
fn a_stranger_is_believed_nothing() {
    let sent = [
        ("host", "api.example.com"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1;proto=https"),
    ];
    assert_eq!(client("203.0.113.9", &sent), "203.0.113.9");
    assert_eq!(
        upstream("203.0.113.9", &sent),
        headers(&[
            ("host", "api.example.com"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-host", "api.example.com"),
            ("x-forwarded-proto", "http"),
            ("forwarded", "for=203.0.113.9;host=api.example.com;proto=http"),
        ])
    );
}

#[test]
fn the_caller_is_the_last_one_that_no_trusted_proxy_has() {
    for (list, caller) in [
        ("203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9 ,10.0.0.3,10.0.0.2", "203.0.113.9"),
        ("203.0.113.9:4711, 10.0.0.2", "203.0.113.9"),
        ("\"[2001:db8::1]:80\", 10.0.0.2", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"),
        ("junk", "10.0.0.1"),
        ("203.0.113.9,", "10.0.0.1"),
        ("", "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", list)]), caller, "{list}");
    }
    let lines = [("x-forwarded-for", "1.1.1.1, 203.0.113.9"), ("x-forwarded-for", "10.0.0.2")];
    assert_eq!(client("::ffff:10.0.0.1", &lines), "203.0.113.9");
    assert_eq!(client("fd00::1", &lines), "203.0.113.9");
}

#[test]
fn the_standard_header_is_read_with_its_quotes() {
    for (list, caller) in [
        ("for=203.0.113.9", "203.0.113.9"),
        ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        ("for=1.1.1.1, for=203.0.113.9;proto=https;by=10.0.0.2 , proto=http; for=10.0.0.2", "203.0.113.9"),
        ("for=\"a\\\", for=1.1.1.1\";by=x, for=203.0.113.9", "203.0.113.9"),
        ("for=203.0.113.9:80", "203.0.113.9"),
        (",, for=203.0.113.9,", "203.0.113.9"),
        ("for=203.0.113.9, for=_hidden, for=10.0.0.2", "10.0.0.2"),
        ("for=unknown", "10.0.0.1"),
        // A quote that the caller left open must not swallow what the proxy wrote.
        ("for=\"1.1.1.1, for=203.0.113.9", "10.0.0.1"),
        ("for=1.1.1.1;for=203.0.113.9", "10.0.0.1"),
        ("for, for=203.0.113.9", "10.0.0.1"),
        ("", "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", &[("forwarded", list)]), caller, "{list}");
    }
}

#[test]
fn two_headers_that_name_different_callers_are_both_doubted() {
    let sent = |x: &'static str| [("forwarded", "for=198.51.100.7"), ("x-forwarded-for", x)];
    assert_eq!(client("10.0.0.1", &sent("203.0.113.9")), "10.0.0.1");
    assert_eq!(client("10.0.0.1", &sent("198.51.100.7")), "198.51.100.7");
}

#[test]
fn scheme_and_host_are_those_that_the_caller_used() {
    let seen = |sent: &[(&'static str, &str)]| {
        let upstream = upstream("10.0.0.1", sent);
        ["x-forwarded-proto", "x-forwarded-host"].map(|name| upstream[name].to_str().unwrap().to_owned())
    };
    let way = "for=203.0.113.9;proto=https;host=\"a.example:444\", for=10.0.0.2;proto=http;host=b";
    assert_eq!(seen(&[("host", "inner"), ("forwarded", way)]), ["https", "a.example:444"]);
    let lists = [("x-forwarded-proto", "http, HTTPS"), ("x-forwarded-host", "a.example, b.example")];
    assert_eq!(seen(&lists), ["https", "b.example"]);
    let junk = [("host", "inner"), ("x-forwarded-proto", "gopher"), ("x-forwarded-host", "a b")];
    assert_eq!(seen(&junk), ["http", "inner"]);
}

#[test]
fn an_upstream_is_told_the_whole_way_in_both_headers() {
    let sent = [
        ("host", "a.example:8443"),
        ("x-forwarded-for", "1.1.1.1, 2001:db8::1, 10.0.0.2"),
        ("x-real-ip", "2001:db8::1"),
    ];
    assert_eq!(
        upstream("10.0.0.1", &sent),
        headers(&[
            ("host", "a.example:8443"),
            ("x-real-ip", "2001:db8::1"),
            ("x-forwarded-for", "2001:db8::1, 10.0.0.2, 10.0.0.1"),
            ("x-forwarded-host", "a.example:8443"),
            ("x-forwarded-proto", "http"),
            (
                "forwarded",
                "for=\"[2001:db8::1]\";host=\"a.example:8443\";proto=http, for=10.0.0.2, for=10.0.0.1"
            ),
        ])
    );
    let nobody = upstream("10.0.0.1", &[("x-forwarded-host", "a\"b")]);
    assert!(!nobody.contains_key("x-forwarded-host"));
    assert_eq!(nobody["forwarded"], "for=10.0.0.1;proto=http");
}

#[test]
fn over_http_2_the_host_is_in_the_target() {
    let peer = Peer::new("203.0.113.9".parse().unwrap(), true, &[]);
    let mut headers = Headers::new();
    let caller = peer.caller(&[], &Uri::from_static("https://a.example/x"), &headers);
    peer.write(&caller, &mut headers);
    assert_eq!(headers["forwarded"], "for=203.0.113.9;host=a.example;proto=https");
}

proptest! {
    #[test]
    fn no_header_upsets_the_reader_or_makes_a_stranger_trusted(
        name in prop::sample::select(vec!["forwarded", "x-forwarded-for", "x-forwarded-host"]),
        value in "[ -~]{0,48}|([a-z:;,=\"\\\\ 0-9.]|for=|10\\.0\\.0\\.2){0,16}",
    ) {
        let sent = [(name, value.as_str())];
        let _ = upstream("10.0.0.1", &sent);
        prop_assert_eq!(client("203.0.113.9", &sent), "203.0.113.9");
    }
}
