//! Redirects that come to no end.

use std::sync::Arc;

use http::{Method, StatusCode};

use crate::config;
use crate::headers::Headers;
use crate::model::table::{Found, Table};
use crate::plane::{Destination, Route};

/// As many redirects as a browser follows (the Fetch standard, "HTTP-redirect fetch").
const MOST: usize = 20;

/// Whether one who follows a route's redirect is only ever redirected: tried with a request that the route takes.
pub(super) fn is_endless(
    index: usize,
    settings: &config::Route,
    routes: &[Arc<Route>],
    table: &Table,
) -> bool {
    let matching = &settings.matching;
    let host = matching.hosts.first().map(|host| host.replace('*', "x")).unwrap_or_default();
    let mut method = matching.methods.first().and_then(|method| method.parse().ok()).unwrap_or(Method::GET);
    let mut path = example(&matching.path);
    for step in 0..MOST {
        let found = table.find(&host, &path, &method, &Headers::new());
        let Found::Route { index: taken_by, captures } = found else { return false };
        // What asks for headers, or is always taken by another, is not judged.
        if step == 0 && taken_by != index {
            return false;
        }
        let Some(Destination::Elsewhere(redirect)) = routes.get(taken_by).map(|route| &route.leads_to) else {
            return false;
        };
        let location = redirect.location(&path, &captures, None);
        let Some(next) = location.ok().and_then(|location| location.to_str().map(str::to_owned).ok()) else {
            return false;
        };
        // Another origin may be anybody's.
        if !next.starts_with('/') {
            return false;
        }
        path = next.split('?').next().unwrap_or_default().to_owned();
        method = after(&redirect.status(), method);
    }
    true
}

/// A path that a pattern matches.
fn example(pattern: &str) -> String {
    let segments = pattern.split('/').map(|segment| if segment.contains(['{', '*']) { "x" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// The method with which a redirect is followed.
fn after(status: &StatusCode, method: Method) -> Method {
    match *status {
        StatusCode::SEE_OTHER => Method::GET,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if method == Method::POST => Method::GET,
        _ => method,
    }
}
