//! Rewrites and redirects: another path made of what a route's pattern kept.

mod template;

use http::uri::{Authority, PathAndQuery};
use http::{HeaderName, HeaderValue, StatusCode};

use self::template::Template;
use super::fault::Fault;
use super::header_hygiene::is_reserved;
use super::path_pattern::{Captures, PathFault, PathPattern};
use crate::config;
use crate::headers::Headers;

/// What is changed in a request before it is sent on, and in its answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rewrite {
    path: Option<Template>,
    host: Option<HeaderValue>,
    request: HeaderChanges,
    response: HeaderChanges,
}

impl Rewrite {
    /// Reads a route's `rewrite`.
    ///
    /// # Errors
    /// Every fault in it, names that the route's pattern does not keep among them.
    pub(crate) fn compile(
        route: usize,
        config: &config::Rewrite,
        pattern: &PathPattern,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let path = config.path.as_ref().and_then(|path| {
            let template = Template::path(&path.to, pattern);
            template.map_err(|fault| faults.push(Fault::new(route, "rewrite.path.to", fault))).ok()
        });
        let host = config.host.as_ref().and_then(|host| {
            let host = host_of(host);
            if host.is_none() {
                faults.push(Fault::new(route, "rewrite.host", "expected a host such as api.example.com"));
            }
            host
        });
        let mut changes = |set_field, set, remove_field, remove| {
            HeaderChanges::compile(route, (set_field, set), (remove_field, remove), &mut faults)
        };
        let request = changes(
            "rewrite.set_headers",
            &config.set_headers,
            "rewrite.remove_headers",
            &config.remove_headers,
        );
        let response = changes(
            "rewrite.set_response_headers",
            &config.set_response_headers,
            "rewrite.remove_response_headers",
            &config.remove_response_headers,
        );
        if faults.is_empty() { Ok(Self { path, host, request, response }) } else { Err(faults) }
    }

    /// The path and query to ask an upstream for, if they change: the path as matched, and the query as it came.
    ///
    /// # Errors
    /// What was kept does not make a path together with the template.
    pub(crate) fn path(
        &self,
        path: &str,
        captures: &Captures,
        query: Option<&str>,
    ) -> Result<Option<PathAndQuery>, PathFault> {
        let Some(template) = &self.path else { return Ok(None) };
        let target = template.fill(path, captures, query)?;
        PathAndQuery::try_from(target).map(Some).map_err(|_| PathFault::TooLong)
    }

    /// The host to show an upstream in place of the target's own.
    pub(crate) fn host(&self) -> Option<&HeaderValue> {
        self.host.as_ref()
    }

    /// Drops and sets headers of a request.
    pub(crate) fn change_request(&self, headers: &mut Headers) {
        self.request.apply(headers);
    }

    /// Drops and sets headers of an answer.
    pub(crate) fn change_response(&self, headers: &mut Headers) {
        self.response.apply(headers);
    }
}

fn host_of(text: &str) -> Option<HeaderValue> {
    let authority: Authority = text.parse().ok()?;
    let plain = !authority.as_str().contains('@') && !authority.host().is_empty();
    HeaderValue::try_from(authority.as_str()).ok().filter(|_| plain)
}

/// Answers with another place.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    to: Template,
    status: StatusCode,
}

impl Redirect {
    /// Reads a route's `redirect`.
    ///
    /// # Errors
    /// Every fault in it, names that the route's pattern does not keep among them.
    pub(crate) fn compile(
        route: usize,
        config: &config::Redirect,
        pattern: &PathPattern,
    ) -> Result<Self, Vec<Fault>> {
        let status = StatusCode::from_u16(config.status).ok();
        let status = status.filter(|status| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308));
        let wrong_status = || Fault::new(route, "redirect.status", "expected 301, 302, 303, 307 or 308");
        match (Template::place(&config.to, pattern), status) {
            (Ok(to), Some(status)) => Ok(Self { to, status }),
            (to, status) => {
                let to = to.err().map(|fault| Fault::new(route, "redirect.to", fault));
                Err(to.into_iter().chain(status.is_none().then(wrong_status)).collect())
            }
        }
    }

    /// The answer's status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer's `location`: the path as matched, and the query as it came.
    ///
    /// # Errors
    /// What was kept does not make a path together with the template.
    pub(crate) fn location(
        &self,
        path: &str,
        captures: &Captures,
        query: Option<&str>,
    ) -> Result<HeaderValue, PathFault> {
        let target = self.to.fill(path, captures, query)?;
        HeaderValue::try_from(target).map_err(|_| PathFault::ControlCharacter)
    }
}

/// Headers that are dropped, then set.
#[derive(Clone, Debug, Default)]
struct HeaderChanges {
    remove: Vec<HeaderName>,
    set: Vec<(HeaderName, HeaderValue)>,
}

impl HeaderChanges {
    fn compile<'c>(
        route: usize,
        (set_field, set): (&str, impl IntoIterator<Item = (&'c String, &'c String)>),
        (remove_field, remove): (&str, impl IntoIterator<Item = &'c String>),
        faults: &mut Vec<Fault>,
    ) -> Self {
        let mut changes = Self::default();
        for (name, value) in set {
            let field = format!("{set_field}.{name}");
            match (name_of(name), HeaderValue::try_from(value)) {
                (Ok(name), Ok(value)) => changes.set.push((name, value)),
                (Err(message), _) => faults.push(Fault::new(route, field, message)),
                (_, Err(_)) => {
                    faults.push(Fault::new(route, field, "expected a header's value: visible text"));
                }
            }
        }
        for (place, name) in remove.into_iter().enumerate() {
            match name_of(name) {
                Ok(name) => changes.remove.push(name),
                Err(message) => faults.push(Fault::new(route, format!("{remove_field}.{place}"), message)),
            }
        }
        changes
    }

    fn apply(&self, headers: &mut Headers) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name.clone(), value.clone());
        }
    }
}

fn name_of(text: &str) -> Result<HeaderName, &'static str> {
    let name: HeaderName = text.parse().map_err(|_| "expected the name of a header")?;
    if is_reserved(&name) { Err("this header is the gateway's own to set") } else { Ok(name) }
}

#[cfg(test)]
mod tests;
