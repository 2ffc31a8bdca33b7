//! Reads what a route's settings say it matches.

use http::{HeaderName, HeaderValue, Method};

use super::super::fault::Fault;
use super::super::path_pattern::PathPattern;
use super::LONGEST_NAME;
use super::tree::Entry;
use crate::config::Match;

/// What a route matches.
pub(super) struct Conditions {
    /// Hosts, or none for all.
    pub(super) hosts: Vec<Host>,
    /// Its path.
    pub(super) pattern: PathPattern,
    /// Everything else.
    pub(super) entry: Entry,
}

/// A host, in lower case.
pub(super) enum Host {
    /// `api.example.com`.
    Name(Box<str>),
    /// `*.example.com`, without the `*.`.
    Suffix(Box<str>),
}

impl Conditions {
    /// Reads them, or tells every fault.
    pub(super) fn read(route: usize, matching: &Match) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut note = |field: String, message: String| faults.push(Fault::new(route, field, message));
        let mut hosts = Vec::new();
        for (place, host) in matching.hosts.iter().enumerate() {
            match host_of(host) {
                Some(host) => hosts.push(host),
                None => note(
                    format!("match.hosts.{place}"),
                    format!("expected a name such as api.example.com or *.example.com, found `{host}`"),
                ),
            }
        }
        let pattern = matching.path.parse::<PathPattern>();
        if let Err(fault) = &pattern {
            note("match.path".to_owned(), fault.to_string());
        }
        let mut methods = Vec::new();
        for (place, method) in matching.methods.iter().enumerate() {
            match method_of(method) {
                Ok(method) => methods.push(method),
                Err(message) => note(format!("match.methods.{place}"), message),
            }
        }
        let mut headers = Vec::new();
        for (name, value) in &matching.headers {
            match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                (Ok(name), Ok(value)) => headers.push((name, value)),
                (Err(_), _) => {
                    note(format!("match.headers.{name}"), "expected the name of a header".to_owned());
                }
                (_, Err(_)) => note(
                    format!("match.headers.{name}"),
                    "expected a header's value: visible text".to_owned(),
                ),
            }
        }
        headers.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        match pattern {
            Ok(pattern) if faults.is_empty() => {
                Ok(Self { hosts, pattern, entry: Entry { route, methods, headers } })
            }
            _ => Err(faults),
        }
    }
}

fn host_of(text: &str) -> Option<Host> {
    let (name, wild) = text.strip_prefix("*.").map_or((text, false), |suffix| (suffix, true));
    let letters =
        |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let sound = name.split('.').all(|label| !label.is_empty() && label.len() <= 63 && letters(label));
    if !sound || name.len() > LONGEST_NAME {
        return None;
    }
    let name = name.to_ascii_lowercase().into_boxed_str();
    Some(if wild { Host::Suffix(name) } else { Host::Name(name) })
}

fn method_of(text: &str) -> Result<Method, String> {
    let method = Method::from_bytes(text.as_bytes());
    let method = method.map_err(|_| format!("expected a method such as GET, found `{text}`"))?;
    // Methods are told apart by case: `get` would never match.
    match text.to_ascii_uppercase() {
        upper if upper != text => Err(format!("expected `{upper}`, found `{text}`")),
        _ => Ok(method),
    }
}
