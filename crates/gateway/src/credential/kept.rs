//! Tokens that are made once and shown many times, until they near their end.

use std::sync::Arc;

use http::HeaderValue;
use quick_cache::sync::Cache;

/// Kept at once: those of the callers who came last.
const MOST: usize = 10_000;

/// A token as a header, and from when on another one is to be made, in seconds since 1970.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) header: HeaderValue,
    pub(super) until: i64,
}

/// Tokens by whose they are.
pub(super) struct KeptTokens(Cache<Arc<str>, Kept>);

impl KeptTokens {
    pub(super) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// The one that is kept, else one that is made now; nothing when none can be made.
    pub(super) fn get_or_make(
        &self,
        whose: String,
        now: i64,
        make: impl FnOnce() -> Option<Kept>,
    ) -> Option<HeaderValue> {
        if let Some(kept) = self.0.get(whose.as_str()).filter(|kept| now < kept.until) {
            return Some(kept.header);
        }
        let made = make()?;
        let header = made.header.clone();
        self.0.insert(whose.into(), made);
        Some(header)
    }
}
