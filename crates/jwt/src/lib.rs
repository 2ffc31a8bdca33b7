//! Signed tokens and public keys: JWS, JWK and JWT (RFC 7515, 7517, 7518, 7519, 8037), strict and without I/O.
//!
//! A codec of our own on `ring`, the library that TLS runs on already. `jsonwebtoken` takes another backend by a
//! provider that is global to the process and panics where none was installed; it boxes a verifier and reads the
//! key again for each token, takes a member given twice, and bounds no length. Its own backends are a second
//! crypto library, and the `rsa` crate with its timing leak (RUSTSEC-2023-0071).
//!
//! What a token says counts for nothing before [`Token::verify`] has found its signature good, under a key that
//! the caller chose and an algorithm that the caller allowed. Keys named or carried by a token are never looked at.

mod algorithm;
mod base64url;
mod claims;
mod error;
mod jwk;
mod signing_key;
mod strict_json;
mod token;
mod verifying_key;

pub use algorithm::Algorithm;
pub use claims::{Claims, Expectations};
pub use error::{KeyError, SignError, TokenError};
pub use jwk::{Curve, Jwk, JwkSet, KeyUse, PublicKey};
pub use ring::rand::SystemRandom;
pub use signing_key::SigningKey;
pub use token::{MAX_LENGTH, Token};
pub use verifying_key::VerifyingKey;
