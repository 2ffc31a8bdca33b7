//! Bodies in chunks: sizes, extensions, ends and trailers.

use crate::case::{Case, post};

/// Bodies that are no chunks, or none that all servers read alike.
const BROKEN: [&str; 31] = [
    "+5\r\nhello\r\n0\r\n\r\n",
    "-5\r\nhello\r\n0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "0X5\r\nhello\r\n0\r\n\r\n",
    "5x\r\nhello\r\n0\r\n\r\n",
    "5,5\r\nhello\r\n0\r\n\r\n",
    "5 5\r\nhello\r\n0\r\n\r\n",
    "5_0\r\nhello\r\n0\r\n\r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "\t5\r\nhello\r\n0\r\n\r\n",
    "\r\n5\r\nhello\r\n0\r\n\r\n",
    "\r\nhello\r\n0\r\n\r\n",
    ";x\r\nhello\r\n0\r\n\r\n",
    "g\r\nhello\r\n0\r\n\r\n",
    "\u{ff}5\r\nhello\r\n0\r\n\r\n",
    "5\0\r\nhello\r\n0\r\n\r\n",
    "5\nhello\n0\n\n",
    "5\rhello\r0\r\r",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhello\r0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello!\r\n0\r\n\r\n",
    "6\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\n\n",
    "5;\nx\r\nhello\r\n0\r\n\r\n",
    "5;a\rb\r\nhello\r\n0\r\n\r\n",
    "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
    "5\n;a\r\nhello\r\n0\r\n\r\n",
    "10000000000000005\r\nhello\r\n0\r\n\r\n",
    "fffffffffffffffb\r\nhello\r\n0\r\n\r\n",
    "100000005\r\nhello\r\n0\r\n\r\n",
];

/// Ends that are no trailers.
const BROKEN_ENDS: [&str; 8] = [
    "x\r\n\r\n",
    ": x\r\n\r\n",
    "x : y\r\n\r\n",
    " x: y\r\n\r\n",
    "x: y\r\n z\r\n\r\n",
    "x: \0\r\n\r\n",
    "x\0: y\r\n\r\n",
    "x: y\rz: 1\r\n\r\n",
];

/// Headers by which a message is routed, framed, or trusted: a server that adds trailers to the headers would take
/// them for the gateway's word.
const NO_TRAILERS: [&str; 18] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "idempotency-key",
    "te",
    "traceparent",
    "transfer-encoding",
    "upgrade",
    "x-api-key",
    "x-comporta-principal",
    "x_comporta_principal",
    "x-forwarded-for",
    "x-request-id",
];

pub fn cases() -> Vec<Case> {
    let chunked = |rest: &str| post("transfer-encoding: chunked\r\n", rest);
    let mut cases: Vec<Case> = BROKEN.map(|rest| Case::cut_off(chunked(rest))).into();
    cases.extend(BROKEN_ENDS.map(|end| Case::cut_off(chunked(&format!("5\r\nhello\r\n0\r\n{end}")))));
    let endless = "x".repeat(20_000);
    cases.push(Case::cut_off(chunked(&format!("5;{endless}\r\nhello\r\n0\r\n\r\n"))));
    cases.push(Case::cut_off(chunked(&format!("5\r\nhello\r\n0\r\nx: {}\r\n\r\n", endless.repeat(5)))));
    cases.push(Case::cut_off(chunked(&format!("5\r\nhello\r\n0\r\n{}\r\n", "x: y\r\n".repeat(200)))));

    // Space before an extension is bad whitespace (RFC 9112, 7.1.1), and servers differ on it.
    cases.extend(
        ["5 ; a=\"b\"", "5\t"].map(|size| Case::cut_off(chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n")))),
    );

    let sound = |rest: &str| Case::once(chunked(rest), "POST", "/~/x");
    let spellings = ["5", "0005", "5;a", "5;a=b", "5;\u{ff}", "5;a;b;c"];
    cases.extend(spellings.map(|size| sound(&format!("{size}\r\nhello\r\n0\r\n\r\n")).body(b"hello")));
    let ends = ["0", "000", "0;a=b"];
    cases.extend(ends.map(|end| sound(&format!("A\r\n0123456789\r\n{end}\r\n\r\n")).body(b"0123456789")));
    cases.push(sound("1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n0\r\n\r\n").body(b"hello"));
    cases.push(sound("7\r\n0\r\n\r\nGE\r\n0\r\n\r\n").body(b"0\r\n\r\nGE"));
    cases.extend(NO_TRAILERS.map(|name| {
        let text = post(
            &format!("transfer-encoding: chunked\r\ntrailer: {name}, x-sum\r\n"),
            &format!("5\r\nhello\r\n0\r\n{name}: 1\r\nx-sum: 2\r\n\r\n"),
        );
        Case::once(text, "POST", "/~/x").body(b"hello").trailer("x-sum", "2")
    }));
    cases
}
