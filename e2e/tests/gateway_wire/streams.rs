//! Requests of HTTP/2, told to an upstream in HTTP/1.1.

use std::net::SocketAddr;

use crate::case::{Case, Outcome};
use crate::http2::{End, Http2, request};
use crate::lanes::{self, Lanes};
use crate::{is_as_expected, settle, tell};

type Headers<'h> = &'h [(&'h str, &'h str)];

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "http"), (":path", "/l0/x"), (":authority", "a.test")];

/// Headers that have no place in HTTP/2, or none in a request.
const REFUSED: [(&str, &str); 41] = [
    ("connection", "close"),
    ("connection", "x-mine"),
    ("keep-alive", "timeout=5"),
    ("proxy-connection", "keep-alive"),
    ("transfer-encoding", "chunked"),
    ("transfer-encoding", "identity"),
    ("upgrade", "h2c"),
    ("te", "gzip"),
    ("host", "b.test"),
    ("host", "a.test, b.test"),
    ("X-Upper", "1"),
    ("x y", "1"),
    ("x:", "1"),
    ("x\r\ny", "1"),
    ("x\ny", "1"),
    ("x\0", "1"),
    ("x\u{7f}", "1"),
    ("x\u{e9}", "1"),
    ("", "1"),
    (" x", "1"),
    ("x: 1\r\ny", "1"),
    ("x", "1\r\ny: 1"),
    ("x", "1\r\n\r\nGET /l0/smuggled HTTP/1.1\r\nhost: a.test\r\n\r\n"),
    ("x", "1\n2"),
    ("x", "1\r2"),
    ("x", "1\0"),
    ("x", "\u{1}"),
    (":foo", "1"),
    (":status", "200"),
    (":protocol", "websocket"),
    (":path", "/l0/y"),
    (":method", "POST"),
    (":authority", "b.test"),
    ("content-length", "5"),
    ("content-length", "-0"),
    ("content-length", ""),
    ("content-length", "0, 0"),
    ("x-comporta-principal", "1"),
    ("x_comporta_principal", "1"),
    ("x_api_key", "1"),
    ("transfer_encoding", "chunked"),
];

/// Pseudo-headers and values in place of the right ones.
const REFUSED_STARTS: [(&str, &str); 38] = [
    (":method", ""),
    (":method", "get"),
    (":method", "G T"),
    (":method", "GET /l0/y HTTP/1.1\r\nhost: a.test\r\n\r\nGET"),
    (":method", "GET\0"),
    (":method", "CONNECT"),
    (":method", "TRACE"),
    (":scheme", "ftp"),
    (":scheme", "http://b.test/l0/x?"),
    (":scheme", "ht tp"),
    (":path", ""),
    (":path", "x"),
    (":path", "*"),
    (":path", "?x"),
    (":path", "a.test:80"),
    (":path", "/l0/a b"),
    (":path", "/l0/x HTTP/1.1"),
    (":path", "/l0/x HTTP/1.1\r\nx: y"),
    (":path", "/l0/x\r\n"),
    (":path", "/l0/a\nb"),
    (":path", "/l0/a\tb"),
    (":path", "/l0/a\0b"),
    (":path", "/l0/a%0d%0ab"),
    (":path", "/l0/a%00b"),
    (":path", "/l0/guarded%2fx"),
    (":path", "/l0/a\\..\\guarded\\x"),
    (":path", "/l0/a/..;/guarded/x"),
    (":path", "/l0/%252e%252e/guarded"),
    (":path", "/l0/../../x"),
    (":path", "http://b.test/l0/x"),
    (":authority", ""),
    (":authority", "a b"),
    (":authority", "a.test/x"),
    (":authority", "user@a.test"),
    (":authority", "a.test:x"),
    (":authority", "a.test:99999"),
    (":authority", "a.test\r\nx: y"),
    (":authority", "a.test, b.test"),
];

/// Bodies of five bytes and more, and lengths that they are not.
const TOO_SHORT: [(&str, &[&str]); 2] = [("6", &["hello"]), ("9", &["hel", "lo"])];
const TOO_LONG: [(&str, &[&str]); 4] =
    [("0", &["hello"]), ("4", &["hello"]), ("5", &["hello", "!"]), ("3", &["hel", "lo"])];

/// Trailers that are none.
const WRONG_TRAILERS: [(&str, &str); 4] =
    [("connection", "close"), ("transfer-encoding", "chunked"), ("X-Upper", "1"), ("x", "1\r\ny: 2")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_http2_becomes_two_things_in_http1() {
    let lanes = Lanes::start().await;
    let mut failures = Vec::new();
    let mut count = 0;
    for (case, frames) in cases() {
        count += 1;
        if let Err(fault) = run(&case, &frames, lanes.public(), &lanes).await {
            failures.push(format!("{:?}\n    {fault}", case.text));
        }
    }
    println!("{count} cases, {} failed", failures.len());
    assert!(failures.is_empty() && count >= 105, "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    lanes.stop().await;
}

/// Beginnings that are neither HTTP/2 nor HTTP/1.1.
const NO_PREFACES: [&[u8]; 5] = [
    b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nGET /l0/x HTTP/1.1\r\nhost: a.test\r\n\r\n",
    b"PRI * HTTP/1.1\r\nhost: a.test\r\n\r\n",
    b"PRI /l0/x HTTP/1.1\r\nhost: a.test\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET /l0/x HTTP/1.1\r\nhost: a.test\r\n\r\n",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preface_that_is_none_ends_the_connection() {
    let lanes = Lanes::start().await;
    for preface in NO_PREFACES {
        let mut caller = Http2::connect_with(lanes.public(), preface).await;
        assert_eq!(caller.end_of(1).await, End::Refused, "{}", preface.escape_ascii());
        let record = lanes.recorders[0].take().await;
        assert_eq!(tell(&record), "", "{}", preface.escape_ascii());
    }
    lanes.stop().await;
}

/// What a caller says on stream 1, told as text in the case too.
fn cases() -> Vec<(Case, Vec<u8>)> {
    let mut cases = Vec::new();
    let mut add =
        |case: fn(String) -> Case, headers: Headers<'_>, body: &[&str], trailers: Option<Headers<'_>>| {
            let text = format!("{headers:?} {body:?} {trailers:?}");
            cases.push((case(text), request(1, headers, body, trailers)));
        };
    for header in REFUSED {
        add(Case::refused, &[&GET[..], &[header]].concat(), &[], None);
    }
    for start in REFUSED_STARTS {
        add(Case::refused, &GET.map(|known| if known.0 == start.0 { start } else { known }), &[], None);
    }
    for missing in 0..3 {
        let headers: Vec<_> = GET.into_iter().enumerate().filter(|(index, _)| *index != missing).collect();
        add(Case::refused, &headers.into_iter().map(|(_, header)| header).collect::<Vec<_>>(), &[], None);
    }
    add(Case::refused, &[("x", "1"), GET[0], GET[1], GET[2], GET[3]], &[], None);
    add(Case::refused, &[&GET[..], &[("host", "a.test"), ("host", "a.test")]].concat(), &[], None);
    add(
        Case::refused,
        &[&POST[..], &[("content-length", "5"), ("content-length", "6")]].concat(),
        &["hello"],
        None,
    );
    for (length, body) in TOO_SHORT {
        add(Case::cut_off, &[&POST[..], &[("content-length", length)]].concat(), body, None);
    }
    for (length, body) in TOO_LONG {
        add(Case::overrun, &[&POST[..], &[("content-length", length)]].concat(), body, None);
    }
    for trailer in WRONG_TRAILERS {
        add(Case::cut_off, &POST, &["hello"], Some(&[trailer]));
    }
    sound(&mut add);
    cases
}

const POST: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "http"), (":path", "/l0/x"), (":authority", "a.test")];

type Add<'a> = &'a mut dyn FnMut(fn(String) -> Case, Headers<'_>, &[&str], Option<Headers<'_>>);

/// What has one reading, and which one.
fn sound(add: Add<'_>) {
    let get = |headers: Headers<'static>| [&GET[..], headers].concat();
    let post = |headers: Headers<'static>| [&POST[..], headers].concat();
    add(|text| Case::once(text, "GET", "/l0/x").without("te"), &GET, &[], None);
    add(|text| Case::once(text, "GET", "/l0/x"), &get(&[("host", "a.test")]), &[], None);
    add(
        |text| Case::once(text, "GET", "/l0/x").with("te", "trailers"),
        &get(&[("te", "trailers")]),
        &[],
        None,
    );
    // HTTP/1.1 has one cookie header.
    let crumbs = get(&[("cookie", "a=1"), ("cookie", "b=2"), ("x", "y"), ("cookie", "c=3")]);
    add(|text| Case::once(text, "GET", "/l0/x").with("cookie", "a=1; b=2; c=3"), &crumbs, &[], None);
    add(|text| Case::once(text, "GET", "/l0/x").with("x", "a\u{e9}"), &get(&[("x", "a\u{e9}")]), &[], None);
    let hello = |text| Case::once(text, "POST", "/l0/x").body(b"hello");
    add(hello, &POST, &["hello"], None);
    add(hello, &POST, &["", "hel", "", "lo", ""], None);
    add(
        |text| Case::once(text, "POST", "/l0/x").body(b"hello").with("content-length", "5"),
        &post(&[("content-length", "5")]),
        &["hel", "lo"],
        None,
    );
    add(|text| Case::once(text, "GET", "/l0/x").body(b"hello"), &GET, &["hello"], None);
    // A body that looks like the end of one, and another request.
    add(
        |text| {
            Case::once(text, "POST", "/l0/x")
                .body(b"0\r\n\r\nGET /l0/smuggled HTTP/1.1\r\nhost: a.test\r\n\r\n")
        },
        &POST,
        &["0\r\n\r\nGET /l0/smuggled HTTP/1.1\r\nhost: a.test\r\n\r\n"],
        None,
    );
    add(
        |text| Case::once(text, "POST", "/l0/x").body(b"hello").trailer("x-sum", "1"),
        &post(&[("trailer", "x-sum, x-api-key, x-comporta-principal")]),
        &["hello"],
        Some(&[("x-api-key", "1"), ("x-sum", "1"), ("x-comporta-principal", "1"), ("content-length", "9")]),
    );
    for pseudo in [(":path", "/l0/y"), (":method", "DELETE"), (":status", "200")] {
        add(hello, &POST, &["hello"], Some(&[pseudo]));
    }
    let dots = GET.map(|known| if known.0 == ":path" { (":path", "//l0/a/%2e%2e/%78?y") } else { known });
    add(|text| Case::once(text, "GET", "/l0/x?y"), &dots, &[], None);
    let guarded = GET.map(|known| if known.0 == ":path" { (":path", "/l0/a/../guarded/x") } else { known });
    add(|text| Case::denied(text, 401), &guarded, &[], None);
}

/// The one lane of these cases.
const LANE: &str = "/l0";

async fn run(case: &Case, frames: &[u8], gateway: SocketAddr, lanes: &Lanes) -> Result<(), String> {
    assert_eq!(LANE, lanes::path(0));
    let mut caller = Http2::connect(gateway).await;
    caller.say(frames).await;
    let end = caller.end_of(1).await;
    if let Outcome::Once(_) = case.outcome {
        // The connection is as good as before.
        let after = GET.map(|known| if known.0 == ":path" { (":path", "/l0/after") } else { known });
        caller.say(&request(3, &after, &[], None)).await;
        if caller.end_of(3).await != End::Answered(200) {
            return Err("the connection is not what it was".to_owned());
        }
    }
    let told = match (&case.outcome, end) {
        (Outcome::Refused | Outcome::CutOff | Outcome::Overrun, End::Refused | End::Answered(400..=499)) => {
            Ok(())
        }
        (Outcome::Denied(status), End::Answered(given)) if given == *status => Ok(()),
        (Outcome::Once(_), End::Answered(200)) => Ok(()),
        _ => Err(format!("{end:?}")),
    };
    settle(gateway, LANE).await?;
    let mut record = lanes.recorders[0].take().await;
    record.requests.retain(|request| !request.start.ends_with("/settled HTTP/1.1"));
    let seen = is_as_expected(case, &record, LANE);
    told.and(seen).map_err(|fault| format!("{fault}; upstream: {}", tell(&record)))
}
