//! Keys of every kind, made for this and known to everybody, and signatures by the library beneath.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use comporta_jwt::{Algorithm, SigningKey, VerifyingKey};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair, UnparsedPublicKey};

use super::reference::Parsed;

const SECRET: &[u8] = b"a secret that is known to everybody";
const RSA: &str = include_str!("../../../jwt/tests/rsa.pem");
const P256: &str = include_str!("../../keys/p256.pem");
const P384: &str = include_str!("../../keys/p384.pem");
const ED25519: &str = include_str!("../../keys/ed25519.pem");

/// A key to verify with, and what it is.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) verifying: VerifyingKey,
    /// The only algorithms it serves.
    serves: &'static [&'static str],
    public: Vec<u8>,
}

/// One of each kind, and one of RSA that is for one algorithm alone.
pub(super) static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let public = |algorithm, pem, name, bound| {
        let jwk = SigningKey::from_pkcs8_pem(algorithm, pem, name).expect("a good key").public_jwk();
        let mut jwk = jwk.expect("a key with a public half");
        jwk.alg = jwk.alg.filter(|_| bound);
        VerifyingKey::from_jwk(&jwk).expect("a good public key")
    };
    let rsa = rsa().public().as_ref().to_vec();
    vec![
        Key {
            name: "secret",
            verifying: VerifyingKey::hs256(SECRET).expect("a long secret"),
            serves: &["HS256"],
            public: Vec::new(),
        },
        Key {
            name: "rsa",
            verifying: public(Algorithm::RS256, RSA, "rsa", false),
            serves: &["RS256", "RS384", "RS512", "PS256"],
            public: rsa.clone(),
        },
        Key {
            name: "rsa of PS256",
            verifying: public(Algorithm::PS256, RSA, "rsa", true),
            serves: &["PS256"],
            public: rsa,
        },
        Key {
            name: "p256",
            verifying: public(Algorithm::ES256, P256, "p256", true),
            serves: &["ES256"],
            public: ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, P256).public_key().as_ref().to_vec(),
        },
        Key {
            name: "p384",
            verifying: public(Algorithm::ES384, P384, "p384", false),
            serves: &["ES384"],
            public: ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, P384).public_key().as_ref().to_vec(),
        },
        Key {
            name: "ed25519",
            verifying: public(Algorithm::EdDSA, ED25519, "ed25519", false),
            serves: &["EdDSA"],
            public: ed25519().public_key().as_ref().to_vec(),
        },
    ]
});

impl Key {
    pub(super) fn serves(&self, algorithm: &str) -> bool {
        self.serves.contains(&algorithm)
    }

    /// Whether a token's signature is this key's, by the algorithm that the token names.
    pub(super) fn signed(&self, token: &Parsed) -> bool {
        let (message, signed) = (token.message.as_bytes(), &token.signature);
        let by = |algorithm: &'static dyn signature::VerificationAlgorithm| {
            UnparsedPublicKey::new(algorithm, &self.public).verify(message, signed).is_ok()
        };
        self.serves(&token.algorithm)
            && match &*token.algorithm {
                "HS256" => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), message).as_ref() == signed,
                "RS256" => by(&signature::RSA_PKCS1_2048_8192_SHA256),
                "RS384" => by(&signature::RSA_PKCS1_2048_8192_SHA384),
                "RS512" => by(&signature::RSA_PKCS1_2048_8192_SHA512),
                "PS256" => by(&signature::RSA_PSS_2048_8192_SHA256),
                "ES256" => by(&signature::ECDSA_P256_SHA256_FIXED),
                "ES384" => by(&signature::ECDSA_P384_SHA384_FIXED),
                _ => by(&signature::ED25519),
            }
    }
}

/// A token of any header and claims, signed with a key by name; `public` signs with the public key as a secret.
pub(super) fn signed(key: &str, header: &str, claims: &str) -> Option<String> {
    let message = message(header, claims);
    let (bytes, rng) = (message.as_bytes(), SystemRandom::new());
    let by_rsa = |encoding| {
        let pair = rsa();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(encoding, &rng, bytes, &mut signature).ok().map(|()| signature)
    };
    let by_curve = |curve, pem| Some(ecdsa(curve, pem).sign(&rng, bytes).ok()?.as_ref().to_vec());
    let signature = match key {
        "secret" => return Some(signed_with(SECRET, header, claims)),
        "public" => return Some(signed_with(&KEYS[1].public, header, claims)),
        "nobody" => Some(Vec::new()),
        "rs256" => by_rsa(&signature::RSA_PKCS1_SHA256),
        "rs384" => by_rsa(&signature::RSA_PKCS1_SHA384),
        "rs512" => by_rsa(&signature::RSA_PKCS1_SHA512),
        "ps256" => by_rsa(&signature::RSA_PSS_SHA256),
        "p256" => by_curve(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, P256),
        "p256-der" => by_curve(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, P256),
        "p384" => by_curve(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, P384),
        "ed25519" => Some(ed25519().sign(bytes).as_ref().to_vec()),
        _ => None,
    };
    Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature?)))
}

/// A token signed with a secret.
pub(super) fn signed_with(secret: &[u8], header: &str, claims: &str) -> String {
    let message = message(header, claims);
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

fn rsa() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(&der(RSA)).expect("a good key")
}

fn ecdsa(curve: &'static signature::EcdsaSigningAlgorithm, pem: &str) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(curve, &der(pem), &SystemRandom::new()).expect("a good key")
}

fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(ED25519)).expect("a good key")
}

fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    STANDARD.decode(lines.collect::<String>()).expect("base64 between the lines of a PEM")
}
