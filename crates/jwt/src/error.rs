//! What can be wrong with a token or a key. No message holds a piece of either.

use crate::Algorithm;

/// Why a token is refused. The texts are stable and fit for the caller's eyes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`MAX_LENGTH`](crate::MAX_LENGTH).
    #[error("the token is too long")]
    TooLong,
    /// Not three parts with points between.
    #[error("the token has not three parts")]
    Parts,
    /// A part is not base64url in its one spelling without padding.
    #[error("a part of the token is not base64url")]
    Encoding,
    /// Header or claims are no JSON object, or give a member twice.
    #[error("a part of the token is not a JSON object of distinct members")]
    Json,
    /// The header has a member of the wrong type.
    #[error("the token's header is malformed")]
    Header,
    /// The header names extensions that must be understood (RFC 7515 section 4.1.11); none is.
    #[error("the token has critical extensions")]
    Critical,
    /// `none`, or an algorithm not spoken here.
    #[error("the token's algorithm is not known here")]
    UnknownAlgorithm,
    /// An algorithm that the key is not for, or that is not allowed.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// The token names another key.
    #[error("the token names another key")]
    OtherKey,
    /// The signature is not this key's over this token.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim that must be there is missing or of the wrong type.
    #[error("the token lacks a claim, or it is malformed: {0}")]
    Claim(&'static str),
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Somebody else issued it.
    #[error("the token is another issuer's")]
    Issuer,
    /// It is meant for somebody else.
    #[error("the token is for another audience")]
    Audience,
}

/// Why a key is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// An HMAC secret under 32 bytes (RFC 7518 section 3.2).
    #[error("the secret is too short: at least 32 bytes")]
    ShortSecret,
    /// An RSA modulus under 2,048 or over 8,192 bits (RFC 7518 section 3.3).
    #[error("the RSA key has fewer than 2048 or more than 8192 bits")]
    RsaSize,
    /// A number of a public key is not base64url or not of the right length.
    #[error("the public key is malformed")]
    Malformed,
    /// The public key says that it is for something else.
    #[error("the public key is not for verifying with this algorithm")]
    Purpose,
    /// No such key can be made or read here.
    #[error("no key for {0} can be made in this way")]
    Unsupported(Algorithm),
    /// Not one unencrypted PKCS#8 key in PEM.
    #[error("the text holds no PKCS#8 private key in PEM")]
    Pem,
    /// The private key is malformed or of another algorithm.
    #[error("the private key is refused: {0}")]
    Rejected(ring::error::KeyRejected),
    /// There was no randomness to make it of.
    #[error("no randomness to make a key of")]
    Randomness,
}

/// Why nothing could be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The claims cannot be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The claims are JSON, but no object.
    #[error("the claims are no JSON object")]
    NotAnObject,
    /// The key's operation failed, for lack of randomness.
    #[error("the signature could not be made")]
    Failed,
}
