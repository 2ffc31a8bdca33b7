//! The table beside a slow and obvious one.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::path_pattern::{PathPattern, Segment, decoded, normalise};
use super::*;
use crate::config::{Match, RouteAuth};

fn route(name: &str, path: &str) -> Route {
    let matching =
        Match { hosts: Vec::new(), path: path.to_owned(), methods: Vec::new(), headers: BTreeMap::new() };
    Route {
        name: name.to_owned(),
        matching,
        upstream: None,
        redirect: None,
        rewrite: None,
        auth: RouteAuth::default(),
        limit: None,
        cors: None,
        body_limit: None,
        log: None,
    }
}

fn with(mut route: Route, hosts: &[&str], methods: &[&str], headers: &[(&str, &str)]) -> Route {
    route.matching.hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    route.matching.methods = methods.iter().map(|&method| method.to_owned()).collect();
    route.matching.headers =
        headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    route
}

fn paths(patterns: &[&str]) -> Table {
    let routes: Vec<Route> = patterns.iter().map(|pattern| route(pattern, pattern)).collect();
    Table::build(&routes).unwrap()
}

/// The route taken; else `405: …` or `404`.
fn found(table: &Table, host: &str, method: &str, path: &str, headers: &Headers) -> Result<usize, String> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    match table.find(host, path, &method, headers) {
        Found::Route { index, .. } => Ok(index),
        Found::MethodNotAllowed { allow } => Err(format!("405: {}", allow.to_str().unwrap())),
        Found::Nothing => Err("404".to_owned()),
    }
}

fn get(table: &Table, path: &str) -> Option<usize> {
    found(table, "any", "GET", path, &Headers::new()).ok()
}

#[test]
fn the_more_specific_path_wins_wherever_it_is_written() {
    let patterns =
        ["/**", "/v1/**", "/v1/{x}/d", "/v1/{id}", "/v1/books/**", "/v1/books", "/v1/books/{id}", "/"];
    for turn in 0..patterns.len() {
        let mut turned = patterns;
        turned.rotate_left(turn);
        let table = paths(&turned);
        for (path, pattern) in [
            ("/", "/"),
            ("/v1", "/v1/**"),
            ("/v1/", "/v1/**"),
            ("/v1/books", "/v1/books"),
            ("/v1/books/", "/v1/books"),
            ("/v1/books/7", "/v1/books/{id}"),
            ("/v1/books/7/", "/v1/books/{id}"),
            ("/v1/books/7/8", "/v1/books/**"),
            ("/v1/books/d", "/v1/books/{id}"),
            ("/v1/x/d", "/v1/{x}/d"),
            ("/v1/x", "/v1/{id}"),
            ("/v1/x/y", "/v1/**"),
            ("/v1x", "/**"),
        ] {
            assert_eq!(get(&table, path).map(|index| turned[index]), Some(pattern), "{path}");
        }
    }
    assert_eq!(get(&paths(&["/v1/books", "/v1/books/{id}"]), "/v1/books/7/8"), None);
}

#[test]
fn what_a_pattern_keeps_is_a_piece_of_the_path() {
    let table = paths(&["/v1/{company}/files/{id}", "/v1/{company}/files/{id}/**"]);
    let kept = |path: &str| match table.find("", path, &Method::GET, &Headers::new()) {
        Found::Route { captures, .. } => (0..4).map(|slot| captures.get(path, slot).to_owned()).collect(),
        other => panic!("{path}: {other:?}"),
    };
    let none = String::new;
    let list: Vec<String> = kept("/v1/c%201/files/7/");
    assert_eq!(list, ["c%201".to_owned(), "7".to_owned(), none(), none()]);
    let list: Vec<String> = kept("/v1/c/files/7/a/b%3A/");
    assert_eq!(list, ["c".to_owned(), "7".to_owned(), "a/b%3A/".to_owned(), none()]);
}

#[test]
fn no_spelling_of_a_path_leads_around_its_route() {
    let table = paths(&["/v1/admin", "/v1/books:export", "/livros/título", "/v1/**", "/**"]);
    for (route, spellings) in [
        (
            0,
            vec![
                "/v1/admin",
                "/v1/admin/",
                "/v1//admin",
                "/v1/x/../admin",
                "/v1/%2e/admin",
                "/v1/%61dmin",
                "/x/..//v1/admin",
            ],
        ),
        (1, vec!["/v1/books:export", "/v1/books%3aexport", "/v1/books%3Aexport/"]),
        (2, vec!["/livros/título", "/livros/t%c3%adtulo"]),
    ] {
        for spelling in spellings {
            assert_eq!(get(&table, &normalise(spelling).unwrap()), Some(route), "{spelling}");
        }
    }
    for refused in [
        "/v1/admin;x",
        "/v1/admin%3b",
        "/v1/x/..%2fadmin",
        "/v1/x%5c..%5cadmin",
        "/v1/%61dmin%00",
        "/v1/%2561dmin",
    ] {
        assert!(normalise(refused).is_err(), "{refused}");
    }
    for other_case in ["/V1/admin", "/v1/ADMIN", "/V1/books", "/v1/Books:Export/"] {
        assert_eq!(get(&table, other_case), None, "{other_case}");
    }
    assert_eq!(get(&table, "/v1/administrator"), Some(3));
}

#[test]
fn hosts_are_told_apart_without_port_case_or_last_dot() {
    let routes = [
        route("any", "/x"),
        with(route("wide", "/x"), &["*.example.com"], &[], &[]),
        with(route("close", "/x"), &["*.api.example.com"], &[], &[]),
        with(route("name", "/x"), &["API.example.com", "v6"], &[], &[]),
        route("elsewhere", "/y"),
    ];
    let table = Table::build(&routes).unwrap();
    let at = |host: &str| found(&table, host, "GET", "/x", &Headers::new()).unwrap();
    assert_eq!(at("api.example.com"), 3);
    assert_eq!(at("Api.Example.Com.:8443"), 3);
    assert_eq!(at("eu.api.example.com:80"), 2);
    assert_eq!(at("www.example.com"), 1);
    assert_eq!(at("a.b.example.com"), 1);
    for other in ["example.com", "", "[::1]:8080", "notexample.com", &"a.".repeat(200)] {
        assert_eq!(at(other), 0, "{other}");
    }
    assert_eq!(found(&table, "api.example.com", "GET", "/y", &Headers::new()), Ok(4));
}

#[test]
fn methods_and_headers_decide_between_routes_of_one_path() {
    let routes = [
        route("rest", "/x"),
        with(route("get", "/x"), &[], &["GET"], &[]),
        with(route("beta", "/x"), &[], &["GET"], &[("X-Beta", "1")]),
        with(route("post", "/x/y"), &[], &["POST", "GET"], &[]),
        with(route("head", "/x"), &[], &["HEAD"], &[]),
    ];
    let table = Table::build(&routes).unwrap();
    let plain = Headers::new();
    let beta: Headers =
        [(http::HeaderName::from_static("x-beta"), HeaderValue::from_static("1"))].into_iter().collect();
    assert_eq!(found(&table, "", "DELETE", "/x", &plain), Ok(0));
    assert_eq!(found(&table, "", "GET", "/x", &plain), Ok(1));
    assert_eq!(found(&table, "", "GET", "/x", &beta), Ok(2));
    assert_eq!(found(&table, "", "HEAD", "/x", &beta), Ok(4));
    assert_eq!(found(&table, "", "HEAD", "/x/y", &plain), Ok(3));
    assert_eq!(found(&table, "", "DELETE", "/x/y", &plain), Err("405: POST, GET, HEAD".to_owned()));
}

#[test]
fn every_fault_is_told_with_its_route_and_field() {
    let routes = [
        with(route("a", "/x/{id}"), &[], &["GET"], &[]),
        with(route("b", "/x/{name}"), &[], &["POST", "GET"], &[]),
        with(
            route("c", "x"),
            &["*", "a..b", "example.com:80"],
            &["get", "G T"],
            &[("b c", "1"), ("d", "\n")],
        ),
    ];
    let faults = Table::build(&routes).unwrap_err();
    let told: Vec<_> =
        faults.iter().map(|fault| format!("{} {}: {}", fault.route, fault.field, fault.message)).collect();
    assert_eq!(
        told,
        [
            "1 match: route `b` matches exactly what route `a` matches",
            "2 match.hosts.0: expected a name such as api.example.com or *.example.com, found `*`",
            "2 match.hosts.1: expected a name such as api.example.com or *.example.com, found `a..b`",
            "2 match.hosts.2: expected a name such as api.example.com or *.example.com, found `example.com:80`",
            "2 match.path: expected a path that begins with /",
            "2 match.methods.0: expected `GET`, found `get`",
            "2 match.methods.1: expected a method such as GET, found `G T`",
            "2 match.headers.b c: expected the name of a header",
            "2 match.headers.d: expected a header's value: visible text",
        ]
    );
}

/// How a pattern matches a path: for each segment how closely, the least first; and whether in the same case.
fn naive_match(pattern: &PathPattern, path: &str) -> Option<(Vec<u8>, bool)> {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let mut segments = trimmed.split('/').skip(1);
    let (mut ranks, mut exact) = (Vec::new(), true);
    for part in pattern.segments() {
        let segment = match part {
            Segment::Rest => {
                ranks.push(3);
                return Some((ranks, exact));
            }
            _ => decoded(segments.next()?),
        };
        match part {
            Segment::Literal(word) if **word == *segment => ranks.push(0),
            Segment::Literal(word) if word.eq_ignore_ascii_case(&segment) => {
                exact = false;
                ranks.push(1);
            }
            Segment::Literal(_) => return None,
            _ => ranks.push(2),
        }
    }
    segments.next().is_none().then_some((ranks, exact))
}

/// How closely a host is named, the least first.
fn naive_host(hosts: &[String], host: &str) -> Option<usize> {
    if hosts.is_empty() {
        return Some(1000);
    }
    let rank = |pattern: &String| match pattern.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix).then(|| 500 - suffix.len()),
        None => (pattern == host).then_some(0),
    };
    hosts.iter().filter_map(rank).min()
}

/// Looks at all the routes one by one.
fn naive(
    routes: &[Route],
    host: &str,
    method: &Method,
    path: &str,
    headers: &Headers,
) -> Result<usize, String> {
    let mut taking = Vec::new();
    let mut refused = false;
    for (index, route) in routes.iter().enumerate() {
        let matching = &route.matching;
        let Some(host) = naive_host(&matching.hosts, host) else { continue };
        let Some((ranks, exact)) = naive_match(&matching.path.parse().unwrap(), path) else { continue };
        if !matching
            .headers
            .iter()
            .all(|(name, value)| headers.get(name.as_str()).is_some_and(|sent| sent == value))
        {
            continue;
        }
        let listed = |method: &str| matching.methods.iter().any(|listed| listed == method);
        let by_method = match method.as_str() {
            _ if matching.methods.is_empty() => 2,
            method if listed(method) => 0,
            "HEAD" if listed("GET") => 1,
            _ => {
                refused |= exact;
                continue;
            }
        };
        taking.push((host, ranks, by_method, 99 - matching.headers.len(), index, exact));
    }
    match taking.into_iter().min() {
        Some((.., index, true)) => Ok(index),
        None if refused => Err("405".to_owned()),
        _ => Err("404".to_owned()),
    }
}

fn any_route() -> impl Strategy<Value = Route> {
    let segment = prop_oneof![Just("a"), Just("b"), Just("A"), Just("{x}"), Just("c:d")];
    let path = (prop::collection::vec(segment, 0..4), any::<bool>()).prop_map(|(segments, rest)| {
        let mut path = String::new();
        for (place, segment) in segments.iter().enumerate() {
            path += &format!("/{}", segment.replace('x', &format!("x{place}")));
        }
        if rest || path.is_empty() { path + "/**" } else { path }
    });
    let hosts = prop::sample::select(vec![vec![], vec![], vec!["h.x"], vec!["*.x"], vec!["*.h.x", "h.x"]]);
    let methods = prop::sample::select(vec![vec![], vec!["GET"], vec!["POST", "GET"], vec!["HEAD"]]);
    let headers = prop::sample::select(vec![vec![], vec![], vec![("k", "1")], vec![("k", "2"), ("l", "1")]]);
    (path, hosts, methods, headers)
        .prop_map(|(path, hosts, methods, headers)| with(route("r", &path), &hosts, &methods, &headers))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_table_finds_what_a_look_at_every_route_finds(
        mut routes in prop::collection::vec(any_route(), 1..24),
        requests in prop::collection::vec(
            ("(/(a|b|A|B|c|c:d|C%3AD|c%3Ad)){0,4}/?", 0..5_usize, 0..4_usize, 0..3_usize),
            1..24,
        ),
    ) {
        // Doubled routes are a fault of their own: here they are left out.
        let table = loop {
            match Table::build(&routes) {
                Ok(table) => break table,
                Err(faults) => { routes.remove(faults[0].route); }
            }
        };
        for (path, host, method, headers) in requests {
            let path = if path.is_empty() { "/".to_owned() } else { path };
            let host = ["h.x", "g.x", "g.h.x", "x", ""][host];
            let method = [Method::GET, Method::POST, Method::HEAD, Method::PUT][method].clone();
            let sent = [vec![], vec![("k", "1")], vec![("k", "2"), ("l", "1")]][headers].clone();
            let headers: Headers = sent
                .into_iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            let fast = found(&table, host, method.as_str(), &path, &headers);
            let fast = fast.map_err(|error| error[..3].to_owned());
            prop_assert_eq!(fast, naive(&routes, host, &method, &path, &headers), "{} {} {}", host, method, path);
        }
    }

    #[test]
    fn no_request_upsets_the_table(host in "\\PC{0,24}", path in "\\PC{0,24}") {
        let table = paths(&["/**", "/v1/{id}", "/v1/é"]);
        let _ = found(&table, &host, "GET", &path, &Headers::new());
    }
}
