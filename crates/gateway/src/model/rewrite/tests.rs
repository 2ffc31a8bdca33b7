//! Rewrites and redirects, filled in from paths that a table matched.

use http::Method;
use proptest::prelude::*;

use super::super::path_pattern::normalise;
use super::super::table::{Found, Table};
use super::*;
use crate::config::{Match, PathRewrite, Route, RouteAuth};

fn captures(pattern: &str, path: &str) -> Captures {
    let route = Route {
        name: "r".to_owned(),
        matching: Match {
            hosts: Vec::new(),
            path: pattern.to_owned(),
            methods: Vec::new(),
            headers: std::collections::BTreeMap::new(),
        },
        upstream: None,
        redirect: None,
        rewrite: None,
        auth: RouteAuth::default(),
        limit: None,
        cors: None,
        body_limit: None,
        log: None,
    };
    match Table::build(&[route]).unwrap().find("", path, &Method::GET, &Headers::new()) {
        Found::Route { captures, .. } => captures,
        other => panic!("{pattern} {path}: {other:?}"),
    }
}

fn rewrite(pattern: &str, to: &str) -> Result<Rewrite, Vec<Fault>> {
    let config =
        config::Rewrite { path: Some(PathRewrite { to: to.to_owned() }), ..config::Rewrite::default() };
    Rewrite::compile(3, &config, &pattern.parse().unwrap())
}

fn rewritten(pattern: &str, to: &str, path: &str, query: Option<&str>) -> Result<String, PathFault> {
    let rewrite = rewrite(pattern, to).unwrap();
    let target = rewrite.path(path, &captures(pattern, path), query)?;
    Ok(target.unwrap().to_string())
}

fn redirect(pattern: &str, to: &str, status: u16) -> Result<Redirect, Vec<Fault>> {
    Redirect::compile(3, &config::Redirect { to: to.to_owned(), status }, &pattern.parse().unwrap())
}

#[test]
fn a_path_is_made_of_what_was_kept_and_the_query_stays() {
    for (pattern, to, path, query, target) in [
        ("/v1/books/{id}", "/livros/{id}", "/v1/books/7", Some("a=1&b"), "/livros/7?a=1&b"),
        ("/v1/**", "/{rest}", "/v1/a/b%20c/", None, "/a/b%20c/"),
        ("/v1/**", "/api/{rest}", "/v1", Some(""), "/api/"),
        ("/v1/**", "/api/{rest}/end", "/v1/", None, "/api/end"),
        ("/{a}/{b}", "/{b}/{a}-{b}", "/x/y", None, "/y/x-y"),
        ("/x", "/fixed", "/x", Some("q"), "/fixed?q"),
    ] {
        assert_eq!(rewritten(pattern, to, path, query).as_deref(), Ok(target), "{pattern} {to}");
    }
    let unchanged = Rewrite::default().path("/x", &Captures::default(), None);
    assert_eq!(unchanged, Ok(None));
}

#[test]
fn a_path_that_would_be_encoded_twice_is_refused() {
    assert_eq!(rewritten("/a/{x}", "/b%25{x}", "/a/2F", None), Err(PathFault::EncodedTwice));
}

#[test]
fn each_mistake_in_a_template_is_told() {
    for (to, message) in [
        ("livros", "expected a path that begins with /"),
        ("/x?y=1", "expected no query: the one that came is kept"),
        ("/x#y", "expected no fragment: leave out what follows #"),
        ("/{id", "expected each { to be closed by a }"),
        ("/id}", "expected each { to be closed by a }"),
        ("/{rest}", "the route's path does not keep `{rest}`"),
        ("/a/../../b", "expected a path: the path leads above its root"),
        ("/a;b", "expected a path: the path holds a semicolon, after which servers disagree"),
        ("/a%2", "expected a path: the path holds a % without two hexadecimal digits after it"),
        ("/a%2{id}", "expected a path: the path holds a % without two hexadecimal digits after it"),
    ] {
        let faults = rewrite("/v1/{id}", to).unwrap_err();
        assert_eq!(faults, [Fault::new(3, "rewrite.path.to", message)], "{to}");
    }
}

#[test]
fn headers_are_dropped_then_set_but_never_the_gateways_own() {
    let text = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let config = config::Rewrite {
        host: Some("legacy.example.com:8080".to_owned()),
        set_headers: text(&[("X-Tenant", "main")]),
        remove_headers: vec!["Cookie".to_owned(), "X-Tenant".to_owned()],
        remove_response_headers: vec!["server".to_owned()],
        ..config::Rewrite::default()
    };
    let rewrite = Rewrite::compile(0, &config, &"/".parse().unwrap()).unwrap();
    let mut headers = Headers::new();
    headers.insert(HeaderName::from_static("cookie"), HeaderValue::from_static("a=b"));
    headers.insert(HeaderName::from_static("server"), HeaderValue::from_static("old"));
    headers.append(HeaderName::from_static("x-tenant"), HeaderValue::from_static("1"));
    headers.append(HeaderName::from_static("x-tenant"), HeaderValue::from_static("2"));
    rewrite.change_request(&mut headers);
    assert_eq!(headers.get_all("x-tenant").collect::<Vec<_>>(), ["main"]);
    assert!(!headers.contains_key("cookie") && headers.contains_key("server"));
    rewrite.change_response(&mut headers);
    assert!(!headers.contains_key("server"));
    assert_eq!(rewrite.host().unwrap(), "legacy.example.com:8080");

    let config = config::Rewrite {
        host: Some("user@host".to_owned()),
        set_headers: text(&[("X-Comporta-Principal", "a"), ("b c", "1"), ("d", "\n")]),
        remove_headers: vec!["content-length".to_owned()],
        ..config::Rewrite::default()
    };
    let faults = Rewrite::compile(0, &config, &"/".parse().unwrap()).unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    let set = "rewrite.set_headers";
    assert_eq!(
        fields,
        [
            "rewrite.host",
            &format!("{set}.X-Comporta-Principal"),
            &format!("{set}.b c"),
            &format!("{set}.d"),
            "rewrite.remove_headers.0"
        ]
    );
}

#[test]
fn a_redirect_leads_to_a_place_that_the_operator_chose() {
    let location = |pattern, to, path, query| {
        let redirect = redirect(pattern, to, 308).unwrap();
        redirect.location(path, &captures(pattern, path), query).unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(location("/old/**", "/new/{rest}", "/old/a", Some("q=1")), "/new/a?q=1");
    assert_eq!(location("/**", "https://example.com/{rest}", "/a/b", None), "https://example.com/a/b");
    assert_eq!(location("/**", "https://example.com", "/a/b", None), "https://example.com/");
    assert_eq!(location("/**", "/x?from=old", "/a", Some("q=1")), "/x?from=old&q=1");
    // Never `//evil.example`, which a browser takes for another host.
    assert_eq!(location("/go/**", "/{rest}", "/go/evil.example/", None), "/evil.example/");
    assert_eq!(redirect("/", "/x", 303).unwrap().status(), StatusCode::SEE_OTHER);
}

#[test]
fn a_caller_cannot_choose_a_redirects_host_or_query() {
    for to in ["https://{id}.example.com/", "https://example.com/?q={id}"] {
        let faults = redirect("/{id}", to, 302).unwrap_err();
        assert_eq!(faults, [Fault::new(3, "redirect.to", "expected names only in the path")], "{to}");
    }
    for to in ["ftp://example.com/", "example.com", "https://", "https://user@example.com/"] {
        let faults = redirect("/{id}", to, 302).unwrap_err();
        assert_eq!(faults[0].field, "redirect.to", "{to}");
    }
    let faults = redirect("/", "nowhere", 200).unwrap_err();
    assert_eq!(
        faults.iter().map(|fault| &*fault.field).collect::<Vec<_>>(),
        ["redirect.to", "redirect.status"]
    );
}

proptest! {
    #[test]
    fn what_is_sent_is_always_a_normal_path(
        path in "/v1/(a|%2e|\\.|%41|%20|%25|25|2f){1,4}(/(a|%2e|\\.|%41|%20|%25|25|2f){0,4}){0,4}",
        to in "/(a|\\.|/|\\{id\\}|\\{rest\\}|%25|%20){0,6}",
    ) {
        let Ok(path) = normalise(&path) else { return Ok(()) };
        let Ok(rewrite) = rewrite("/v1/{id}/**", &to) else { return Ok(()) };
        if !path.starts_with("/v1/") || path.len() < 5 {
            return Ok(());
        }
        if let Ok(Some(target)) = rewrite.path(&path, &captures("/v1/{id}/**", &path), None) {
            let normal = normalise(target.path());
            prop_assert_eq!(normal.as_deref(), Ok(target.path()));
        }
    }
}
