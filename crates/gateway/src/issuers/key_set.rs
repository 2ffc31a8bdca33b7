//! An issuer's keys as they stood at one moment.

use std::sync::Arc;

use comporta_jwt::{Algorithm, Claims, JwkSet, Token, TokenError, VerifyingKey};

/// Keys tried for one token: only keys without names, or of one name, come to more than one.
const TRIES: usize = 4;

/// Keys to verify with, and what they were read from.
#[derive(Default)]
pub(super) struct KeySet {
    published: Arc<JwkSet>,
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// The keys that can be verified with; others are passed over.
    pub(super) fn new(published: Arc<JwkSet>) -> Self {
        let keys = published.keys.iter().filter_map(|key| VerifyingKey::from_jwk(key).ok()).collect();
        Self { published, keys }
    }

    pub(super) const fn published(&self) -> &Arc<JwkSet> {
        &self.published
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What a token says if one of the keys signed it; `None` when none is the one that it names.
    pub(super) fn verify(
        &self,
        token: &Token<'_>,
        allowed: &[Algorithm],
    ) -> Option<Result<Claims, TokenError>> {
        if !allowed.contains(&token.algorithm()) {
            return Some(Err(TokenError::Algorithm));
        }
        let named = |key: &&VerifyingKey| match (token.kid(), key.kid()) {
            (Some(token), Some(key)) => token == key,
            _ => true,
        };
        let fitting = self.keys.iter().filter(named).filter(|key| key.fits(token.algorithm()));
        let mut verdict = None;
        for key in fitting.take(TRIES) {
            verdict = Some(token.verify(key, allowed));
            if matches!(verdict, Some(Ok(_))) {
                break;
            }
        }
        verdict
    }
}
