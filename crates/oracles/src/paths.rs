//! Paths and routes: one spelling for each path, and the route that a slow search finds too.
//!
//! An input is lines of fields with tabs between. Routes: methods, hosts, `header=value`s, pattern, and where it
//! leads: `/…` rewrites, anything else redirects. After an empty line, requests: method, host, `header=value`s, path,
//! query. Lists have commas. Fields may be left out at the end.

mod reference;
mod spelling;

use std::borrow::Cow;
use std::collections::BTreeMap;

use comporta_gateway::config::{Match, PathRewrite, Redirect, Rewrite, Route, RouteAuth};
use comporta_gateway::fuzzing::{Found, Routes, normal_form};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use reference::Rules;

const MOST_ROUTES: usize = 12;
const MOST_REQUESTS: usize = 8;
/// Longer ones only show that time goes by.
const LONGEST: usize = 4096;

/// What came in a request, as far as routes look at it.
struct Request<'a> {
    method: Method,
    host: &'a str,
    headers: HeaderMap,
    query: Option<&'a str>,
}

/// Checks the spelling of every path in the input, and the route of every request.
pub fn paths(data: &[u8]) {
    let Some(text) = std::str::from_utf8(data).ok().filter(|text| text.len() <= LONGEST) else { return };
    let mut lines = text.split('\n');
    let written: Vec<Route> = lines.by_ref().take_while(|line| !line.is_empty()).map(route).collect();
    let (routes, table) = consistent(written);
    for line in lines.take(MOST_REQUESTS) {
        let path = line.split('\t').nth(3).unwrap_or(line);
        let normal = check_spelling(path);
        if let (Some(normal), Some(request)) = (normal, request(line)) {
            check_route(&routes, &table, &normal, &request);
        }
    }
}

fn check_spelling(path: &str) -> Option<Cow<'_, str>> {
    let normal = normal_form(path);
    assert_eq!(normal.as_deref().ok(), spelling::normal_form(path).as_deref(), "{path:?}: {normal:?}");
    let normal = normal.ok()?;
    assert_eq!(normal_form(&normal), Ok(Cow::Borrowed(&*normal)), "{path:?} has two normal forms");
    Some(normal)
}

fn check_route(routes: &[Route], table: &Routes, path: &str, request: &Request<'_>) {
    let Request { method, host, headers, query, .. } = request;
    let rules = Rules::of(routes);
    let found = table.find(host, path, method, headers);
    match (rules.find(host, path, method, headers), &found) {
        (reference::Found::Route(expected), Found::Route(index, kept)) => {
            assert_eq!(expected, *index, "{path:?} {host:?}: another route");
            let pieces = rules.pieces(*index, path);
            for place in 0..=pieces.len() {
                let expected = pieces.get(place).map_or("", |(_, piece)| piece);
                assert_eq!(kept.get(path, place), expected, "{path:?}: piece {place}");
            }
            let to = table.target(*index, path, kept, *query);
            check_target(&routes[*index], &pieces, *query, to);
        }
        (reference::Found::OtherMethods(expected), Found::MethodNotAllowed(allow)) => {
            assert_eq!(expected, allow.split(", ").collect(), "{path:?}: other methods");
        }
        (reference::Found::Nothing, Found::Nothing) => {}
        (expected, found) => panic!("{path:?} {host:?} {method}: {found:?}, but {expected:?}"),
    }
}

/// Filling in a template by hand, then spelling it, gives what the gateway gives.
fn check_target(
    route: &Route,
    pieces: &[(&str, &str)],
    query: Option<&str>,
    to: Option<Result<String, String>>,
) {
    let template = match (&route.rewrite, &route.redirect) {
        (Some(Rewrite { path: Some(path), .. }), _) => &path.to,
        (_, Some(redirect)) => &redirect.to,
        _ => return assert_eq!(to, None, "nothing was to change"),
    };
    let (place, own_query) =
        template.split_once('?').map_or((&**template, ""), |(place, query)| (place, query));
    let path_from = match place.find("://") {
        Some(scheme) if !place.starts_with('/') => {
            place[scheme + 3..].find('/').map_or(place.len(), |slash| scheme + 3 + slash)
        }
        _ => 0,
    };
    let (origin, path) = place.split_at(path_from);
    let path = if path.is_empty() { "/" } else { path };
    let filled = spelling::normal_form(&filled(path, pieces));
    let queries = [own_query, query.unwrap_or_default()];
    let queries: Vec<&str> = queries.into_iter().filter(|query| !query.is_empty()).collect();
    let mark = if queries.is_empty() { "" } else { "?" };
    let expected = filled.map(|path| format!("{origin}{path}{mark}{}", queries.join("&")));
    let given = to.unwrap_or_else(|| panic!("{template:?} was to change something"));
    assert_eq!(given.ok(), expected, "{template:?} with {pieces:?}");
}

/// Each name in a single pass from the left, so that a piece that looks like a name stays what it is.
fn filled(template: &str, pieces: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut left = template;
    while let Some((text, after)) = left.split_once('{') {
        let (name, after) = after.split_once('}').expect("a template's names are closed");
        let piece = pieces.iter().find(|(kept, _)| *kept == name);
        out.extend([text, piece.expect("a template's names are its pattern's").1]);
        left = after;
    }
    out + left
}

/// As many of the routes as do not contradict each other, and the table of them. Whether one contradicts those before
/// it is known beforehand.
fn consistent(written: Vec<Route>) -> (Vec<Route>, Routes) {
    let mut routes: Vec<Route> = Vec::new();
    for route in written.into_iter().take(MOST_ROUTES) {
        if Routes::build(std::slice::from_ref(&route)).is_err() {
            continue;
        }
        reference::check_pattern(&route.matching.path);
        let doubled = Rules::of(&routes).doubled_by(&route);
        routes.push(route);
        let built = Routes::build(&routes);
        assert_eq!(built.is_err(), doubled, "{:?}: {:?}", routes.last(), built.err());
        if doubled {
            routes.pop();
        }
    }
    let table = Routes::build(&routes);
    (routes, table.unwrap_or_else(|faults| panic!("{faults:?}")))
}

fn route(line: &str) -> Route {
    let mut fields = line.split('\t');
    let mut field = || fields.next().unwrap_or_default();
    let (methods, hosts, headers, path, to) = (list(field()), list(field()), field(), field(), field());
    let (rewrite, redirect) = match to.as_bytes() {
        [] => (None, None),
        [b'/', ..] => (Some(PathRewrite { to: to.to_owned() }), None),
        _ => (None, Some(Redirect { to: to.to_owned(), status: 308 })),
    };
    let headers: BTreeMap<String, String> =
        pairs(headers).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Route {
        name: path.to_owned(),
        matching: Match { hosts, path: path.to_owned(), methods, headers },
        upstream: None,
        redirect,
        rewrite: rewrite.map(|path| Rewrite { path: Some(path), ..Rewrite::default() }),
        auth: RouteAuth::default(),
        limit: None,
        cors: None,
        body_limit: None,
        log: None,
    }
}

/// A request as HTTP lets it through.
fn request(line: &str) -> Option<Request<'_>> {
    let mut fields = line.split('\t');
    let mut field = || fields.next();
    let (method, host, headers, _path, query) = (field()?, field()?, field()?, field()?, field());
    let uri: PathAndQuery = format!("/?{}", query.unwrap_or_default()).parse().ok()?;
    let same = uri.query().unwrap_or_default() == query.unwrap_or_default();
    let mut map = HeaderMap::new();
    for (name, value) in pairs(headers) {
        map.append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    same.then_some(Request { method, host, headers: map, query })
}

fn list(field: &str) -> Vec<String> {
    field.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn pairs(field: &str) -> impl Iterator<Item = (&str, &str)> {
    field.split(',').filter_map(|pair| pair.split_once('='))
}
