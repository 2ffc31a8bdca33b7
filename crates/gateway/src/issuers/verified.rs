//! The tokens found good of late, so that each signature is checked once.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::Trusted;
use super::key_set::KeySet;
use super::rules::Admission;

/// Tokens remembered, each of a usual size.
const TOKENS: usize = 10_000;
/// About 16 MiB, however many scopes an issuer puts into its tokens.
const BYTES: u64 = 16 * 1024 * 1024;

/// A token's SHA-256: the cache holds nothing that opens a door.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// A token whose signature and claims were good.
pub(super) struct Verified {
    pub(super) admission: Admission,
    /// The keys that it was verified with.
    pub(super) keys: Arc<KeySet>,
    pub(super) trusted: Arc<Trusted>,
}

pub(super) struct VerifiedTokens(Cache<Digest, Arc<Verified>, ByBytes>);

#[derive(Clone)]
struct ByBytes;

impl Weighter<Digest, Arc<Verified>> for ByBytes {
    fn weight(&self, _: &Digest, verified: &Arc<Verified>) -> u64 {
        verified.admission.size() as u64
    }
}

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(TOKENS, BYTES, ByBytes))
    }

    /// A token found good before, unless it has ended or its issuer's keys have changed since.
    pub(super) fn get(&self, digest: &Digest, now: i64) -> Option<Arc<Verified>> {
        let known = self.0.get(digest)?;
        if now < known.admission.expires && known.trusted.source.holds(&known.keys) {
            return Some(known);
        }
        self.0.remove(digest);
        None
    }

    pub(super) fn keep(&self, digest: Digest, verified: Arc<Verified>) {
        self.0.insert(digest, verified);
    }
}
