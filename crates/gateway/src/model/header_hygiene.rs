//! Which headers travel, and which requests are refused because servers would read their heads differently.

use std::collections::HashSet;
use std::net::Ipv6Addr;
use std::sync::LazyLock;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::head::Head;
use crate::headers::{Headers, Marks};

/// Headers that begin so are said between gateways and services of one installation.
const OWN_PREFIX: &str = "x-comporta-";

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Headers for the next hop only (RFC 9110, 7.6.1), beside those that `connection` names. `te` is treated apart.
/// `expect` is one of them because the gateway itself tells its callers to go on. A static, as all lists of names that
/// are looked through on every request's way: of a constant each look would make a copy, and drop it.
static HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    EXPECT,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    HTTP2_SETTINGS,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
];

/// What `connection` names beside headers of a caller's own.
const OPTIONS: [&str; 6] = ["close", "http2-settings", "keep-alive", "proxy-connection", "te", "upgrade"];

/// Headers that some checks and some servers go by: `connection` must not take them away, nor must a twin with `_`,
/// which servers of the CGI family take for the same, stand in for them.
const LOAD_BEARING: [&str; 24] = [
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "idempotency-key",
    "origin",
    "trailer",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "x-amzn-trace-id",
    "x-api-key",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-http-method-override",
    "x-real-ip",
    "x-request-id",
];

/// Headers of which servers take the first, or the last, where there are several.
static SINGLE: [HeaderName; 3] = [AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("x-api-key")];

/// Why a request is refused. The answer is a 400.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum HeaderFault {
    #[error("the method is CONNECT, TRACE or not in capital letters")]
    Method,
    #[error("the scheme of the target is neither http nor https")]
    Scheme,
    #[error("the host is missing")]
    NoHost,
    #[error("the host is given more than once")]
    SeveralHosts,
    #[error("the host is not a name or an address with an optional port")]
    BadHost,
    #[error("the host header differs from the host that the request's target names")]
    HostMismatch,
    #[error("content-length is not one number")]
    ContentLength,
    #[error("both content-length and transfer-encoding are given")]
    TwoLengths,
    #[error("transfer-encoding is other than chunked, or has no place in this version of HTTP")]
    TransferEncoding,
    #[error("the connection header names a header that is not for the connection")]
    Connection,
    #[error("headers that begin with x-comporta- are the gateway's own")]
    Own,
    #[error("a header is written with _ in place of -")]
    Underscore,
    #[error("authorization, content-type or x-api-key is given more than once")]
    Several,
}

/// Whether a request says one thing only, whoever reads it.
///
/// # Errors
/// What is ambiguous about it.
pub(crate) fn check(request: &Head) -> Result<(), HeaderFault> {
    check_method(&request.method)?;
    check_host(&request.uri, request.version, &request.headers)?;
    check_length(request.version, &request.headers)?;
    check_single(&request.headers)?;
    for name in request.headers.keys() {
        check_name(name.as_str())?;
    }
    if connection_names(&request.headers).any(is_load_bearing) {
        return Err(HeaderFault::Connection);
    }
    Ok(())
}

/// Whether it is certain where an answer ends.
///
/// # Errors
/// What is ambiguous about it.
pub(crate) fn check_answer(version: Version, headers: &Headers) -> Result<(), HeaderFault> {
    check_length(version, headers)
}

/// The host that a request is for: of its target, else of its `host` header.
pub(crate) fn host(request: &Head) -> Option<&str> {
    let named = || request.headers.get(HOST)?.to_str().ok();
    request.uri.authority().map(Authority::as_str).or_else(named)
}

/// The protocol to which a caller, or an upstream, would change; to be read before hop-by-hop headers are dropped.
///
/// Never to another HTTP, nor to TLS that may hide one: requests would go past every check on such a connection.
pub(crate) fn upgrade(headers: &Headers) -> Option<&HeaderValue> {
    let asked = connection_names(headers).any(|name| name.eq_ignore_ascii_case(UPGRADE.as_str()));
    let hides_requests = values(headers, &UPGRADE).any(|protocol| {
        let begins =
            |with: &str| protocol.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        ["h2", "h3", "http", "tls"].into_iter().any(begins)
    });
    headers.get(UPGRADE).filter(|_| asked && !hides_requests)
}

/// Says in one way what may be said in several: the pieces of `cookie`, into which HTTP/2 takes it apart (RFC 9113,
/// 8.2.3), and a length with zeros before it, which some read as octal.
pub(crate) fn write_plainly(headers: &mut Headers) {
    if headers.get_all(COOKIE).nth(1).is_some() {
        let pieces: Vec<&[u8]> = headers.get_all(COOKIE).map(HeaderValue::as_bytes).collect();
        if let Ok(cookie) = HeaderValue::from_bytes(&pieces.join(&b"; "[..])) {
            headers.insert(COOKIE, cookie);
        }
    }
    let padded = headers.get(CONTENT_LENGTH).filter(|length| length.as_bytes().starts_with(b"0"));
    if let Some(length) = padded.and_then(|length| length.to_str().ok()?.parse::<u64>().ok()) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
}

/// Drops trailers that a server which adds them to the headers would take for the gateway's word, or go by.
pub(crate) fn strip_trailers(trailers: &mut HeaderMap) {
    let unfit = |name: &&HeaderName| {
        is_reserved(name) || check_name(name.as_str()).is_err() || is_load_bearing(name.as_str())
    };
    let unfit: Vec<HeaderName> = trailers.keys().filter(unfit).cloned().collect();
    for name in unfit {
        trailers.remove(name);
    }
}

/// Drops what is for one hop only, either way. `te: trailers` stays: the gateway passes trailers on.
pub(crate) fn strip_hop_by_hop(headers: &mut Headers) {
    // Most heads have none of them.
    static MARKS: LazyLock<Marks> = LazyLock::new(|| Marks::of(HOP_BY_HOP.iter().chain([&TE])));
    if !headers.may_have(*MARKS) || !headers.keys().any(|name| *name == TE || HOP_BY_HOP.contains(name)) {
        return;
    }
    // Most name nothing but what is dropped below.
    let others = connection_names(headers)
        .filter(|name| !OPTIONS.iter().any(|option| option.eq_ignore_ascii_case(name)));
    let others: HashSet<HeaderName> = others.filter_map(|name| name.parse().ok()).collect();
    headers.remove_all(&others);
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    let trailers = values(headers, &TE).any(|coding| coding.eq_ignore_ascii_case("trailers"));
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    } else {
        headers.remove(TE);
    }
}

/// Headers that no route's settings change: they frame messages, name the host or speak for the gateway.
pub(super) fn is_reserved(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(name)
        || [HOST, CONTENT_LENGTH, TE].contains(name)
        || name.as_str().starts_with(OWN_PREFIX)
}

/// The elements of a header that is a list, over all of its lines.
fn values<'h>(headers: &'h Headers, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|value| !value.is_empty())
}

fn connection_names(headers: &Headers) -> impl Iterator<Item = &str> {
    values(headers, &CONNECTION)
}

fn is_load_bearing(name: &str) -> bool {
    let own = name.get(..OWN_PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(OWN_PREFIX));
    own || LOAD_BEARING.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn check_name(name: &str) -> Result<(), HeaderFault> {
    if name.starts_with(OWN_PREFIX) {
        return Err(HeaderFault::Own);
    }
    if name.contains('_') && is_load_bearing(&name.replace('_', "-")) {
        return Err(HeaderFault::Underscore);
    }
    Ok(())
}

/// `CONNECT` asks for a tunnel, `TRACE` for what the gateway tells an upstream in confidence. A method in small
/// letters is one that only some servers take for the same.
fn check_method(method: &Method) -> Result<(), HeaderFault> {
    let tells_or_tunnels = matches!(*method, Method::CONNECT | Method::TRACE);
    let small = method.as_str().bytes().any(|byte| byte.is_ascii_lowercase());
    if tells_or_tunnels || small { Err(HeaderFault::Method) } else { Ok(()) }
}

fn check_single(headers: &Headers) -> Result<(), HeaderFault> {
    let several = |name: &HeaderName| headers.get_all(name).nth(1).is_some();
    if SINGLE.iter().any(several) { Err(HeaderFault::Several) } else { Ok(()) }
}

fn check_host(uri: &Uri, version: Version, headers: &Headers) -> Result<(), HeaderFault> {
    if uri.scheme_str().is_some_and(|scheme| !matches!(scheme, "http" | "https")) {
        return Err(HeaderFault::Scheme);
    }
    let mut hosts = headers.get_all(HOST);
    let named = hosts.next();
    if hosts.next().is_some() {
        return Err(HeaderFault::SeveralHosts);
    }
    // HTTP/2 has the host in its target, and HTTP/1.0 may know of none.
    if named.is_none() && version == Version::HTTP_11 {
        return Err(HeaderFault::NoHost);
    }

    let named = named
        .map(|named| named.to_str().map_err(|_| HeaderFault::BadHost).and_then(authority))
        .transpose()?;
    let target = uri.authority().map(|target| authority(target.as_str())).transpose()?;
    match (target, named) {
        (Some(target), Some(named)) if !target.is(&named, uri.scheme_str()) => Err(HeaderFault::HostMismatch),
        _ => Ok(()),
    }
}

fn authority(text: &str) -> Result<AuthorityParts<'_>, HeaderFault> {
    AuthorityParts::read(text).ok_or(HeaderFault::BadHost)
}

/// `host[:port]`, taken apart without a copy.
struct AuthorityParts<'t> {
    host: &'t str,
    port: Option<u16>,
}

impl<'t> AuthorityParts<'t> {
    /// A name, an address, or an IPv6 address in brackets, without a user before it.
    fn read(text: &'t str) -> Option<Self> {
        let end = match text.starts_with('[') {
            true => text.find(']').map(|bracket| bracket + 1),
            false => text.bytes().position(|byte| byte == b':'),
        };
        let end = end.unwrap_or(text.len());
        let (host, port) = text.split_at(end);
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let sound = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(letter),
        };
        let port = match port.strip_prefix(':') {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            None if port.is_empty() => None,
            _ => return None,
        };
        sound.then_some(Self { host, port })
    }

    fn is(&self, other: &Self, scheme: Option<&str>) -> bool {
        let default = match scheme {
            Some("http") => Some(80),
            Some("https") => Some(443),
            _ => None,
        };
        self.host.eq_ignore_ascii_case(other.host) && self.port.or(default) == other.port.or(default)
    }
}

/// Whether a text is a host with an optional port.
pub(super) fn is_host(text: &str) -> bool {
    AuthorityParts::read(text).is_some()
}

fn check_length(version: Version, headers: &Headers) -> Result<(), HeaderFault> {
    let mut lengths = headers.get_all(CONTENT_LENGTH);
    if let Some(length) = lengths.next() {
        let digits = !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit);
        let number = length.to_str().ok().and_then(|length| length.parse::<u64>().ok());
        if !digits || number.is_none() || lengths.next().is_some() {
            return Err(HeaderFault::ContentLength);
        }
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING);
    let Some(coding) = codings.next() else { return Ok(()) };
    if version != Version::HTTP_11
        || codings.next().is_some()
        || !coding.as_bytes().eq_ignore_ascii_case(b"chunked")
    {
        return Err(HeaderFault::TransferEncoding);
    }
    if headers.contains_key(CONTENT_LENGTH) { Err(HeaderFault::TwoLengths) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
