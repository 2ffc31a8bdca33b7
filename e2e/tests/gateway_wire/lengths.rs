//! How long a body is: both ways of saying so, several times, and in spellings that servers read differently.

use crate::case::{Case, get, post};

/// Values of `content-length` that are no number, or not one that fits.
const NO_LENGTHS: [&str; 20] = [
    "",
    "+5",
    "-5",
    "-0",
    "0x5",
    "5x",
    "x",
    "5 5",
    "5,5",
    "5, 5",
    "5,6",
    "5.0",
    "5e0",
    "5;",
    "\"5\"",
    "5\0",
    "\u{b2}",
    "99999999999999999999",
    "18446744073709551616",
    "18446744073709551615",
];

/// Codings that are not `chunked` alone.
const NO_CODINGS: [&str; 20] = [
    "",
    "xchunked",
    "chunk",
    "chunkedx",
    "identity",
    "gzip, chunked",
    "identity, chunked",
    "chunked, identity",
    "chunked, chunked",
    "chunked,",
    ",chunked",
    "chunked;q=1",
    "\"chunked\"",
    "'chunked'",
    "chunked\0",
    "\u{b}chunked",
    "chunked\u{c}",
    "x\u{ff}chunked",
    "\r\n chunked",
    "chunked\r\n , identity",
];

/// Two lines that say how a message is coded.
const CODED_TWICE: [(&str, &str); 5] = [
    ("chunked", "chunked"),
    ("chunked", "identity"),
    ("identity", "chunked"),
    ("xchunked", "chunked"),
    ("chunked", "x"),
];

/// Lines that some servers read as one of the two and others do not.
const HIDDEN: [&str; 14] = [
    "content-length : 5",
    "content-length\t: 5",
    "content-length\u{b}: 5",
    "content-length\0: 5",
    "content_length: 5",
    " content-length: 5",
    "transfer-encoding : chunked",
    "transfer-encoding\t: chunked",
    "transfer_encoding: chunked",
    " transfer-encoding: chunked",
    "x: y\rtransfer-encoding: chunked",
    "x: y\r\n\ttransfer-encoding: chunked",
    "transfer-encoding\u{a0}: chunked",
    "content-length:\r\n 5",
];

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(
        NO_LENGTHS.map(|length| Case::refused(post(&format!("content-length: {length}\r\n"), "hello"))),
    );
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    cases.extend(
        NO_CODINGS.map(|coding| Case::refused(post(&format!("transfer-encoding: {coding}\r\n"), chunks))),
    );
    cases.extend(CODED_TWICE.map(|(one, other)| {
        Case::refused(post(&format!("transfer-encoding: {one}\r\ntransfer-encoding: {other}\r\n"), chunks))
    }));
    cases.extend(HIDDEN.map(|line| Case::refused(post(&format!("{line}\r\n"), chunks))));
    cases.extend(refused());
    cases.extend(both());
    cases.extend(plain());
    cases
}

fn refused() -> [Case; 6] {
    [
        Case::refused(post("content-length: 5\r\ncontent-length: 5\r\n", "hello")),
        Case::refused(post("content-length: 5\r\ncontent-length: 6\r\n", "hello!")),
        Case::refused(post("content-length: 6\r\ncontent-length: 5\r\n", "hello!")),
        Case::refused(post("content-length: 0\r\ncontent-length: 5\r\n", "hello")),
        Case::refused("POST /~/x HTTP/1.0\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        // More than the route takes.
        Case::refused(post("content-length: 18446744073709551613\r\n", "hello")),
    ]
}

/// Whoever says both may mean to be read in two ways: RFC 9112, 6.1, lets a server refuse it.
fn both() -> [Case; 7] {
    let both = |lines: &str, rest: &str| Case::refused(post(lines, rest));
    [
        both("content-length: 6\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\nG"),
        both("transfer-encoding: chunked\r\ncontent-length: 6\r\n", "0\r\n\r\nG"),
        both("content-length: 4\r\ntransfer-encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        both("transfer-encoding: chunked\r\ncontent-length: 4\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        both("content-length: 0\r\ntransfer-encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        both("transfer-encoding: chunked\r\ncontent-length: nonsense\r\n", "0\r\n\r\n"),
        both(
            "content-length: 5\r\ntransfer-encoding: chunked\r\ncontent-length: 7\r\n",
            "5\r\nhello\r\n0\r\n\r\nGET /~/smuggled HTTP/1.1\r\nhost: a.test\r\n\r\n",
        ),
    ]
}

fn plain() -> Vec<Case> {
    let sized = |length: &str| {
        let case = Case::once(post(&format!("content-length:{length}\r\n"), "hello"), "POST", "/~/x");
        case.body(b"hello").with("content-length", "5")
    };
    let mut cases: Vec<Case> = [" 5", "5", "  5  ", "\t5\t", " 05", " 0005"].map(sized).into();
    cases.extend([" chunked", "Chunked", " CHUNKED ", "\tchunked\t"].map(|coding| {
        let text = post(&format!("Transfer-Encoding:{coding}\r\n"), "5\r\nhello\r\n0\r\n\r\n");
        Case::once(text, "POST", "/~/x").body(b"hello").with("transfer-encoding", "chunked")
    }));
    let bodies =
        ["content-length: 5\r\n\r\nhello", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"];
    cases.extend(bodies.map(|rest| {
        let text = get("").replacen("\r\n\r\n", &format!("\r\n{rest}"), 1);
        Case::once(text, "GET", "/~/x").body(b"hello")
    }));
    let old = "POST /~/x HTTP/1.0\r\nhost: a.test\r\ncontent-length: 5\r\n\r\nhello";
    cases.push(Case::once(old, "POST", "/~/x").body(b"hello").last());
    cases
}
