//! Which route takes a request.

mod conditions;
#[cfg(test)]
mod tests;
mod tree;

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter::once;

use http::{HeaderValue, Method};

use self::conditions::{Conditions, Host};
use self::tree::{Entry, Node, Outcome, Search};
use super::fault::Fault;
use super::path_pattern::Captures;
use crate::config::Route;
use crate::headers::Headers;

/// The longest name that DNS knows; a longer one matches no route's hosts.
const LONGEST_NAME: usize = 253;

/// Routes, arranged to be found.
///
/// Of the routes that match a request one takes it: first by host (a name before the longest `*.suffix`, and any host
/// last), then by path (the more specific pattern), then by method (HEAD listed, GET listed for HEAD, no methods),
/// then by the number of header conditions, then by the order in which they are written.
///
/// A request whose path differs from a route's only in upper and lower case, and which that route would otherwise
/// have taken, is taken by none: a server behind that ignores case must not be reached by a wider route's rules.
#[derive(Debug, Default)]
pub(crate) struct Table {
    names: HashMap<Box<str>, Node>,
    suffixes: HashMap<Box<str>, Node>,
    any: Node,
}

/// What a table has for a request.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// The route that takes it.
    Route {
        /// Its place in the list.
        index: usize,
        /// What its pattern kept of the path.
        captures: Captures,
    },
    /// Routes match but for the method.
    MethodNotAllowed {
        /// The methods that they take, for `allow`.
        allow: HeaderValue,
    },
    /// No route matches.
    Nothing,
}

impl Table {
    /// Arranges routes.
    ///
    /// # Errors
    /// Everything that is wrong with what they match; two routes that match exactly the same among it.
    pub(crate) fn build(routes: &[Route]) -> Result<Self, Vec<Fault>> {
        let mut table = Self::default();
        let mut faults = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            match Conditions::read(index, &route.matching) {
                Ok(conditions) => {
                    if let Err(twin) = table.add(conditions) {
                        faults.push(doubled(index, routes, twin));
                    }
                }
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() { Ok(table) } else { Err(faults) }
    }

    /// Adds a route, or says which one it doubles.
    fn add(&mut self, conditions: Conditions) -> Result<(), usize> {
        let Conditions { hosts, pattern, entry } = conditions;
        if hosts.is_empty() {
            return self.any.insert(&pattern, entry);
        }
        for host in hosts {
            let node = match host {
                Host::Name(name) => self.names.entry(name).or_default(),
                Host::Suffix(suffix) => self.suffixes.entry(suffix).or_default(),
            };
            node.insert(&pattern, entry.clone())?;
        }
        Ok(())
    }

    /// The route that takes a request. The host may carry a port; the path is a normalised one.
    pub(crate) fn find(&self, host: &str, path: &str, method: &Method, headers: &Headers) -> Found {
        let mut search = Search::new(path, method, headers);
        for node in self.nodes(&self.name_of(host)) {
            match search.walk(node) {
                Some(Outcome::Taken(index)) => return Found::Route { index, captures: search.captures() },
                Some(Outcome::OtherCase) => return Found::Nothing,
                None => {}
            }
        }
        allowed(search.refused()).map_or(Found::Nothing, |allow| Found::MethodNotAllowed { allow })
    }

    /// The name to look for; none where routes name no hosts.
    fn name_of<'h>(&self, host: &'h str) -> Cow<'h, str> {
        if self.names.is_empty() && self.suffixes.is_empty() { Cow::Borrowed("") } else { host_name(host) }
    }

    /// Where to look for a host, the closest first.
    fn nodes(&self, name: &str) -> impl Iterator<Item = &Node> {
        let suffixes = name.match_indices('.').map(move |(dot, _)| &name[dot + 1..]);
        let by_suffix = suffixes.filter_map(|suffix| self.suffixes.get(suffix));
        self.names.get(name).into_iter().chain(by_suffix).chain(once(&self.any))
    }
}

fn doubled(index: usize, routes: &[Route], twin: usize) -> Fault {
    let name = |index: usize| routes.get(index).map_or("", |route| route.name.as_str());
    let message = format!("route `{}` matches exactly what route `{}` matches", name(index), name(twin));
    Fault::new(index, "match", message)
}

/// The name within `host[:port]`, without the dot of an absolute name, in lower case.
fn host_name(host: &str) -> Cow<'_, str> {
    let name = match host.find(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.len() > LONGEST_NAME {
        Cow::Borrowed("")
    } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// The methods of routes that match but for the method; nothing if there is no such route.
fn allowed(refused: &[&Entry]) -> Option<HeaderValue> {
    let mut methods: Vec<&Method> = Vec::new();
    for method in refused.iter().flat_map(|entry| &entry.methods) {
        let with_head = (method == Method::GET).then_some(&Method::HEAD);
        for method in once(method).chain(with_head) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
    }
    let names: Vec<&str> = methods.into_iter().map(Method::as_str).collect();
    if names.is_empty() { None } else { HeaderValue::try_from(names.join(", ")).ok() }
}
