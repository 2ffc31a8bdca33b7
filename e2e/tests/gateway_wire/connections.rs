//! Headers for one hop, headers that only the gateway may write, and changes of the protocol.

use crate::case::{Case, get, post};

/// Headers that `connection` must not take away.
const LOAD_BEARING: [&str; 12] = [
    "host",
    "Host",
    "authorization",
    "x-api-key",
    "content-length",
    "content-type",
    "cookie",
    "transfer-encoding",
    "x-forwarded-for",
    "x-comporta-principal",
    "close, x-request-id",
    "traceparent",
];

/// Headers that are the gateway's own, and twins that servers of the CGI family take for the real ones.
const FORGED: [&str; 9] = [
    "x-comporta-principal",
    "X-Comporta-Principal",
    "x-comporta-anything",
    "x_comporta_principal",
    "x-comporta_principal",
    "x_api_key",
    "X_Forwarded_For",
    "Content_Type",
    "x_request_id",
];

/// What was said for one hop only.
const FOR_ONE_HOP: [&str; 10] = [
    "connection: close",
    "connection: x-mine\r\nx-mine: 1",
    "connection: keep-alive, X-Mine\r\nx-mine: 1\r\nkeep-alive: timeout=5",
    "connection: x-mine\r\nconnection: y-mine\r\nx-mine: 1\r\ny-mine: 2",
    "proxy-connection: keep-alive",
    "proxy-authorization: Basic eDp5",
    "keep-alive: timeout=5, max=1000",
    "te: gzip;q=1",
    "upgrade: websocket",
    "http2-settings: AAMAAABkAAQAAP__",
];

/// Protocols that would carry requests past every rule.
const OTHER_HTTP: [&str; 7] =
    ["h2c", "H2C", "websocket, h2c", "h2c, websocket", "HTTP/2.0", "HTTP/1.1", "TLS/1.2"];

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> =
        LOAD_BEARING.map(|name| Case::refused(get(&format!("connection: {name}\r\n")))).into();
    cases.extend(FORGED.map(|name| Case::refused(get(&format!("{name}: x\r\n")))));
    cases.extend(FOR_ONE_HOP.map(|lines| {
        let case = Case::once(get(&format!("{lines}\r\n")), "GET", "/~/x");
        let names = ["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade"];
        let case = names.into_iter().fold(case, Case::without);
        let case = case.without("http2-settings").without("x-mine").without("y-mine");
        if lines == "connection: close" { case.last() } else { case }
    }));
    cases.extend(OTHER_HTTP.map(|protocol| {
        let lines = format!(
            "connection: upgrade, http2-settings\r\nupgrade: {protocol}\r\nhttp2-settings: AAMAAABk\r\n"
        );
        let case = Case::once(get(&lines), "GET", "/~/x");
        case.without("upgrade").without("connection").without("http2-settings")
    }));
    cases.extend(said_anew());
    cases.extend(expectations());
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    cases.push(
        Case::once(get(upgrade), "GET", "/~/x").with("upgrade", "websocket").with("connection", "upgrade"),
    );
    // Where the request ends and the other protocol begins is not for two servers to agree on.
    for (lines, rest) in
        [("content-length: 5\r\n", "hello"), ("transfer-encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    {
        let text = post(&format!("{upgrade}{lines}"), rest);
        cases.push(Case::once(text, "POST", "/~/x").body(b"hello").without("upgrade").without("connection"));
    }
    cases
}

/// What a caller claims of itself and its way here.
fn said_anew() -> [Case; 5] {
    let x = |lines: &str| Case::once(get(lines), "GET", "/~/x");
    [
        x("x-forwarded-for: 10.0.0.1\r\n").with("x-forwarded-for", "127.0.0.1"),
        x("x-forwarded-for: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2\r\n").with("x-forwarded-for", "127.0.0.1"),
        x("forwarded: for=10.0.0.1;proto=https\r\n")
            .with("forwarded", "for=127.0.0.1;host=a.test;proto=http"),
        x("x-forwarded-proto: https\r\nx-forwarded-host: b.test\r\n")
            .with("x-forwarded-proto", "http")
            .with("x-forwarded-host", "a.test"),
        x("x-real-ip: 10.0.0.1\r\nx-forwarded-port: 443\r\n")
            .without("x-real-ip")
            .without("x-forwarded-port"),
    ]
}

/// The gateway itself tells a caller to go on: the upstream is asked for nothing.
fn expectations() -> [Case; 5] {
    let posted = |expect: &str| {
        let text = post(&format!("expect: {expect}\r\ncontent-length: 5\r\n"), "hello");
        Case::once(text, "POST", "/~/x").body(b"hello").without("expect")
    };
    [
        posted("100-continue"),
        posted("100-Continue"),
        posted("y 100-continue"),
        posted("200-ok"),
        Case::once(get("expect: 100-continue\r\n"), "GET", "/~/x").without("expect"),
    ]
}
