//! What `comporta.yaml` says about the gateway: issuers, upstreams, routes, TLS and whom to trust.

mod issuer;
mod log;
mod route;
mod upstream;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;

use comporta_kernel::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use comporta_kernel::Network;
pub use comporta_kernel::Rate;
pub use issuer::{CompanyClaim, Issuer};
pub(crate) use log::Step;
pub use log::{LogBodies, MaskPath, RouteLog};
pub use route::{AuthMethod, Cors, Limit, LimitBy, Match, PathRewrite, Redirect, Rewrite, Route, RouteAuth};
pub use upstream::{
    Breaker, Credential, HeaderCredential, Health, HttpVersion, JwtAlgorithm, JwtCredential, Outlier, Retry,
    Target, Timeouts, TokenCredential, Upstream, UpstreamTls,
};
pub use values::{Percent, Uri};

/// All of the gateway's settings that a reload may change.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who else may say who calls.
    pub issuers: Vec<Issuer>,
    /// Who answers, by name.
    pub upstreams: Upstreams,
    /// What is published.
    pub routes: Vec<Route>,
    /// The listener's certificate; `None` for none.
    pub tls: Option<Tls>,
    /// Who stands between callers and the gateway.
    pub proxies: Proxies,
    /// Where shared limits are kept; read at the start only.
    pub redis_url: Option<Secret>,
}

impl Config {
    /// The files that it names: certificates and keys.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let own = self.tls.iter().flat_map(|tls| [&tls.certificate, &tls.key]);
        let shown = self.upstreams.values().map(|upstream| &upstream.tls);
        let shown = shown.flat_map(|tls| [&tls.ca, &tls.certificate, &tls.key]).flatten();
        own.chain(shown).cloned()
    }
}

/// Upstreams by name.
pub type Upstreams = BTreeMap<String, Upstream>;

/// The public listener's certificate; several for several names.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate and those that vouch for it, the server's own first.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
}

/// Where shared limits are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://` or `rediss://`, Redis or Valkey; null keeps limits in each process.
    pub url: Option<Secret>,
}

/// Who stands between callers and the gateway.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Proxies {
    /// Networks whose `forwarded` and `x-forwarded-*` headers are believed.
    pub trusted: Vec<Network>,
    /// Connections from trusted proxies begin with the PROXY protocol, version 1 or 2.
    pub proxy_protocol: bool,
}
