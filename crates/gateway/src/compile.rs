//! From settings to what requests meet: every fault is found, or everything is ready to be swapped in.

mod circles;

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use comporta_kernel::Rng;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, ClusterFault, Dns, HttpProbe, follow_names, watch};
use crate::config::{self, AuthMethod, Config, HttpVersion, Upstream};
use crate::credential::Credential;
use crate::fault::Fault;
use crate::forward::Remote;
use crate::gateway::{Neighbours, Options};
use crate::issuers::{Issuers, IssuersError};
use crate::model::cors::Cors;
use crate::model::path_pattern::PathPattern;
use crate::model::rewrite::{Redirect, Rewrite};
use crate::model::table::Table;
use crate::plane::{Destination, Plane, Route};
use crate::service::Called;
use crate::tls;

/// Routes ready to be put in force, and what must be watched for them.
pub(crate) struct Compiled {
    pub(crate) plane: Arc<Plane>,
    watched: Vec<(Arc<Cluster>, TlsConnector, HttpVersion)>,
    rng: Rng,
}

/// Compiles settings. What was in force before hands on what it knows of its targets.
pub(crate) fn compile(
    config: &Config,
    options: &Options,
    neighbours: &Neighbours,
    before: Option<&Plane>,
) -> Result<Compiled, Vec<Fault>> {
    let mut compiling = Compiling { options, neighbours, before, faults: Vec::new(), watched: Vec::new() };
    let upstreams = compiling.upstreams(config);
    let routes = compiling.routes(config, &upstreams);
    let table = Table::build(&config.routes);
    let table = table.map_err(|found| compiling.faults.extend(found.into_iter().map(Fault::from))).ok();
    if let Some(table) = &table {
        compiling.check_circles(config, &routes, table);
    }
    let tls = config.tls.as_ref().map(tls::public).transpose();
    let tls =
        tls.map_err(|fault| compiling.faults.push(Fault::at(&format!("tls.{}", fault.field), fault))).ok();
    let issuers = issuers(config, neighbours, before);
    let issuers = issuers.map_err(|error| compiling.faults.push(Fault::at("issuers", error))).ok();
    let Compiling { faults, watched, .. } = compiling;
    match (table, tls, issuers) {
        (Some(table), Some(tls), Some(issuers)) if faults.is_empty() => {
            let remotes = upstreams.into_iter().filter_map(|(name, to)| match to {
                To::Remote(remote) => Some((name, remote)),
                To::Service(_) => None,
            });
            let methods: Vec<AuthMethod> =
                config.routes.iter().flat_map(|route| route.auth.any_of.iter().copied()).collect();
            let plane = Arc::new(Plane {
                table,
                settings: config.routes.as_slice().into(),
                routes,
                issuers: Arc::new(issuers),
                nowhere: Plane::nowhere(&methods),
                remotes: remotes.collect(),
                tls,
                trusted: config.proxies.trusted.clone(),
                proxy_protocol: config.proxies.proxy_protocol,
            });
            Ok(Compiled { plane, watched, rng: neighbours.rng.clone() })
        }
        _ => Err(faults),
    }
}

fn issuers(config: &Config, neighbours: &Neighbours, before: Option<&Plane>) -> Result<Issuers, String> {
    let issuers = match before {
        Some(before) => before.issuers.renewed(&config.issuers),
        None => Issuers::new(
            &config.issuers,
            neighbours.runtime.clone(),
            Arc::clone(&neighbours.companies),
            neighbours.clock.clone(),
        ),
    };
    let issuers = match &neighbours.local_issuer {
        Some((settings, issuer)) => {
            issuers.and_then(|issuers| issuers.with_local(settings, Arc::clone(issuer)))
        }
        None => issuers,
    };
    issuers.map_err(|error: IssuersError| error.to_string())
}

/// An upstream, compiled.
enum To {
    Service(Called),
    Remote(Arc<Remote>),
}

struct Compiling<'a> {
    options: &'a Options,
    neighbours: &'a Neighbours,
    before: Option<&'a Plane>,
    faults: Vec<Fault>,
    watched: Vec<(Arc<Cluster>, TlsConnector, HttpVersion)>,
}

impl Compiling<'_> {
    fn upstreams(&mut self, config: &Config) -> BTreeMap<String, To> {
        let compiled = config.upstreams.iter().filter_map(|(name, upstream)| {
            let to = match (&upstream.service, upstream.targets.is_empty()) {
                (Some(service), true) => self.service(name, service),
                (None, false) => self.remote(name, upstream).map_err(|fault| self.faults.push(fault)).ok(),
                (Some(_), false) => {
                    self.faults.push(Fault::of_upstream(
                        name,
                        "targets",
                        "expected a service or targets, not both",
                    ));
                    None
                }
                (None, true) => {
                    self.faults.push(Fault::of_upstream(name, "", "expected a service, or targets"));
                    None
                }
            };
            Some((name.clone(), to?))
        });
        compiled.collect()
    }

    /// A service that does not run in this process is no fault: routes to it answer that there is nothing.
    fn service(&mut self, upstream: &str, name: &str) -> Option<To> {
        let Some(service) = self.neighbours.services.get(name) else {
            let names: Vec<&str> = self.neighbours.services.keys().copied().collect();
            let message = format!("there is no service `{name}`, expected one of {}", names.join(", "));
            self.faults.push(Fault::of_upstream(upstream, "service", message));
            return None;
        };
        let service = service.as_ref()?;
        let (runtime, most) = (self.neighbours.runtime.clone(), self.options.service_calls);
        Some(To::Service(Called::new(Arc::clone(service), runtime, most)))
    }

    fn remote(&mut self, name: &str, upstream: &Upstream) -> Result<To, Fault> {
        self.check_health(name, upstream);
        let before = self.before.and_then(|plane| plane.remotes.get(name));
        let cluster = Cluster::new(name, upstream, before.map(|remote| &*remote.cluster));
        let cluster = cluster.map_err(|fault: ClusterFault| Fault::of_upstream(name, "targets", fault))?;
        let connector = tls::connector(&upstream.tls, upstream.http);
        let connector =
            connector.map_err(|fault| Fault::of_upstream(name, &format!("tls.{}", fault.field), fault))?;
        let credential = Credential::compile(upstream, self.neighbours)
            .map_err(|(field, message)| Fault::of_upstream(name, &format!("credential.{field}"), message))?;
        self.watched.push((Arc::clone(&cluster), connector.clone(), upstream.http));
        Ok(To::Remote(Arc::new(Remote {
            cluster,
            version: upstream.http,
            variant: variant(upstream),
            tls: connector,
            timeouts: upstream.timeouts,
            retry: upstream.retry,
            max_idle: upstream.breaker.max_idle,
            credential,
        })))
    }

    fn check_health(&mut self, name: &str, upstream: &Upstream) {
        let Some(health) = &upstream.health else { return };
        let mut tell = |field: &str, message| {
            self.faults.push(Fault::of_upstream(name, &format!("health.{field}"), message));
        };
        if health.path.parse::<http::uri::PathAndQuery>().is_err() || !health.path.starts_with('/') {
            tell("path", "expected a path such as /healthz");
        }
        for (field, interval) in [("every", health.every), ("timeout", health.timeout)] {
            if interval.duration().is_zero() {
                tell(field, "must be more than zero");
            }
        }
    }

    fn routes(&mut self, config: &Config, upstreams: &BTreeMap<String, To>) -> Vec<Arc<Route>> {
        let mut routes = Vec::new();
        let numbers = self.numbers(config);
        for (index, route) in config.routes.iter().enumerate() {
            self.check_auth(index, route);
            self.check_log(index, route);
            // A pattern that cannot be read is the table's fault to tell.
            let pattern = route.matching.path.parse::<PathPattern>().ok();
            let leads_to = self.leads_to(index, route, pattern.as_ref(), config, upstreams);
            let rewrite = match (&route.rewrite, &pattern) {
                (Some(rewrite), Some(pattern)) => Rewrite::compile(index, rewrite, pattern),
                _ => Ok(Rewrite::default()),
            };
            let rewrite = rewrite.map_err(|faults| self.tell(faults)).ok();
            let cors = route.cors.as_ref().map(|cors| Cors::compile(index, cors, &route.matching.methods));
            let cors = cors.transpose().map_err(|faults| self.tell(faults)).ok();
            if let (Some(rewrite), Some(cors), Some(leads_to)) = (rewrite, cors, leads_to) {
                let body_limit = route.body_limit.map_or(self.options.body_limit, |limit| limit.bytes());
                let number = numbers.get(index).copied().unwrap_or_default();
                let route = Route::new(route, number, cors, body_limit, rewrite, leads_to);
                routes.push(Arc::new(route));
            }
        }
        routes
    }

    /// Each route's number, noted for good before any request takes it.
    fn numbers(&mut self, config: &Config) -> Vec<u32> {
        let Some(meter) = &self.neighbours.meter else { return Vec::new() };
        let names: Vec<&str> = config.routes.iter().map(|route| route.name.as_str()).collect();
        let numbers = meter.route_numbers(&names);
        numbers.map_err(|error| self.faults.push(Fault::at("routes", error))).unwrap_or_default()
    }

    fn leads_to(
        &mut self,
        index: usize,
        route: &config::Route,
        pattern: Option<&PathPattern>,
        config: &Config,
        upstreams: &BTreeMap<String, To>,
    ) -> Option<Destination> {
        match (&route.upstream, &route.redirect) {
            (Some(name), None) => self.destination(index, name, config, upstreams),
            (None, Some(redirect)) => {
                let redirect = Redirect::compile(index, redirect, pattern?);
                redirect.map(Destination::Elsewhere).map_err(|faults| self.tell(faults)).ok()
            }
            _ => {
                self.faults.push(Fault::of_route(index, "", "expected an upstream or a redirect"));
                None
            }
        }
    }

    fn destination(
        &mut self,
        index: usize,
        name: &str,
        config: &Config,
        upstreams: &BTreeMap<String, To>,
    ) -> Option<Destination> {
        match upstreams.get(name) {
            Some(To::Service(service)) => Some(Destination::Service(service.clone())),
            Some(To::Remote(remote)) => Some(Destination::Remote(Arc::clone(remote))),
            None if config.upstreams.contains_key(name) => Some(Destination::Nowhere),
            None => {
                self.faults.push(Fault::of_route(
                    index,
                    "upstream",
                    format!("there is no upstream `{name}`"),
                ));
                None
            }
        }
    }

    fn check_circles(&mut self, config: &Config, routes: &[Arc<Route>], table: &Table) {
        // With one missing they are not in the table's order.
        if !self.faults.is_empty() {
            return;
        }
        for (index, route) in config.routes.iter().enumerate() {
            if route.redirect.is_some() && circles::is_endless(index, route, routes, table) {
                let message = "leads in a circle: who follows it is redirected again and again";
                self.faults.push(Fault::of_route(index, "redirect.to", message));
            }
        }
    }

    fn check_auth(&mut self, index: usize, route: &config::Route) {
        if route.auth.any_of.is_empty() {
            self.faults.push(Fault::of_route(index, "auth.any_of", "expected at least one way, or none"));
        }
        for method in route.auth.scopes.keys() {
            if method != "*" && http::Method::from_bytes(method.as_bytes()).is_err() {
                let field = format!("auth.scopes.{method}");
                self.faults.push(Fault::of_route(index, &field, "expected a method, or *"));
            }
        }
    }

    fn check_log(&mut self, index: usize, route: &config::Route) {
        let bodies = route.log.as_ref().and_then(|log| log.bodies.as_ref());
        if bodies.is_some_and(|bodies| !(1..=65_536).contains(&bodies.limit.bytes())) {
            self.faults.push(Fault::of_route(index, "log.bodies.limit", "expected from 1B to 64KiB"));
        }
    }

    fn tell(&mut self, faults: Vec<crate::model::fault::Fault>) {
        self.faults.extend(faults.into_iter().map(Fault::from));
    }
}

/// Tells connections under these settings from those to the same targets under others.
fn variant(upstream: &Upstream) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{:?} {:?}", upstream.tls, upstream.http).hash(&mut hasher);
    // The low bits are left to the target's number.
    hasher.finish() << 32
}

impl Compiled {
    /// Probes targets and follows their names until told to stop.
    pub(crate) fn watch(self, runtime: &Handle, stop: &CancellationToken) {
        for (cluster, connector, version) in self.watched {
            let probe = Arc::new(HttpProbe::new(connector, version));
            runtime.spawn(watch(Arc::clone(&cluster), probe, self.rng.clone(), stop.clone()));
            runtime.spawn(follow_names(cluster, Arc::new(Dns), stop.clone()));
        }
    }
}
