//! An upstream: who answers, how one knows that it lives, and how it knows us.

use std::collections::BTreeMap;
use std::path::PathBuf;

use comporta_kernel::{Interval, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Percent, Uri};

pub use comporta_jwt::Algorithm as JwtAlgorithm;

/// Who answers: a service of this process, or targets over HTTP.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// A service of this process, by the name of its role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Servers that answer alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// The protocol spoken to the targets.
    #[serde(default)]
    pub http: HttpVersion,
    /// TLS to targets of `https`.
    #[serde(default)]
    pub tls: UpstreamTls,
    /// Probes; none unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Who answers badly is left out for a while.
    #[serde(default)]
    pub outlier: Outlier,
    /// What the targets want to be shown in place of the caller's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
    /// How long a target may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// What is tried again.
    #[serde(default)]
    pub retry: Retry,
    /// How much is in flight at most.
    #[serde(default)]
    pub breaker: Breaker,
    /// These targets are gateways' services of the same installation: they get the signed principal.
    #[serde(default)]
    pub principal: bool,
}

/// A server.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `http://host:port` or `https://host:port`; a name is looked up again as it ages.
    pub url: Uri,
    /// Its share beside the others.
    #[serde(default = "one")]
    pub weight: u32,
    /// Used when no other is healthy: another zone or region.
    #[serde(default)]
    pub backup: bool,
}

const fn one() -> u32 {
    1
}

/// The protocol spoken to targets.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum HttpVersion {
    /// HTTP/2 where TLS agrees on it (ALPN), else HTTP/1.1.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// HTTP/1.1.
    #[serde(rename = "1.1")]
    Http1,
    /// HTTP/2, without TLS by prior knowledge.
    #[serde(rename = "2")]
    Http2,
}

/// TLS to targets.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTls {
    /// PEM file of the authorities believed, in place of the web's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// PEM file of our certificate, for servers that ask for one (mTLS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// PEM file of its private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The name the server must prove; the target's host unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

/// Probes of each target.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// The path asked for: 2xx and 3xx are well.
    pub path: String,
    /// The pause between two probes.
    #[serde(default = "two_seconds")]
    pub every: Interval,
    /// How long a probe may take.
    #[serde(default = "one_second")]
    pub timeout: Interval,
    /// Failures in a row after which a target is left out.
    #[serde(default = "two")]
    pub unhealthy_after: u32,
    /// Successes in a row after which it is back.
    #[serde(default = "two")]
    pub healthy_after: u32,
}

const fn two() -> u32 {
    2
}

const fn two_seconds() -> Interval {
    Interval::from_millis(2000)
}

const fn one_second() -> Interval {
    Interval::from_millis(1000)
}

/// When a target that answers badly is left out.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Outlier {
    /// Failed connections, broken answers, 502, 503 and 504 in a row; 0 for never.
    #[serde(default = "five")]
    pub consecutive_failures: u32,
    /// For how long; longer each time in a row, up to ten times as long.
    #[serde(default = "ten_seconds")]
    pub eject_for: Interval,
}

impl Default for Outlier {
    fn default() -> Self {
        Self { consecutive_failures: five(), eject_for: ten_seconds() }
    }
}

const fn five() -> u32 {
    5
}

const fn ten_seconds() -> Interval {
    Interval::from_millis(10_000)
}

/// What the targets want to be shown. One of the four.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// A token minted here for each company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt: Option<JwtCredential>,
    /// A token fetched from the targets' own login or an OAuth 2.0 token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenCredential>,
    /// User and password, `user:password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<Secret>,
    /// Headers by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: HeaderCredential,
}

/// Headers and their secret values.
pub type HeaderCredential = BTreeMap<String, Secret>;

/// A token minted here for each company.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JwtCredential {
    /// How it is signed.
    pub algorithm: JwtAlgorithm,
    /// The key of HS256, at least 32 bytes; with the others, a PKCS#8 PEM of our own in place of the installation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// Claims beside `iss`, `sub`, `iat`, `nbf`, `exp` and `jti`; `{company.id}`, `{key.id}` and `{scopes}` are filled in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, String>,
    /// How long it is good for.
    #[serde(default = "one_minute")]
    pub ttl: Interval,
    /// Its `aud`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Its `iss`, where the targets want a certain one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

const fn one_minute() -> Interval {
    Interval::from_millis(60_000)
}

/// A token fetched from the targets' own login.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenCredential {
    /// Where it is asked for, by POST.
    pub url: Uri,
    /// What is sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Secret>,
    /// Send the body as a form (OAuth 2.0) in place of JSON.
    #[serde(default)]
    pub form: bool,
    /// Where the token is in the answer, such as `.access_token`.
    #[serde(default = "access_token")]
    pub from: String,
    /// Where its life in seconds is; without it the token's own `exp`, else five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The header it is shown in, and what stands before it.
    #[serde(default = "authorization")]
    pub header: String,
    /// What stands before it in the header.
    #[serde(default = "bearer")]
    pub scheme: String,
}

fn access_token() -> String {
    ".access_token".to_owned()
}

fn authorization() -> String {
    "authorization".to_owned()
}

fn bearer() -> String {
    "Bearer".to_owned()
}

/// How long a target may take.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// To take a connection, TLS included.
    #[serde(default = "one_second")]
    pub connect: Interval,
    /// From the end of the request to the head of the answer.
    #[serde(default = "thirty_seconds")]
    pub response: Interval,
    /// Between two pieces of an answer's body; server-sent events pause for long.
    #[serde(default = "five_minutes")]
    pub idle: Interval,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: one_second(), response: thirty_seconds(), idle: five_minutes() }
    }
}

const fn thirty_seconds() -> Interval {
    Interval::from_millis(30_000)
}

const fn five_minutes() -> Interval {
    Interval::from_millis(300_000)
}

/// What is tried again: requests that may be repeated, or never reached a target.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How often, after the first time.
    #[serde(default = "two")]
    pub attempts: u32,
    /// Retries as a share of requests, so that they never add to an outage.
    #[serde(default = "a_fifth")]
    pub budget: Percent,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: two(), budget: a_fifth() }
    }
}

const fn a_fifth() -> Percent {
    Percent::of(20)
}

/// How much is in flight at most; what is over is answered 503 at once.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// Requests at once to one target.
    #[serde(default = "thousand")]
    pub max_in_flight: u32,
    /// Idle connections kept for one target by each core.
    #[serde(default = "sixty_four")]
    pub max_idle: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { max_in_flight: thousand(), max_idle: sixty_four() }
    }
}

const fn thousand() -> u32 {
    1000
}

const fn sixty_four() -> u32 {
    64
}
