//! Who calls: by an API key, by a token of an issuer, or by key id and key.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comporta_http::{API_KEY_CHALLENGE, Principal, Problem, kinds};
use http::{HeaderName, HeaderValue, Method, header};

use crate::config::{AuthMethod, RouteAuth};
use crate::core::Core;
use crate::headers::Headers;
use crate::issuers::{Issuers, Outcome, Refusal};
use crate::ports::Known;

/// The header of an API key.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Longest credential of `authorization: Basic`, in characters.
const LONGEST_BASIC: usize = 512;

/// Who may pass a route, ready to be asked.
#[derive(Debug)]
pub(crate) struct Gate {
    by_key: bool,
    by_token: bool,
    by_basic: bool,
    /// Nobody need say who calls; who does must say it right.
    open: bool,
    scopes: Vec<(Method, Arc<str>)>,
    other_methods: Option<Arc<str>>,
    /// Says what the route takes.
    ask: &'static str,
}

/// What a request shows of who calls.
enum Shown<'a> {
    Nothing,
    Key(&'a str),
    Token(&'a str),
    Basic { key_id: String, key: String },
}

impl Gate {
    pub(crate) fn new(auth: &RouteAuth) -> Self {
        let by = |method| auth.any_of.contains(&method);
        let scopes = auth.scopes.iter().filter(|(method, _)| *method != "*");
        let scopes = scopes.filter_map(|(method, scope)| {
            Some((Method::from_bytes(method.as_bytes()).ok()?, Arc::from(scope.as_str())))
        });
        Self {
            by_key: by(AuthMethod::ApiKey),
            by_token: by(AuthMethod::Jwt),
            by_basic: by(AuthMethod::Basic),
            open: by(AuthMethod::None),
            scopes: scopes.collect(),
            other_methods: auth.scopes.get("*").map(|scope| Arc::from(scope.as_str())),
            ask: asked(by(AuthMethod::ApiKey), by(AuthMethod::Jwt), by(AuthMethod::Basic)),
        }
    }

    /// Whose request it is; `None` for nobody, where nobody may pass.
    pub(crate) async fn identify(
        &self,
        core: &Core,
        issuers: &Arc<Issuers>,
        headers: &Headers,
        from: IpAddr,
    ) -> Result<Option<Arc<Principal>>, Problem> {
        let shown = self.shown(headers)?;
        match shown {
            Shown::Nothing if self.open => Ok(None),
            Shown::Nothing => Err(self.refuse(self.ask)),
            // Who carries a key everywhere may come through an open door too: it is not looked at.
            Shown::Key(_) if self.open && !self.by_key => Ok(None),
            Shown::Key(key) if self.by_key => holder(core, key, from).await.map(Some),
            Shown::Token(token) if self.by_token => bearer(core, issuers, token, from).await.map(Some),
            Shown::Basic { key_id, key } if self.by_basic => {
                let principal = holder(core, &key, from).await?;
                if *principal.actor == *key_id { Ok(Some(principal)) } else { Err(self.refuse(self.ask)) }
            }
            Shown::Key(_) | Shown::Token(_) | Shown::Basic { .. } => Err(self.refuse(self.ask)),
        }
    }

    /// Whether the caller holds the scope that the method needs.
    pub(crate) fn admit(&self, principal: Option<&Principal>, method: &Method) -> Result<(), Problem> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let of_method = self.scopes.iter().find(|(known, _)| known == method).map(|(_, scope)| scope);
        let Some(scope) = of_method.or(self.other_methods.as_ref()) else { return Ok(()) };
        match principal {
            None => Err(self.refuse(self.ask)),
            Some(principal) if principal.holds(scope) => Ok(()),
            Some(_) => Err(Problem::new(&kinds::FORBIDDEN, format!("this needs the scope {scope}"))),
        }
    }

    fn shown<'a>(&self, headers: &'a Headers) -> Result<Shown<'a>, Problem> {
        let one = |name: &HeaderName| {
            let mut given = headers.get_all(name);
            match (given.next(), given.next()) {
                (value, None) => Ok(value),
                (_, Some(_)) => Err(self.refuse("send one credential, once")),
            }
        };
        let authorization = if self.by_token || self.by_basic { one(&header::AUTHORIZATION)? } else { None };
        // A door before ours that takes x-api-key for itself, as Amazon API Gateway does, can empty it but not remove it.
        let key = one(&API_KEY)?.filter(|key| !key.is_empty());
        match (key, authorization) {
            (None, None) => Ok(Shown::Nothing),
            (Some(_), Some(_)) => Err(self.refuse("send either x-api-key or authorization")),
            (Some(key), None) => Ok(Shown::Key(key.to_str().unwrap_or_default())),
            (None, Some(value)) => {
                let text = value.to_str().unwrap_or_default();
                let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
                if scheme.eq_ignore_ascii_case("bearer") {
                    Ok(Shown::Token(rest.trim()))
                } else if scheme.eq_ignore_ascii_case("basic") {
                    basic(rest.trim())
                        .ok_or_else(|| self.refuse("the user is a key's id, the password the key"))
                } else {
                    Err(self.refuse(self.ask))
                }
            }
        }
    }

    fn refuse(&self, detail: &'static str) -> Problem {
        Problem::new(&kinds::UNAUTHENTICATED, detail)
    }

    /// Whether `authorization` is ours to read, and so must not travel on.
    pub(crate) const fn takes_authorization(&self) -> bool {
        self.by_token || self.by_basic
    }

    /// The values of `www-authenticate`: every way that the route takes.
    pub(crate) fn challenges(&self) -> impl Iterator<Item = HeaderValue> {
        let ways = [
            (self.by_key, API_KEY_CHALLENGE),
            (self.by_token, "Bearer realm=\"comporta\""),
            (self.by_basic, "Basic realm=\"comporta: key id and API key\", charset=\"UTF-8\""),
        ];
        ways.into_iter().filter(|(taken, _)| *taken).map(|(_, way)| HeaderValue::from_static(way))
    }
}

const fn asked(by_key: bool, by_token: bool, by_basic: bool) -> &'static str {
    match (by_key, by_token, by_basic) {
        (true, false, false) => "send one API key in the header x-api-key",
        (true, true, _) => "send an API key in x-api-key, or a token: authorization: Bearer …",
        (false, true, _) => "send a token: authorization: Bearer …",
        (_, false, true) => "the user is a key's id, the password the key",
        (false, false, false) => "nobody may pass here",
    }
}

fn basic(encoded: &str) -> Option<Shown<'static>> {
    let decoded = (encoded.len() <= LONGEST_BASIC).then(|| STANDARD.decode(encoded).ok()).flatten()?;
    let text = String::from_utf8(decoded).ok()?;
    let (key_id, key) = text.split_once(':')?;
    Some(Shown::Basic { key_id: key_id.to_owned(), key: key.to_owned() })
}

/// The holder of a key: from memory, and only if memory does not know it from the database, on the services' runtime.
async fn holder(core: &Core, key: &str, from: IpAddr) -> Result<Arc<Principal>, Problem> {
    match core.shared.keys.known(key, from) {
        Known::Holder(principal) => Ok(principal),
        Known::Refused(problem) => Err(problem),
        Known::Ask => {
            let (keys, key) = (Arc::clone(&core.shared.keys), key.to_owned());
            let asked = core.shared.services.spawn(async move { keys.ask(&key, from).await });
            asked.await.unwrap_or_else(|_| Err(Problem::unavailable("who calls cannot be told just now")))
        }
    }
}

async fn bearer(
    core: &Core,
    issuers: &Arc<Issuers>,
    token: &str,
    from: IpAddr,
) -> Result<Arc<Principal>, Problem> {
    let answer = match issuers.authenticate(token, from) {
        Outcome::Known(answer) => answer,
        Outcome::Ask => {
            let (issuers, token) = (Arc::clone(issuers), token.to_owned());
            let asked =
                core.shared.services.spawn(async move { issuers.authenticate_or_ask(&token, from).await });
            asked.await.map_err(|_| Problem::unavailable("who calls cannot be told just now"))?
        }
    };
    answer.map_err(|refusal| match refusal {
        Refusal::Address => Problem::new(&kinds::ADDRESS_NOT_ALLOWED, refusal.to_string()),
        _ if refusal.is_temporary() => Problem::unavailable(&refusal.to_string()),
        _ => Problem::new(&kinds::UNAUTHENTICATED, refusal.to_string()),
    })
}
