//! Public keys as JSON (RFC 7517, RFC 7518 section 6, RFC 8037).

use std::collections::BTreeMap;

use ring::digest;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{Algorithm, base64url};

/// A public key for signatures. Secrets have no place here: a symmetric key does not read as one, and a private
/// key's numbers are passed over.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Jwk {
    /// Its name among its issuer's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The only algorithm it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<Algorithm>,
    /// What it is for.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<KeyUse>,
    /// What may be done with it, `verify` for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    /// The key itself.
    #[serde(flatten)]
    pub key: PublicKey,
}

/// What a key is for; keys for encryption do not read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyUse {
    /// Signatures.
    Sig,
}

/// A public key's numbers in base64url.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kty")]
pub enum PublicKey {
    /// RSA.
    #[serde(rename = "RSA")]
    Rsa {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
    /// A point on a curve of NIST.
    #[serde(rename = "EC")]
    Ec {
        /// The curve.
        crv: Curve,
        /// One coordinate.
        x: String,
        /// The other one.
        y: String,
    },
    /// An Edwards curve.
    #[serde(rename = "OKP")]
    Okp {
        /// The curve.
        crv: Curve,
        /// The key.
        x: String,
    },
}

/// An elliptic curve.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Curve {
    /// P-256.
    #[serde(rename = "P-256")]
    P256,
    /// P-384.
    #[serde(rename = "P-384")]
    P384,
    /// Ed25519.
    Ed25519,
}

/// An issuer's public keys.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct JwkSet {
    /// The keys that could be read; others in a document are passed over (RFC 7517 section 5).
    #[serde(deserialize_with = "readable")]
    pub keys: Vec<Jwk>,
}

fn readable<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Jwk>, D::Error> {
    let keys = Vec::<Value>::deserialize(input)?;
    Ok(keys.into_iter().filter_map(|key| Jwk::deserialize(key).ok()).collect())
}

impl Jwk {
    /// A key for signatures under one algorithm.
    pub(crate) fn new(algorithm: Algorithm, kid: Option<String>, key: PublicKey) -> Self {
        Self { kid, alg: Some(algorithm), usage: Some(KeyUse::Sig), key_ops: None, key }
    }

    /// SHA-256 of the key alone, in base64url: the same however and wherever it is written (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let members = match &self.key {
            PublicKey::Rsa { n, e } => BTreeMap::from([("kty", "RSA"), ("n", n), ("e", e)]),
            PublicKey::Ec { crv, x, y } => {
                BTreeMap::from([("kty", "EC"), ("crv", crv.name()), ("x", x), ("y", y)])
            }
            PublicKey::Okp { crv, x } => BTreeMap::from([("kty", "OKP"), ("crv", crv.name()), ("x", x)]),
        };
        // A map of texts always has a JSON text; its members come in the order that the standard asks for.
        let text = serde_json::to_vec(&members).unwrap_or_default();
        base64url::encode(digest::digest(&digest::SHA256, &text))
    }
}

impl Curve {
    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Ed25519 => "Ed25519",
        }
    }
}
