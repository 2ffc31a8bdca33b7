//! Which pages of other origins may call a route from a browser (Fetch standard, CORS protocol).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderName, HeaderValue, Method};

use super::fault::Fault;
use crate::config;
use crate::headers::Headers;

/// What a preflight's answer depends on.
const PREFLIGHT_VARY: HeaderValue =
    HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers");

/// Who may call a route from a browser, ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    origins: Origins,
    /// The route's methods; nothing for any, when the one asked for is allowed.
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
    expose: Option<HeaderValue>,
    credentials: bool,
    max_age: HeaderValue,
}

#[derive(Clone, Debug)]
enum Origins {
    Any,
    Listed(Vec<HeaderValue>),
}

/// The method for which a browser asks leave; nothing if the request is no preflight. The route that would take
/// that method is the one to ask for [`Cors::preflight`].
pub(crate) fn preflight_method(method: &Method, headers: &Headers) -> Option<Method> {
    if method != Method::OPTIONS || !headers.contains_key(ORIGIN) {
        return None;
    }
    Method::from_bytes(headers.get(ACCESS_CONTROL_REQUEST_METHOD)?.as_bytes()).ok()
}

impl Cors {
    /// Reads a route's `cors`, and the methods that the route takes.
    ///
    /// # Errors
    /// Every fault in it.
    pub(crate) fn compile(route: usize, cors: &config::Cors, methods: &[String]) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let any = cors.origins.iter().any(|origin| origin == "*");
        if any && cors.origins.len() > 1 {
            faults.push(Fault::new(route, "cors.origins", "expected either `*` or a list of origins"));
        }
        if any && cors.credentials {
            let message = "browsers take no credentials with origins `*`: list the origins";
            faults.push(Fault::new(route, "cors.credentials", message));
        }
        if cors.origins.is_empty() {
            faults.push(Fault::new(route, "cors.origins", "expected at least one origin, or `*`"));
        }
        let mut listed = Vec::new();
        for (place, origin) in cors.origins.iter().enumerate().filter(|(_, origin)| *origin != "*") {
            match origin_of(origin) {
                Ok(origin) => listed.push(origin),
                Err(message) => faults.push(Fault::new(route, format!("cors.origins.{place}"), message)),
            }
        }
        let mut names = |field, names| names_of(route, field, names, cors.credentials, &mut faults);
        let headers = names("cors.headers", &cors.headers);
        let expose = names("cors.expose", &cors.expose);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            origins: if any { Origins::Any } else { Origins::Listed(listed) },
            // Methods that are none are told of by the table.
            methods: joined(methods.iter().map(String::as_str)),
            headers,
            expose,
            credentials: cors.credentials,
            max_age: HeaderValue::from(cors.max_age.duration().as_secs()),
        })
    }

    /// The headers of the answer to a preflight, a 204 without body. A page that may not call is told nothing, which
    /// its browser takes for a no.
    pub(crate) fn preflight(&self, request: &Headers) -> Headers {
        let mut answer = Headers::new();
        answer.insert(VARY, PREFLIGHT_VARY);
        if !self.allow(request, &mut answer) {
            return answer;
        }
        let asked = || request.get(ACCESS_CONTROL_REQUEST_METHOD).cloned();
        if let Some(methods) = self.methods.clone().or_else(asked) {
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        if let Some(headers) = &self.headers {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, headers.clone());
        }
        answer.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        answer
    }

    /// Puts into an answer what its reader's browser wants to see, in place of what the upstream said of it.
    pub(crate) fn answer(&self, request: &Headers, answer: &mut Headers) {
        for name in [
            ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_HEADERS,
            ACCESS_CONTROL_MAX_AGE,
        ] {
            answer.remove(name);
        }
        // Whoever asked: a cache must not give one origin's answer to another.
        if matches!(self.origins, Origins::Listed(_)) && !varies_by_origin(answer) {
            answer.append(VARY, HeaderValue::from_static("origin"));
        }
        if self.allow(request, answer)
            && let Some(expose) = &self.expose
        {
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }

    /// Says that the page may call, if it may.
    fn allow(&self, request: &Headers, answer: &mut Headers) -> bool {
        let origin = match &self.origins {
            Origins::Any => HeaderValue::from_static("*"),
            Origins::Listed(origins) => {
                let mut sent = request.get_all(ORIGIN);
                match (sent.next(), sent.next()) {
                    (Some(origin), None) if origins.contains(origin) => origin.clone(),
                    _ => return false,
                }
            }
        };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        true
    }
}

fn varies_by_origin(answer: &Headers) -> bool {
    let names = answer.get_all(VARY).filter_map(|value| value.to_str().ok());
    names.flat_map(|value| value.split(',')).any(|name| {
        let name = name.trim();
        name == "*" || name.eq_ignore_ascii_case("origin")
    })
}

/// An origin as browsers write it: they compare it byte by byte.
fn origin_of(text: &str) -> Result<HeaderValue, String> {
    let wrong = || format!("expected an origin such as https://app.example.com, found `{text}`");
    let (scheme, authority) = text.split_once("://").ok_or_else(wrong)?;
    let parsed: http::uri::Authority = authority.parse().map_err(|_| wrong())?;
    let default_port = match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    };
    let letters =
        scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if scheme.is_empty() || !letters || authority.contains(['@', '*']) || parsed.host().is_empty() {
        return Err(wrong());
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("browsers write `{}`", text.to_ascii_lowercase()));
    }
    if parsed.port_u16().is_some() && parsed.port_u16() == default_port {
        return Err(format!("browsers write `{scheme}://{}`", parsed.host()));
    }
    HeaderValue::try_from(text).map_err(|_| wrong())
}

/// A list of header names; `*`, where there are no credentials, stands for all.
fn names_of(
    route: usize,
    field: &str,
    names: &[String],
    credentials: bool,
    faults: &mut Vec<Fault>,
) -> Option<HeaderValue> {
    for (place, name) in names.iter().enumerate() {
        let place = format!("{field}.{place}");
        if name == "*" && credentials {
            let message = "with credentials browsers take `*` for a header of that name: list the headers";
            faults.push(Fault::new(route, place, message));
        } else if HeaderName::from_bytes(name.as_bytes()).is_err() {
            faults.push(Fault::new(route, place, "expected the name of a header"));
        }
    }
    joined(names.iter().map(String::as_str))
}

fn joined<'n>(names: impl Iterator<Item = &'n str>) -> Option<HeaderValue> {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { None } else { HeaderValue::try_from(names.join(", ")).ok() }
}

#[cfg(test)]
mod tests {
    use comporta_kernel::Interval;
    use proptest::prelude::*;

    use super::*;

    fn config(origins: &[&str], credentials: bool) -> config::Cors {
        config::Cors {
            origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            headers: vec!["x-api-key".to_owned(), "content-type".to_owned()],
            expose: vec!["x-request-id".to_owned()],
            credentials,
            max_age: Interval::from_millis(600_000),
        }
    }

    fn cors(origins: &[&str], credentials: bool) -> Cors {
        Cors::compile(0, &config(origins, credentials), &["GET".to_owned(), "PUT".to_owned()]).unwrap()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> Headers {
        let mut headers = Headers::new();
        for &(name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    const APP: &str = "https://app.example.com";

    #[test]
    fn a_preflight_is_an_options_request_that_asks_for_a_method() {
        let asks = headers(&[("origin", APP), ("access-control-request-method", "PUT")]);
        assert_eq!(preflight_method(&Method::OPTIONS, &asks), Some(Method::PUT));
        assert_eq!(preflight_method(&Method::GET, &asks), None);
        assert_eq!(preflight_method(&Method::OPTIONS, &headers(&[("origin", APP)])), None);
        let no_origin = headers(&[("access-control-request-method", "PUT")]);
        assert_eq!(preflight_method(&Method::OPTIONS, &no_origin), None);
    }

    #[test]
    fn a_listed_page_may_call_and_is_told_how() {
        let cors = cors(&["https://other.example", APP], true);
        let asks = headers(&[("origin", APP), ("access-control-request-method", "PUT")]);
        assert_eq!(
            cors.preflight(&asks),
            headers(&[
                ("access-control-allow-origin", APP),
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-methods", "GET, PUT"),
                ("access-control-allow-headers", "x-api-key, content-type"),
                ("access-control-max-age", "600"),
                ("vary", "origin, access-control-request-method, access-control-request-headers"),
            ])
        );
        let mut answer = headers(&[("access-control-allow-origin", "*"), ("vary", "accept")]);
        cors.answer(&headers(&[("origin", APP)]), &mut answer);
        assert_eq!(
            answer,
            headers(&[
                ("access-control-allow-origin", APP),
                ("access-control-allow-credentials", "true"),
                ("access-control-expose-headers", "x-request-id"),
                ("vary", "accept"),
                ("vary", "origin"),
            ])
        );
    }

    #[test]
    fn another_page_is_told_nothing_and_no_cache_mixes_the_two() {
        let cors = cors(&[APP], false);
        let twice = headers(&[("origin", APP), ("origin", APP)]);
        for request in [
            headers(&[("origin", "https://evil.example")]),
            headers(&[("origin", "null")]),
            headers(&[]),
            twice,
        ] {
            let preflight = cors.preflight(&request);
            assert_eq!(preflight.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["vary"]);
            let mut answer = headers(&[("access-control-allow-origin", "*"), ("vary", "Accept, Origin")]);
            cors.answer(&request, &mut answer);
            assert_eq!(answer, headers(&[("vary", "Accept, Origin")]));
        }
    }

    #[test]
    fn every_page_may_call_what_is_open_to_every_page() {
        let open = Cors::compile(0, &config(&["*"], false), &[]).unwrap();
        let asks = headers(&[("origin", "null"), ("access-control-request-method", "PURGE")]);
        let preflight = open.preflight(&asks);
        assert_eq!(preflight["access-control-allow-origin"], "*");
        assert_eq!(preflight["access-control-allow-methods"], "PURGE");
        let mut answer = Headers::new();
        open.answer(&headers(&[]), &mut answer);
        assert_eq!(answer["access-control-allow-origin"], "*");
        assert!(!answer.contains_key("vary"));
    }

    #[test]
    fn what_no_browser_would_ever_match_is_a_fault() {
        let faults = |config: &config::Cors| -> Vec<String> {
            let faults = Cors::compile(0, config, &[]).unwrap_err();
            faults.into_iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect()
        };
        assert_eq!(
            faults(&config(&["*"], true)),
            ["cors.credentials: browsers take no credentials with origins `*`: list the origins"]
        );
        assert_eq!(
            faults(&config(&["*", APP], false)),
            ["cors.origins: expected either `*` or a list of origins"]
        );
        assert_eq!(faults(&config(&[], false)), ["cors.origins: expected at least one origin, or `*`"]);
        for (origin, message) in [
            ("https://App.example.com", "browsers write `https://app.example.com`"),
            ("https://a.example:443", "browsers write `https://a.example`"),
            (
                "https://a.example/",
                "expected an origin such as https://app.example.com, found `https://a.example/`",
            ),
            ("a.example", "expected an origin such as https://app.example.com, found `a.example`"),
            ("null", "expected an origin such as https://app.example.com, found `null`"),
            (
                "https://*.a.example",
                "expected an origin such as https://app.example.com, found `https://*.a.example`",
            ),
        ] {
            assert_eq!(faults(&config(&[origin], false)), [format!("cors.origins.0: {message}")]);
        }
        let mut wrong = config(&[APP], true);
        wrong.headers = vec!["*".to_owned(), "a b".to_owned()];
        assert_eq!(
            faults(&wrong),
            [
                "cors.headers.0: with credentials browsers take `*` for a header of that name: list the headers",
                "cors.headers.1: expected the name of a header",
            ]
        );
    }

    proptest! {
        #[test]
        fn no_origin_upsets_the_reader(origin in "\\PC{0,24}", prefix in any::<bool>()) {
            let origin = if prefix { format!("https://{origin}") } else { origin };
            let _ = Cors::compile(0, &config(&[&origin], false), &[]);
        }
    }
}
