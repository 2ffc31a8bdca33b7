//! Keys that tokens are signed with.

use std::fmt;

use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;

use crate::{Algorithm, Curve, Jwk, KeyError, PublicKey, SignError, base64url};

/// An HMAC secret is at least as long as the hash (RFC 7518 section 3.2).
const SHORTEST_SECRET: usize = 32;

/// A private key or a secret, bound to one algorithm. `Debug` shows its name only.
pub struct SigningKey {
    algorithm: Algorithm,
    kid: Option<String>,
    pair: Pair,
    /// ECDSA and RSA take randomness to sign; the library takes it from nowhere else.
    rng: SystemRandom,
}

enum Pair {
    Hmac(hmac::Key),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    typ: &'a str,
}

impl SigningKey {
    /// A shared secret.
    ///
    /// # Errors
    /// [`KeyError::ShortSecret`] under 32 bytes.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::of(Algorithm::HS256, None, Pair::Hmac(hmac_key(secret)?)))
    }

    /// A new key for ES256, ES384 or `EdDSA`, and the same as PKCS#8 to be kept: a secret.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for other algorithms, [`KeyError::Randomness`] without randomness.
    pub fn generate(
        algorithm: Algorithm,
        kid: impl Into<String>,
        rng: &SystemRandom,
    ) -> Result<(Self, Vec<u8>), KeyError> {
        let made = match algorithm {
            Algorithm::ES256 => {
                EcdsaKeyPair::generate_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, rng)
            }
            Algorithm::ES384 => {
                EcdsaKeyPair::generate_pkcs8(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, rng)
            }
            Algorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(rng),
            other => return Err(KeyError::Unsupported(other)),
        };
        let der = made.map_err(|_| KeyError::Randomness)?.as_ref().to_vec();
        Ok((Self::from_pkcs8(algorithm, &der, kid)?, der))
    }

    /// An unencrypted private key in PKCS#8 (RFC 5958), as DER.
    ///
    /// # Errors
    /// [`KeyError`] when it is malformed, too weak, or not for the algorithm.
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8], kid: impl Into<String>) -> Result<Self, KeyError> {
        let rsa = |encoding: &'static dyn RsaEncoding| {
            Ok::<_, ring::error::KeyRejected>(Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(der)?), encoding))
        };
        let ecdsa = |curve: &'static signature::EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(curve, der, &SystemRandom::new()).map(Pair::Ecdsa)
        };
        let pair = match algorithm {
            Algorithm::HS256 => return Err(KeyError::Unsupported(algorithm)),
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
            Algorithm::ES256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            // OpenSSL writes the version that has no public key in it, to compare with.
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Pair::Ed25519),
        };
        Ok(Self::of(algorithm, Some(kid.into()), pair.map_err(KeyError::Rejected)?))
    }

    /// The same from the first `PRIVATE KEY` of a PEM text.
    ///
    /// # Errors
    /// [`KeyError`] when there is none, or as [`from_pkcs8`](Self::from_pkcs8).
    pub fn from_pkcs8_pem(algorithm: Algorithm, pem: &str, kid: impl Into<String>) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::Pem)?;
        Self::from_pkcs8(algorithm, der.secret_pkcs8_der(), kid)
    }

    fn of(algorithm: Algorithm, kid: Option<String>, pair: Pair) -> Self {
        Self { algorithm, kid, pair, rng: SystemRandom::new() }
    }

    /// Its name among the keys of its owner; a shared secret has none.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm it signs by.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its public half; a shared secret has none.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Jwk> {
        let key = match &self.pair {
            Pair::Hmac(_) => return None,
            Pair::Rsa(pair, _) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                PublicKey::Rsa { n: base64url::encode(public.n), e: base64url::encode(public.e) }
            }
            Pair::Ecdsa(pair) => {
                // Uncompressed: a byte 4, then the coordinates, of the same length.
                let (_, point) = pair.public_key().as_ref().split_first()?;
                let (x, y) = point.split_at(point.len() / 2);
                let crv = if self.algorithm == Algorithm::ES384 { Curve::P384 } else { Curve::P256 };
                PublicKey::Ec { crv, x: base64url::encode(x), y: base64url::encode(y) }
            }
            Pair::Ed25519(pair) => {
                PublicKey::Okp { crv: Curve::Ed25519, x: base64url::encode(pair.public_key()) }
            }
        };
        Some(Jwk::new(self.algorithm, self.kid.clone(), key))
    }

    /// A token of the type `JWT` over some claims.
    ///
    /// # Errors
    /// [`SignError`] when the claims are no JSON object, or signing fails.
    pub fn sign<C: Serialize>(&self, claims: &C) -> Result<String, SignError> {
        self.sign_as("JWT", claims)
    }

    /// A token of a type of its own, such as `at+jwt` (RFC 8725 section 3.11).
    ///
    /// # Errors
    /// [`SignError`] when the claims are no JSON object, or signing fails.
    pub fn sign_as<C: Serialize>(&self, typ: &str, claims: &C) -> Result<String, SignError> {
        let header = serde_json::to_vec(&Header { alg: self.algorithm.name(), kid: self.kid(), typ })?;
        let claims = serde_json::to_vec(claims)?;
        if !claims.starts_with(b"{") {
            return Err(SignError::NotAnObject);
        }
        let mut token = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
        let signature = base64url::encode(self.signature(token.as_bytes())?);
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.pair {
            Pair::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let made = pair.sign(*encoding, &self.rng, message, &mut signature);
                made.map(|()| signature).map_err(|_| SignError::Failed)
            }
            Pair::Ecdsa(pair) => {
                let made = pair.sign(&self.rng, message).map_err(|_| SignError::Failed)?;
                Ok(made.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

pub(crate) fn hmac_key(secret: &[u8]) -> Result<hmac::Key, KeyError> {
    if secret.len() < SHORTEST_SECRET {
        return Err(KeyError::ShortSecret);
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, secret))
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SigningKey");
        shown.field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}
