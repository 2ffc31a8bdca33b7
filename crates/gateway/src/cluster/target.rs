//! A target: where it is, what it is called, and the state that all cores share and a reload keeps.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use rustls::pki_types::ServerName;
use tokio::sync::Notify;

use super::ClusterFault;
use super::addresses::Addresses;
use super::breaker::InFlight;
use super::outlier::Record;
use super::status::Health;
use crate::config;

/// One server of an upstream.
#[derive(Debug)]
pub(crate) struct Target {
    url: Arc<str>,
    host: String,
    port: u16,
    authority: HeaderValue,
    server_name: Option<ServerName<'static>>,
    weight: u32,
    is_backup: bool,
    pub(super) state: Arc<State>,
}

/// What outlives a reload of the settings.
#[derive(Debug)]
pub(super) struct State {
    id: u32,
    pub(super) in_flight: InFlight,
    pub(super) outlier: Record,
    health: AtomicU8,
    addresses: ArcSwapOption<Addresses>,
    /// Rung when a request finds the target in trouble, so that a probe need not wait for its turn.
    pub(super) is_suspected: Notify,
    /// Rung when a connection fails, so that a name that moved is looked up again.
    pub(super) may_have_moved: Notify,
}

impl Default for State {
    fn default() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            in_flight: InFlight::default(),
            outlier: Record::default(),
            health: AtomicU8::default(),
            addresses: ArcSwapOption::default(),
            is_suspected: Notify::default(),
            may_have_moved: Notify::default(),
        }
    }
}

impl Target {
    /// A target as the settings have it; `previous` is the same one before a reload.
    pub(super) fn new(
        setting: &config::Target,
        tls: &config::UpstreamTls,
        previous: Option<&Self>,
    ) -> Result<Self, ClusterFault> {
        let url = setting.url.as_str();
        let parts = setting.url.parts();
        if !matches!(parts.path(), "" | "/") || parts.query().is_some() {
            return Err(ClusterFault::Path { url: url.to_owned() });
        }
        if setting.weight == 0 {
            return Err(ClusterFault::Weight { url: url.to_owned() });
        }
        let is_https = parts.scheme_str() == Some("https");
        let (Some(authority), Some((host, port))) = (parts.authority(), place(&parts, is_https)) else {
            return Err(ClusterFault::Place { url: url.to_owned() });
        };
        let Ok(authority) = HeaderValue::from_str(authority.as_str()) else {
            return Err(ClusterFault::Place { url: url.to_owned() });
        };
        let server_name = match (is_https, tls.server_name.as_ref().unwrap_or(&host)) {
            (false, _) => None,
            (true, name) => match ServerName::try_from(name.clone()) {
                Ok(name) => Some(name),
                Err(_) => return Err(ClusterFault::ServerName { url: url.to_owned() }),
            },
        };
        let state = previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.state));
        let (url, weight, is_backup) = (url.into(), setting.weight, setting.backup);
        let target = Self { url, host, port, authority, server_name, weight, is_backup, state };
        if let Some(address) = target.literal() {
            target.found(vec![address]);
        }
        Ok(target)
    }

    /// As it is written in the settings.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The same, to be kept.
    pub(crate) fn shared_url(&self) -> Arc<str> {
        Arc::clone(&self.url)
    }

    /// Its number: the same after a reload, and never another target's.
    pub(crate) fn id(&self) -> u32 {
        self.state.id
    }

    /// Its name or address, without brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// What the `host` header or `:authority` calls it.
    pub(crate) const fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    /// The name it must prove by its certificate; none for plain `http`.
    pub(crate) const fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }

    /// Its share beside the others; at least 1.
    pub(crate) const fn weight(&self) -> u32 {
        self.weight
    }

    /// Whether it waits until no other is healthy.
    pub(crate) const fn is_backup(&self) -> bool {
        self.is_backup
    }

    /// Requests that are with it now.
    pub(crate) fn in_flight(&self) -> u32 {
        self.state.in_flight.count()
    }

    /// The next of its addresses in turn; none before its name was ever found.
    pub(crate) fn next_address(&self) -> Option<SocketAddr> {
        self.state.addresses.load().as_deref().map(Addresses::next)
    }

    /// All its addresses.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.state.addresses.load().as_deref().map(|found| found.list().to_vec()).unwrap_or_default()
    }

    /// Whether its name was ever found.
    pub(super) fn has_address(&self) -> bool {
        self.state.addresses.load().is_some()
    }

    /// Another address than one that took no connection.
    pub(super) fn address_after_failure_of(&self, address: SocketAddr) -> Option<SocketAddr> {
        self.state.addresses.load().as_deref()?.after_failure_of(address)
    }

    /// What its name leads to now. Nothing is no news: the last good addresses stay.
    pub(super) fn found(&self, addresses: Vec<SocketAddr>) {
        let Some(found) = Addresses::new(addresses) else { return };
        match self.state.addresses.load().as_deref() {
            Some(known) if known.list() == found.list() => known.forgive(),
            _ => self.state.addresses.store(Some(Arc::new(found))),
        }
    }

    /// The address its URL names; none when it names a host that must be looked up.
    pub(super) fn literal(&self) -> Option<SocketAddr> {
        self.host.parse().ok().map(|address: IpAddr| (address, self.port).into())
    }

    /// What its probes say.
    pub(super) fn health(&self) -> Health {
        Health::from_number(self.state.health.load(Ordering::Relaxed))
    }

    /// Notes what its probes say.
    pub(super) fn set_health(&self, health: Health) {
        self.state.health.store(health as u8, Ordering::Relaxed);
    }
}

/// Host without brackets, and port. None for a port that is none.
fn place(parts: &http::Uri, is_https: bool) -> Option<(String, u16)> {
    let host = parts.host()?;
    let names_port = parts.authority()?.as_str().len() > host.len();
    let port = match (parts.port_u16(), is_https) {
        (Some(0), _) => return None,
        (Some(port), _) => port,
        (None, _) if names_port => return None,
        (None, true) => 443,
        (None, false) => 80,
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((bare.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, ClusterFault> {
        let setting = config::Target { url: url.parse().unwrap(), weight: 1, backup: false };
        Target::new(&setting, &config::UpstreamTls::default(), None)
    }

    #[test]
    fn a_url_says_address_name_and_authority() {
        let plain = target("http://10.0.1.5:8000").unwrap();
        assert_eq!(plain.next_address(), Some("10.0.1.5:8000".parse().unwrap()));
        assert_eq!(plain.authority(), "10.0.1.5:8000");
        assert_eq!(plain.server_name(), None);
        let secure = target("https://api.example.com").unwrap();
        assert_eq!((secure.host(), secure.port()), ("api.example.com", 443));
        assert_eq!(secure.authority(), "api.example.com");
        assert_eq!(secure.server_name().unwrap().to_str(), "api.example.com");
        assert_eq!(secure.next_address(), None);
        let six = target("https://[::1]:8443/").unwrap();
        assert_eq!(six.next_address(), Some("[::1]:8443".parse().unwrap()));
        assert_eq!(six.server_name().unwrap().to_str(), "::1");
    }

    #[test]
    fn a_url_that_cannot_be_meant_is_refused() {
        assert!(matches!(target("http://a/base"), Err(ClusterFault::Path { .. })));
        assert!(matches!(target("http://a/?x=1"), Err(ClusterFault::Path { .. })));
        assert!(matches!(target("http://a:99999"), Err(ClusterFault::Place { .. })));
        assert!(matches!(target("http://a:0"), Err(ClusterFault::Place { .. })));
        assert!(matches!(target("https://-a-"), Err(ClusterFault::ServerName { .. })));
    }

    #[test]
    fn nothing_found_leaves_the_last_addresses() {
        let target = target("http://db.example.com:81").unwrap();
        target.found(vec!["10.0.0.1:81".parse().unwrap()]);
        target.found(Vec::new());
        assert_eq!(target.addresses(), ["10.0.0.1:81".parse().unwrap()]);
        target.found(vec!["10.0.0.2:81".parse().unwrap()]);
        assert_eq!(target.addresses(), ["10.0.0.2:81".parse().unwrap()]);
    }
}
