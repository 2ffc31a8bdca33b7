//! Who called first, when proxies stand between (RFC 7239, and the older `x-forwarded-*`).

mod elements;

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use http::header::{FORWARDED, HOST};
use http::{HeaderName, HeaderValue, Uri};

use self::elements::{Element, read_elements};
use super::header_hygiene::is_host;
use crate::config::Network;
use crate::headers::Headers;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What else proxies say of a caller: passed on from trusted peers, never from others.
static HEARSAY: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-port"), HeaderName::from_static("x-real-ip")];

/// How many proxies between a caller and the gateway are looked at.
const MAX_HOPS: usize = 32;

/// The other end of a connection, the same for all of its requests.
#[derive(Debug)]
pub(crate) struct Peer {
    address: IpAddr,
    trusted: bool,
    https: bool,
    /// The address, for `x-forwarded-for`.
    text: HeaderValue,
    /// What `forwarded` said the last time of a direct caller, and of which host: a connection mostly asks for one.
    said: Mutex<Option<(HeaderValue, HeaderValue)>>,
}

/// Who called first, and how.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The address: the last one on the way that no trusted proxy has.
    pub(crate) address: IpAddr,
    https: bool,
    host: Option<HeaderValue>,
    /// The way here, the caller first and the peer left out.
    hops: Vec<IpAddr>,
}

impl Caller {
    /// By which scheme the caller called.
    pub(crate) const fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Whom the caller asked for: a host, perhaps with a port. Not checked.
    pub(crate) const fn host(&self) -> Option<&HeaderValue> {
        self.host.as_ref()
    }
}

impl Peer {
    /// The peer of a connection, over TLS or not.
    pub(crate) fn new(address: IpAddr, https: bool, trusted: &[Network]) -> Self {
        let address = address.to_canonical();
        // An address is visible text.
        let text = HeaderValue::try_from(address.to_string()).unwrap_or(HeaderValue::from_static("unknown"));
        Self { address, trusted: is_trusted(trusted, address), https, text, said: Mutex::default() }
    }

    /// Who sent a request.
    ///
    /// Of an untrusted peer nothing is believed; of a trusted one what it says, and what those whom it names say as
    /// far as they are trusted too. What cannot be read ends the way there. Where `forwarded` and `x-forwarded-for`
    /// name different callers neither is believed: a proxy that writes only one of them has passed on the other from
    /// its caller.
    pub(crate) fn caller(&self, trusted: &[Network], uri: &Uri, headers: &Headers) -> Caller {
        let target = || HeaderValue::from_str(uri.authority()?.as_str()).ok();
        let host = headers.get(HOST).cloned().or_else(target);
        let direct = Caller { address: self.address, https: self.https, host, hops: Vec::new() };
        if !self.trusted {
            return direct;
        }
        let elements = headers.contains_key(FORWARDED).then(|| read_elements(headers));
        let nodes = elements.as_deref().map(|elements| elements.iter().rev().map(|element| element.node));
        let by_forwarded = nodes.map(|nodes| self.follow(trusted, nodes));
        let by_x = headers.contains_key(X_FORWARDED_FOR).then(|| self.follow(trusted, addresses(headers)));
        let edge = by_forwarded.as_deref().zip(elements.as_deref());
        let edge = edge.and_then(|(hops, elements)| element_of_caller(hops, elements));
        let hops = match (by_x, by_forwarded) {
            (Some(one), Some(other)) if one.first() != other.first() => return direct,
            (Some(hops), _) | (None, Some(hops)) => hops,
            (None, None) => Vec::new(),
        };
        let https = last(headers, &X_FORWARDED_PROTO).and_then(https_of).or_else(|| edge?.https);
        let host = last(headers, &X_FORWARDED_HOST).or_else(|| edge?.host.as_deref());
        let host = host.filter(|host| is_host(host)).and_then(|host| HeaderValue::from_str(host).ok());
        Caller {
            address: hops.first().copied().unwrap_or(self.address),
            https: https.unwrap_or(self.https),
            host: host.or(direct.host),
            hops,
        }
    }

    /// Follows addresses from the closest on, as long as trusted ones name the next; gives them the caller first.
    fn follow(&self, trusted: &[Network], named: impl Iterator<Item = Option<IpAddr>>) -> Vec<IpAddr> {
        let mut hops = Vec::new();
        let mut teller = self.address;
        for next in named.take(MAX_HOPS) {
            let Some(next) = next.filter(|_| is_trusted(trusted, teller)) else { break };
            hops.push(next);
            teller = next;
        }
        hops.reverse();
        hops
    }

    /// Says upstream who called and by which way, in place of what came: nothing is passed on but what was believed.
    /// The host is for links, not for routing: proxies exist that pass on what callers write in `x-forwarded-host`.
    pub(crate) fn write(&self, caller: &Caller, headers: &mut Headers) {
        if !self.trusted {
            for name in &HEARSAY {
                headers.remove(name);
            }
        }
        let scheme = caller.scheme();
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
        headers.insert(X_FORWARDED_FOR, self.x_forwarded_for(caller));
        let (host, forwarded) = self.host_and_forwarded(caller, scheme);
        match host {
            Some(host) => headers.insert(X_FORWARDED_HOST, host.clone()),
            None => headers.remove(X_FORWARDED_HOST),
        };
        match forwarded {
            Some(value) => headers.insert(FORWARDED, value),
            None => headers.remove(FORWARDED),
        };
    }

    /// The host, if it is one, and the value of `forwarded`: of a direct caller what was found the last time, if it is
    /// for the same host.
    fn host_and_forwarded<'c>(
        &self,
        caller: &'c Caller,
        scheme: &str,
    ) -> (Option<&'c HeaderValue>, Option<HeaderValue>) {
        let direct = caller.host.as_ref().filter(|_| caller.hops.is_empty() && caller.https == self.https);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some((of, value)), Some(direct)) = (&*said, direct)
            && of == direct
        {
            return (Some(direct), Some(value.clone()));
        }
        let host = caller.host.as_ref().filter(|host| host.to_str().is_ok_and(is_host));
        let text = host.and_then(|host| host.to_str().ok());
        let value = HeaderValue::try_from(self.forwarded(caller, text, scheme)).ok();
        if let (Some(host), Some(_), Some(value)) = (host, direct, &value) {
            // A copy of the host: what the caller sent is a piece of the connection's buffer, and would keep all of it.
            *said = HeaderValue::from_bytes(host.as_bytes()).ok().map(|host| (host, value.clone()));
        }
        (host, value)
    }

    fn x_forwarded_for(&self, caller: &Caller) -> HeaderValue {
        if caller.hops.is_empty() {
            return self.text.clone();
        }
        let way: Vec<String> = self.way(caller).map(|address| address.to_string()).collect();
        HeaderValue::try_from(way.join(", ")).unwrap_or_else(|_| self.text.clone())
    }

    fn forwarded(&self, caller: &Caller, host: Option<&str>, scheme: &str) -> String {
        // Just enough where there are no proxies: a header's value is then made of it as it is.
        let node = self.text.len() + if self.address.is_ipv6() { 4 } else { 0 };
        let quote = if host.is_some_and(|host| host.contains(':')) { "\"" } else { "" };
        let host_len = host.map_or(0, |host| ";host=".len() + host.len() + 2 * quote.len());
        let mut text = String::with_capacity("for=;proto=".len() + node + host_len + scheme.len());
        for (place, address) in self.way(caller).enumerate() {
            text.push_str(if place == 0 { "for=" } else { ", for=" });
            // Writing to a String does not fail.
            let _ = match address {
                IpAddr::V4(address) => write!(text, "{address}"),
                IpAddr::V6(address) => write!(text, "\"[{address}]\""),
            };
            if place == 0 {
                let _ = host.map(|host| write!(text, ";host={quote}{host}{quote}"));
                let _ = write!(text, ";proto={scheme}");
            }
        }
        text
    }

    /// All addresses on the way, the caller's first and the peer's last.
    fn way(&self, caller: &Caller) -> impl Iterator<Item = IpAddr> {
        caller.hops.iter().copied().chain([self.address])
    }
}

fn is_trusted(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

/// The addresses of `x-forwarded-for`, the last first.
fn addresses(headers: &Headers) -> impl Iterator<Item = Option<IpAddr>> {
    let lines = headers.get_all(X_FORWARDED_FOR).rev();
    lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',').map(address_of))
}

/// The element that names the caller: whoever wrote it saw the scheme and the host that the caller used.
fn element_of_caller<'e>(hops: &[IpAddr], elements: &'e [Element]) -> Option<&'e Element> {
    elements.len().checked_sub(hops.len().max(1)).and_then(|place| elements.get(place))
}

fn last<'h>(headers: &'h Headers, name: &HeaderName) -> Option<&'h str> {
    let line = headers.get_all(name).next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

fn https_of(scheme: &str) -> Option<bool> {
    match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => Some(true),
        _ if scheme.eq_ignore_ascii_case("http") => Some(false),
        _ => None,
    }
}

/// An address with or without a port; of IPv6 with or without brackets.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    bare.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
