//! Heads: line ends, names, values, versions, methods, hosts and their sizes.

use crate::case::{Case, get};

/// Header lines that are none.
const NO_LINES: [&str; 31] = [
    "garbage",
    ": x",
    "x y: z",
    "x : y",
    "x\t: y",
    "x\u{b}: y",
    "x\0: y",
    "x\u{1}: y",
    "x\u{7f}: y",
    "\u{e9}x: y",
    "x(): y",
    "x/y: z",
    "x@y: z",
    "x[0]: y",
    "{x}: y",
    "\"x\": y",
    "x,y: z",
    "x;y: z",
    "x=y: z",
    "x\\y: z",
    "x: \0",
    "x: a\0b",
    "x: a\u{1}b",
    "x: a\u{b}b",
    "x: a\u{7f}b",
    "x: a\rb",
    "x: a\r\r\ny: b",
    "x: a\r\n b",
    "x: a\r\n\tb",
    "x: a\r\n \r\ny: b",
    "x\r\n: y",
];

/// First lines that are none of HTTP/1.0 or 1.1.
const NO_STARTS: [&str; 31] = [
    "GET /~/x",
    "GET /~/x ",
    "GET /~/x HTTP/0.9",
    "GET /~/x HTTP/1.2",
    "GET /~/x HTTP/1.10",
    "GET /~/x HTTP/01.1",
    "GET /~/x HTTP/1",
    "GET /~/x HTTP/1.",
    "GET /~/x HTTP/2.0",
    "GET /~/x HTTP/2",
    "GET /~/x HTTP/3.0",
    "GET /~/x HTTP/-1.1",
    "GET /~/x http/1.1",
    "GET /~/x HTTPS/1.1",
    "GET /~/x HTTP /1.1",
    "GET /~/x HTTP/1.1 x",
    "GET /~/x HTTP/1.1\0",
    "GET /~/x\tHTTP/1.1",
    "GET\t/~/x HTTP/1.1",
    "GET\u{b}/~/x HTTP/1.1",
    " GET /~/x HTTP/1.1",
    "\tGET /~/x HTTP/1.1",
    "/~/x HTTP/1.1",
    " /~/x HTTP/1.1",
    "GET\0 /~/x HTTP/1.1",
    "G\u{e9}T /~/x HTTP/1.1",
    "G@T /~/x HTTP/1.1",
    "get /~/x HTTP/1.1",
    "Delete /~/x HTTP/1.1",
    "TRACE /~/x HTTP/1.1",
    "CONNECT /~/x HTTP/1.1",
];

/// Hosts that are none, or not one.
const NO_HOSTS: [&str; 24] = [
    "",
    "host: \r\n",
    "host: a.test\r\nhost: a.test\r\n",
    "host: a.test\r\nhost: b.test\r\n",
    "host: a.test\r\nHOST: b.test\r\n",
    "host: a.test\r\nhost : b.test\r\n",
    "host: a.test\r\n host: b.test\r\n",
    "host : a.test\r\n",
    "host: a.test, b.test\r\n",
    "host: a.test b.test\r\n",
    "host: user@a.test\r\n",
    "host: user:password@a.test\r\n",
    "host: a.test/x\r\n",
    "host: a.test?x\r\n",
    "host: a.test#x\r\n",
    "host: a.test\\x\r\n",
    "host: http://a.test\r\n",
    "host: a.test:x\r\n",
    "host: a.test:80:80\r\n",
    "host: a.test:-80\r\n",
    "host: a.test:99999\r\n",
    "host: a.test:80@b.test\r\n",
    "host: [::1\r\n",
    "host: a\u{e9}.test\r\n",
];

/// Beginnings by which HTTP/2 could be let in where HTTP/1.1 was read before, or the other way round.
const NO_PREFACES: [&str; 5] = [
    "\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\nPRI * HTTP/2.0\r\n\r\n",
    "PR * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "GET * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\0\0\0\u{4}\0\0\0\0\0PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = NO_LINES.map(|line| Case::refused(get(&format!("{line}\r\n")))).into();
    cases.extend(NO_STARTS.map(|start| Case::refused(format!("{start}\r\nhost: a.test\r\n\r\n"))));
    cases.extend(NO_HOSTS.map(|host| Case::refused(format!("GET /~/x HTTP/1.1\r\n{host}\r\n"))));
    cases.extend(NO_PREFACES.map(Case::refused));
    cases.extend([
        Case::refused("GET /~/x HTTP/1.1\r\n host: a.test\r\n\r\n"),
        Case::refused("GET /~/x HTTP/1.1\rhost: a.test\r\r"),
        Case::refused("GET /~/x HTTP/1.1\r\rhost: a.test\r\n\r\n"),
        Case::refused("GET /~/x\r\n\r\n"),
        Case::refused("\0GET /~/x HTTP/1.1\r\nhost: a.test\r\n\r\n"),
        Case::refused("GET /~/x HTTP/1.1\nhost: a.test\n\n"),
        Case::refused("GET /~/x HTTP/1.1\r\nhost: a.test\ny: z\r\n\n"),
        Case::refused(format!("\n{}", get(""))),
        Case::denied(get(&"x: y\r\n".repeat(101)), 431),
        Case::denied(get(&format!("x: {}\r\n", "y".repeat(100_000))), 431),
        Case::denied(get(&format!("{}: y\r\n", "x".repeat(100_000))), 431),
        Case::denied(format!("GET /~/{} HTTP/1.1\r\nhost: a.test\r\n\r\n", "x".repeat(70_000)), 414),
        Case::denied(format!("GET /~/?{} HTTP/1.1\r\nhost: a.test\r\n\r\n", "x".repeat(70_000)), 414),
    ]);
    cases.extend(plain());
    cases
}

/// What may be read in one way only, once it is written anew.
fn plain() -> [Case; 11] {
    let x = |text: &str| Case::once(text, "GET", "/~/x");
    [
        x(&get("")),
        x(&format!("\r\n\r\n{}", get(""))),
        x(&get("y:z\r\n")).with("y", "z"),
        x(&get("y: \t z \t \r\n")).with("y", "z"),
        x(&get("y:\r\n")).with("y", ""),
        x(&get("y: a\u{ff}b\r\n")).with("y", "a\u{ff}b"),
        x(&get("Y: 1\r\ny: 2\r\n")),
        x("GET /~/x HTTP/1.0\r\n\r\n").last(),
        x("GET /~/x HTTP/1.0\r\nconnection: keep-alive\r\nhost: a.test\r\n\r\n"),
        x("GET /~/x HTTP/1.1\r\nhost: A.Test:8080\r\n\r\n").with("x-forwarded-host", "A.Test:8080"),
        Case::once(get("").replace("GET", "X-OWN"), "X-OWN", "/~/x"),
    ]
}
