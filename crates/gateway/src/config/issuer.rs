//! Who else may say who calls: OpenID Connect issuers whose tokens are taken.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::upstream::JwtAlgorithm;
use super::values::Uri;

/// An issuer of JWTs.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Its `iss`, and where `/.well-known/openid-configuration` is found.
    pub issuer: Uri,
    /// Values of `aud` that are taken; for Amazon Cognito's access tokens, of `client_id`.
    pub audience: Vec<String>,
    /// Which company a token speaks for.
    pub company: CompanyClaim,
    /// Its keys, when it has no discovery document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<Uri>,
    /// Algorithms that are taken; those of its keys unless set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<JwtAlgorithm>,
    /// The claim that holds the scopes: text with blanks between, or a list.
    #[serde(default = "scope", skip_serializing_if = "is_scope")]
    pub scopes_claim: String,
    /// What is cut from the front of each scope: a Cognito resource server's `comporta/`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scopes_prefix: String,
}

/// Which company a token speaks for.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CompanyClaim {
    /// The claim that names it.
    pub claim: String,
    /// From the claim's values to company ids; without it the claim holds the id itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, String>,
}

fn scope() -> String {
    "scope".to_owned()
}

fn is_scope(claim: &String) -> bool {
    claim == "scope"
}
