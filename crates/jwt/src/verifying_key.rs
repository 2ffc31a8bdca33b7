//! Keys that signatures are checked with.

use std::fmt;

use ring::hmac;
use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::signing_key::hmac_key;
use crate::{Algorithm, Curve, Jwk, KeyError, PublicKey, TokenError, base64url};

/// An RSA modulus of 2,048 to 8,192 bits, in bytes.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A key to verify with: its kind alone says which algorithms it can serve.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: Option<String>,
    /// The only algorithm it is for, where its owner said so.
    only: Option<Algorithm>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Hmac(hmac::Key),
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl VerifyingKey {
    /// A shared secret, for HS256 alone.
    ///
    /// # Errors
    /// [`KeyError::ShortSecret`] under 32 bytes.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        let material = Material::Hmac(hmac_key(secret)?);
        Ok(Self { kid: None, only: Some(Algorithm::HS256), material })
    }

    /// A public key.
    ///
    /// # Errors
    /// [`KeyError`] when it is malformed, too weak, or for another purpose.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let material = match &jwk.key {
            PublicKey::Rsa { n, e } => rsa(n, e)?,
            PublicKey::Ec { crv: Curve::P256, x, y } => Material::P256(point(x, y, 32)?),
            PublicKey::Ec { crv: Curve::P384, x, y } => Material::P384(point(x, y, 48)?),
            PublicKey::Okp { crv: Curve::Ed25519, x } => Material::Ed25519(exactly(x, 32)?),
            PublicKey::Ec { .. } | PublicKey::Okp { .. } => return Err(KeyError::Malformed),
        };
        let key = Self { kid: jwk.kid.clone(), only: jwk.alg, material };
        let verifies = jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if verifies && jwk.alg.is_none_or(|algorithm| key.fits(algorithm)) {
            Ok(key)
        } else {
            Err(KeyError::Purpose)
        }
    }

    /// Its name among its issuer's keys.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it can serve an algorithm.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.only.is_none_or(|only| only == algorithm)
            && match self.material {
                Material::Hmac(_) => algorithm == Algorithm::HS256,
                Material::Rsa(_) => rsa_parameters(algorithm).is_some(),
                Material::P256(_) => algorithm == Algorithm::ES256,
                Material::P384(_) => algorithm == Algorithm::ES384,
                Material::Ed25519(_) => algorithm == Algorithm::EdDSA,
            }
    }

    /// Whether a signature is this key's over a message, under an algorithm that it can serve.
    pub(crate) fn check(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        if !self.fits(algorithm) {
            return Err(TokenError::Algorithm);
        }
        let elliptic = |curve: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(curve, key).verify(message, signature)
        };
        let verdict = match &self.material {
            Material::Hmac(key) => hmac::verify(key, message, signature),
            Material::Rsa(key) => {
                let parameters = rsa_parameters(algorithm).ok_or(TokenError::Algorithm)?;
                key.verify(parameters, message, signature)
            }
            // The fixed form: two numbers side by side, neither zero (RFC 7518 section 3.4), never DER.
            Material::P256(key) => elliptic(&signature::ECDSA_P256_SHA256_FIXED, key),
            Material::P384(key) => elliptic(&signature::ECDSA_P384_SHA384_FIXED, key),
            Material::Ed25519(key) => elliptic(&signature::ED25519, key),
        };
        verdict.map_err(|_| TokenError::Signature)
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::RS256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::HS256 | Algorithm::ES256 | Algorithm::ES384 | Algorithm::EdDSA => None,
    }
}

fn rsa(n: &str, e: &str) -> Result<Material, KeyError> {
    let (n, e) = (number(n)?, number(e)?);
    let odd = n.last().is_some_and(|last| last % 2 == 1);
    match (RSA_BYTES.contains(&n.len()), odd && (1..=5).contains(&e.len())) {
        (false, _) => Err(KeyError::RsaSize),
        (true, false) => Err(KeyError::Malformed),
        (true, true) => Ok(Material::Rsa(RsaPublicKeyComponents { n, e })),
    }
}

/// A number without the leading zeros that some issuers write, though the standard has none.
fn number(text: &str) -> Result<Vec<u8>, KeyError> {
    let bytes = base64url::decode(text).ok_or(KeyError::Malformed)?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

fn point(x: &str, y: &str, length: usize) -> Result<Vec<u8>, KeyError> {
    Ok([vec![4], exactly(x, length)?, exactly(y, length)?].concat())
}

fn exactly(text: &str, length: usize) -> Result<Vec<u8>, KeyError> {
    base64url::decode(text).filter(|bytes| bytes.len() == length).ok_or(KeyError::Malformed)
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.4; its payload is a plain text, so that no token can hold it.
    #[test]
    fn the_standards_ed25519_signature_is_good() {
        let jwk: Jwk = serde_json::from_str(
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        )
        .unwrap();
        let key = VerifyingKey::from_jwk(&jwk).unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = base64url::decode(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        )
        .unwrap();
        assert_eq!(key.check(Algorithm::EdDSA, message, &signature), Ok(()));
        assert_eq!(key.check(Algorithm::ES256, message, &signature), Err(TokenError::Algorithm));
        assert_eq!(key.check(Algorithm::EdDSA, b"another text", &signature), Err(TokenError::Signature));
    }
}
