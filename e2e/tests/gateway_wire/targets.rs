//! Targets: the four forms, and spellings of a path that lead round a rule.

use crate::case::Case;

/// Targets that are none, or that servers read differently.
const REFUSED: [&str; 51] = [
    "*",
    "x",
    "~/x",
    "a.test",
    "a.test:80",
    "?x",
    "#x",
    "http:/~/x",
    "http:///~/x",
    "http:x",
    "://a.test/~/x",
    "http://b.test/~/x",
    "http://a.test:81/~/x",
    "https://a.test:80/~/x",
    "http://user@a.test/~/x",
    "http://user:password@a.test/~/x",
    "http://a.test@b.test/~/x",
    "http://b.test@a.test/~/x",
    "http://a.test:99999/~/x",
    "http://[::1/~/x",
    "ftp://a.test/~/x",
    "file://a.test/~/x",
    "/~/a b",
    "/~/x?a b",
    "/~/a\tb",
    "/~/a\0b",
    "/~/a\u{1}b",
    "/~/a\u{7f}b",
    "/~/a%00b",
    "/~/a%0ab",
    "/~/a%0d%0ab",
    "/~/a%7fb",
    "/~/\u{ff}",
    "/~/%ff",
    "/~/%",
    "/~/%2",
    "/~/%zz",
    "/~/guarded%2fx",
    "/~/a/..%2fguarded/x",
    "/~/a%5c..%5cguarded%5cx",
    "/~/a\\..\\guarded\\x",
    "/~/guarded;/x",
    "/~/a/..;/guarded/x",
    "/~/guarded%3bx/x",
    "/~/%252e%252e/guarded",
    "/~/a/%25%32%65%25%32%65/guarded/x",
    "/~/guarded%252fx",
    "/~/a/%c0%ae%c0%ae/guarded/x",
    "/~/guarded%c0%afx",
    "/../../etc/passwd",
    "/~/../../../x",
];

/// Spellings of a path that asks for a key.
const GUARDED: [&str; 19] = [
    "/~/guarded",
    "/~/guarded/",
    "/~/guarded?x",
    "/~/guarded#x",
    "/~/guarded/x",
    "/~/./guarded/x",
    "/~//guarded/x",
    "//~/guarded//x",
    "/~/guarded/./x",
    "/~/a/../guarded/x",
    "/~/guarded/a/../x",
    "/~/a/%2e%2e/guarded/x",
    "/~/a/.%2E/guarded/x",
    "/~/%67uarded/x",
    "/~/%67%75%61%72%64%65%64",
    "/~//%2e//guarded/x",
    "/a/..//~/guarded/x",
    "http://a.test/~/guarded/x",
    "http://a.test//~/a/..//guarded/x",
];

/// Spellings, and the one that goes on.
const SPELLED: [(&str, &str); 20] = [
    ("/~/x", "/~/x"),
    ("/~/x/", "/~/x/"),
    ("/~//x", "/~/x"),
    ("//~/x", "/~/x"),
    ("/~/./x", "/~/x"),
    ("/~/a/../x", "/~/x"),
    ("/~/guarded/../x", "/~/x"),
    ("/~/guarded/%2e%2e/x", "/~/x"),
    ("/~/%78", "/~/x"),
    ("/~/a%3ab", "/~/a%3Ab"),
    ("/~/a\"b", "/~/a%22b"),
    ("/~/\u{c3}\u{a9}", "/~/%C3%A9"),
    ("/~/x#y", "/~/x"),
    ("/~/x?y#z", "/~/x?y"),
    ("/~/x?", "/~/x?"),
    ("/~/x?a=/../guarded", "/~/x?a=/../guarded"),
    ("/~/x?a=%00%0d%0a", "/~/x?a=%00%0d%0a"),
    ("/~/x?a=b;c&d[]={e}", "/~/x?a=b;c&d[]={e}"),
    ("http://a.test/~/x", "/~/x"),
    ("HTTP://A.TEST:80/~/a/../x?y", "/~/x?y"),
];

pub fn cases() -> Vec<Case> {
    let text = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: a.test\r\n\r\n");
    let mut cases: Vec<Case> = REFUSED.map(|target| Case::refused(text(target))).into();
    cases.extend(GUARDED.map(|target| Case::denied(text(target), 401)));
    cases.extend(SPELLED.map(|(target, one)| Case::once(text(target), "GET", one)));
    cases.extend(
        ["OPTIONS *", "OPTIONS /~", "CONNECT a.test:80", "CONNECT http://a.test/~/x", "POST *"].map(
            |start| {
                let text = format!("{start} HTTP/1.1\r\nhost: a.test\r\n\r\n");
                if start == "OPTIONS /~" { Case::once(text, "OPTIONS", "/~") } else { Case::refused(text) }
            },
        ),
    );
    cases.push(Case::refused("GET http://a.test/~/x HTTP/1.1\r\n\r\n"));
    cases.push(Case::refused("GET http://a.test/~/x HTTP/1.1\r\nhost: a.test\r\nhost: b.test\r\n\r\n"));
    cases.push(Case::refused(text("/~/x?\u{ff}")));
    cases
}
