//! The signature algorithms that are spoken; `none` is not among them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A signature algorithm of JWTs (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[schemars(rename = "JwtAlgorithm")]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HS256,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RS256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RS384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RS512,
    /// RSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

impl Algorithm {
    /// Every algorithm whose verifier holds no secret.
    pub const PUBLIC: [Self; 7] =
        [Self::RS256, Self::RS384, Self::RS512, Self::PS256, Self::ES256, Self::ES384, Self::EdDSA];

    /// Its name in a header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm of exactly this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::HS256].into_iter().chain(Self::PUBLIC).find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_one_that_serde_knows() {
        for algorithm in [Algorithm::HS256].into_iter().chain(Algorithm::PUBLIC) {
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.name());
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
        }
        for none in ["none", "None", "NONE", "nOnE", "", "hs256", "HS512"] {
            assert_eq!(Algorithm::named(none), None, "{none}");
        }
    }
}
