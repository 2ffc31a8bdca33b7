//! The key by which a caller makes a request safe to repeat.

/// An idempotency key with the hash of the request it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The caller's key.
    pub key: String,
    /// SHA-256 over the request's method, path and body.
    pub hash: [u8; 32],
}
