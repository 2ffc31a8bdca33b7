//! A token in the compact form, taken apart; its claims come out once its signature is found good.

use std::fmt;

use serde_json::{Map, Value};

use crate::{Algorithm, Claims, TokenError, VerifyingKey, base64url, strict_json};

/// Bytes of the longest token that is read.
pub const MAX_LENGTH: usize = 16 * 1024;

/// A token whose form is good, and of which nothing else is known yet.
pub struct Token<'a> {
    /// What the signature is over: header and claims as they came.
    signed: &'a str,
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
    claims: Claims,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`TokenError`] unless it has three parts in base64url, two JSON objects among them, and a header that is
    /// understood whole. Keys in it or addresses of keys are passed over.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > MAX_LENGTH {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Parts)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Parts)?;
        if claims.contains('.') {
            return Err(TokenError::Parts);
        }
        let header = object(header)?;
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        Ok(Self {
            signed,
            algorithm: algorithm.ok_or(TokenError::UnknownAlgorithm)?,
            kid: text_of(&header, "kid")?,
            typ: text_of(&header, "typ")?,
            claims: Claims::new(object(claims)?),
            signature: base64url::decode(signature).ok_or(TokenError::Encoding)?,
        })
    }

    /// The name of the key that it says it was signed with.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm that it says it was signed by.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What it says it is: `JWT`, `at+jwt`, …
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Who it says issued it. Good for choosing the keys to verify with, and for nothing else.
    #[must_use]
    pub fn unverified_issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }

    /// When it says it ends, in seconds since 1970. Good for whoever was given it and shows it elsewhere.
    #[must_use]
    pub fn unverified_expiry(&self) -> Option<i64> {
        self.claims.seconds("exp")
    }

    /// What it says, once its signature is found good. Its times, issuer and audience are still to be
    /// [checked](Claims::check).
    ///
    /// # Errors
    /// [`TokenError`] when the algorithm is not among the allowed ones or not for the key, when the token names
    /// another key, or when the signature is wrong.
    pub fn verify(&self, key: &VerifyingKey, allowed: &[Algorithm]) -> Result<Claims, TokenError> {
        if !allowed.contains(&self.algorithm) {
            return Err(TokenError::Algorithm);
        }
        if let (Some(named), Some(kid)) = (self.kid(), key.kid())
            && named != kid
        {
            return Err(TokenError::OtherKey);
        }
        key.check(self.algorithm, self.signed.as_bytes(), &self.signature)?;
        Ok(self.claims.clone())
    }
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let bytes = base64url::decode(part).ok_or(TokenError::Encoding)?;
    strict_json::object(&bytes).ok_or(TokenError::Json)
}

fn text_of(header: &Map<String, Value>, name: &str) -> Result<Option<String>, TokenError> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(TokenError::Header),
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Token");
        shown.field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}
