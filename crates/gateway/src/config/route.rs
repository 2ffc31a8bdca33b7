//! A route: what it matches, who may pass, how much, and where it leads.

use std::collections::BTreeMap;

use comporta_kernel::{ByteSize, Interval, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::log::RouteLog;

/// A route. Of the routes that match a request the most specific takes it.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Its name in logs, metrics and bills; a route of the same name in a file replaces the built-in one.
    pub name: String,
    /// What it matches.
    #[serde(rename = "match")]
    pub matching: Match,
    /// The upstream it leads to, unless it redirects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Answers with another place instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// What is changed in the request before it is sent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Rewrite>,
    /// Who may pass: an API key of any scope unless set.
    #[serde(default)]
    pub auth: RouteAuth,
    /// How often; no limit unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Which pages of other origins may call it from a browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    /// Largest request body; `http.body_limit` unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<ByteSize>,
    /// What the request log keeps beside what it keeps of all requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<RouteLog>,
}

/// What a route matches; what is not given matches everything.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// Host names, `api.example.com` or `*.example.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// A path: `/v1/books`, `/v1/books/{id}` (one segment), `/v1/books/**` (the path and all below it).
    pub path: String,
    /// Methods; GET stands for HEAD too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Headers that must be there with exactly these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// Who may pass a route.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RouteAuth {
    /// Ways to say who calls, one of which must hold.
    #[serde(default = "api_key")]
    pub any_of: Vec<AuthMethod>,
    /// The scope that each method needs; `*` stands for every other method.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scopes: BTreeMap<String, String>,
}

impl Default for RouteAuth {
    fn default() -> Self {
        Self { any_of: api_key(), scopes: BTreeMap::new() }
    }
}

fn api_key() -> Vec<AuthMethod> {
    vec![AuthMethod::ApiKey]
}

/// A way to say who calls.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMethod {
    /// A key in `x-api-key`.
    ApiKey,
    /// A token of one of the issuers, in `authorization: Bearer`.
    Jwt,
    /// `authorization: Basic`: a key's id and the key.
    Basic,
    /// Nothing: everybody may pass.
    None,
}

/// How often a route may be called.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests in a time, such as `100/s`.
    pub rate: Rate,
    /// How many may come at once; a second's worth of the rate unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Who shares one allowance.
    #[serde(default)]
    pub by: LimitBy,
    /// Counted for all gateways together, in Redis or Valkey; falls back to this process while it is away.
    #[serde(default)]
    pub shared: bool,
}

/// Who shares one allowance.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitBy {
    /// All keys of a company.
    #[default]
    Company,
    /// Each key.
    Key,
    /// Each address; of IPv6 each /64.
    Address,
    /// Everybody.
    Route,
}

/// Answers with another place.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// The other place: a path or a whole URL, with `{name}` for what the path's pattern caught.
    pub to: String,
    /// 301, 302, 303, 307 or 308.
    #[serde(default = "permanent")]
    pub status: u16,
}

fn permanent() -> u16 {
    308
}

/// What is changed in a request before it is sent on, and in its answer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// Its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathRewrite>,
    /// Its host; the target's own unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Request headers that are set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_headers: BTreeMap<String, String>,
    /// Request headers that are dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_headers: Vec<String>,
    /// Answer headers that are set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_response_headers: BTreeMap<String, String>,
    /// Answer headers that are dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_response_headers: Vec<String>,
}

/// How the path changes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PathRewrite {
    /// The new path, with `{name}` for what the pattern caught and `{rest}` for what `**` did.
    pub to: String,
}

/// Which pages of other origins may call a route from a browser (Fetch standard, CORS protocol).
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins such as `https://app.example.com`, or `*`.
    pub origins: Vec<String>,
    /// Request headers a page may send beside the plain ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Answer headers a page may read beside the plain ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<String>,
    /// Cookies and HTTP authentication go along; not with `*`.
    #[serde(default)]
    pub credentials: bool,
    /// How long a browser may keep the answer to its preflight.
    #[serde(default = "ten_minutes")]
    pub max_age: Interval,
}

const fn ten_minutes() -> Interval {
    Interval::from_millis(600_000)
}
