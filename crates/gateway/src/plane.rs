//! The routes in force, compiled: what a request meets.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_rustls::TlsAcceptor;

use crate::config::{self, AuthMethod, Network, RouteAuth};
use crate::forward::Remote;
use crate::issuers::Issuers;
use crate::limit::Rule;
use crate::model::cors::Cors;
use crate::model::rewrite::{Redirect, Rewrite};
use crate::model::table::Table;
use crate::request_log::BodyRules;
use crate::service::Called;
use crate::tls::PublicTls;
use crate::who::Gate;

/// Everything that a reload replaces at once.
pub(crate) struct Plane {
    pub(crate) table: Table,
    /// The routes as the settings have them.
    pub(crate) settings: Arc<[config::Route]>,
    /// As the table counts them.
    pub(crate) routes: Vec<Arc<Route>>,
    pub(crate) issuers: Arc<Issuers>,
    /// Asked of callers of paths that do not exist: without a credential one learns nothing.
    pub(crate) nowhere: Gate,
    pub(crate) remotes: BTreeMap<String, Arc<Remote>>,
    pub(crate) tls: Option<PublicTls>,
    pub(crate) trusted: Vec<Network>,
    pub(crate) proxy_protocol: bool,
}

/// A route as a request meets it.
#[derive(Debug)]
pub(crate) struct Route {
    id: u32,
    /// Under which its calls are counted.
    meter: u32,
    name: Box<str>,
    pattern: Box<str>,
    pub(crate) gate: Gate,
    pub(crate) limit: Option<Rule>,
    pub(crate) cors: Option<Cors>,
    pub(crate) body_limit: u64,
    pub(crate) rewrite: Rewrite,
    /// What is logged of bodies.
    pub(crate) bodies: Option<Arc<BodyRules>>,
    pub(crate) leads_to: Destination,
}

/// Where a route leads.
#[derive(Debug)]
pub(crate) enum Destination {
    /// A service of this process.
    Service(Called),
    /// Targets over HTTP.
    Remote(Arc<Remote>),
    /// A service that does not run in this process.
    Nowhere,
    /// Another place, which the caller is told.
    Elsewhere(Redirect),
}

impl Route {
    pub(crate) fn new(
        settings: &config::Route,
        meter: u32,
        cors: Option<Cors>,
        body_limit: u64,
        rewrite: Rewrite,
        leads_to: Destination,
    ) -> Self {
        /// Never the same twice, so that counters of a replaced route are not taken for another's; 0 is for no route.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let (name, pattern) = (settings.name.as_str().into(), settings.matching.path.as_str().into());
        let gate = Gate::new(&settings.auth);
        let limit = settings.limit.as_ref().map(|limit| Rule::new(&settings.name, limit));
        let bodies = settings.log.as_ref().and_then(|log| log.bodies.as_ref());
        let bodies = bodies.map(|bodies| Arc::new(BodyRules::new(bodies)));
        Self { id, meter, name, pattern, gate, limit, cors, body_limit, rewrite, bodies, leads_to }
    }

    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// The number under which its calls are counted: the same for all routes of its name, of one process.
    pub(crate) const fn meter(&self) -> u32 {
        self.meter
    }

    pub(crate) const fn name(&self) -> &str {
        &self.name
    }

    /// The paths it takes, as its settings have them.
    pub(crate) const fn pattern(&self) -> &str {
        &self.pattern
    }
}

impl Plane {
    pub(crate) const fn tls(&self) -> Option<&TlsAcceptor> {
        match &self.tls {
            Some(tls) => Some(&tls.acceptor),
            None => None,
        }
    }

    /// Whether connections from an address begin with the PROXY protocol.
    pub(crate) fn takes_proxy_protocol(&self, peer: IpAddr) -> bool {
        self.proxy_protocol && self.trusted.iter().any(|network| network.contains(peer))
    }

    /// Any way to say who calls that some route takes.
    pub(crate) fn nowhere(methods: &[AuthMethod]) -> Gate {
        let mut any_of: Vec<AuthMethod> =
            methods.iter().copied().filter(|method| *method != AuthMethod::None).collect();
        if any_of.is_empty() {
            any_of.push(AuthMethod::ApiKey);
        }
        Gate::new(&RouteAuth { any_of, scopes: BTreeMap::new() })
    }
}

impl fmt::Debug for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plane").field("routes", &self.routes.len()).finish_non_exhaustive()
    }
}
