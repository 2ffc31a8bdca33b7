//! The secret that backups are encrypted under, and what is derived from it.

use std::fmt;

use comporta_kernel::Secret;
use ring::hmac::{Context, HMAC_SHA256};

/// What the master key is made under: a secret that also serves elsewhere gives other keys there.
const PURPOSE: &[u8] = b"comporta backups 1";

/// A key of 256 bits, made of a secret text of at least 32 characters.
#[derive(Clone)]
pub struct Key([u8; 32]);

/// The key that new backups are encrypted under, and those that old ones still are.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    current: Option<Key>,
    old: Vec<Key>,
}

impl Key {
    /// The key that a secret stands for.
    #[must_use]
    pub fn of(secret: &Secret) -> Self {
        Self(mac(secret.expose().as_bytes(), &[PURPOSE]))
    }

    /// A name for it that tells nothing of it, for manifests.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&mac(&self.0, &[b"id"])[..8])
    }

    /// The key of one file, which has a salt of its own.
    pub(crate) fn of_file(&self, salt: &[u8; 32]) -> [u8; 32] {
        mac(&self.0, &[b"file", salt])
    }

    /// What proves that a manifest is ours.
    pub(crate) fn seal(&self, manifest: &str) -> String {
        hex::encode(mac(&self.0, &[b"manifest", manifest.as_bytes()]))
    }
}

impl Keys {
    /// Keys of settings: the present one, and those before it.
    #[must_use]
    pub fn new(current: Option<Key>, old: Vec<Key>) -> Self {
        Self { current, old }
    }

    /// What new backups are encrypted under, if they are.
    #[must_use]
    pub const fn current(&self) -> Option<&Key> {
        self.current.as_ref()
    }

    /// The key of this name, if it is one of ours.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.current.iter().chain(&self.old).find(|key| key.id() == id)
    }

    /// Every key, the present one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Key> {
        self.current.iter().chain(&self.old)
    }
}

/// HMAC-SHA-256 over parts, each behind its length so that no two lists of parts read the same.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Context::with_key(&ring::hmac::Key::new(HMAC_SHA256, key));
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(mac.sign().as_ref());
    tag
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_a_name_that_is_not_the_key() {
        let (old, new) = (Key::of(&Secret::new("a".repeat(32))), Key::of(&Secret::new("b".repeat(32))));
        let keys = Keys::new(Some(new.clone()), vec![old.clone()]);
        assert_eq!(keys.find(&old.id()).map(Key::id), Some(old.id()));
        assert_ne!(old.id(), new.id());
        assert!(!hex::encode(old.0).contains(&old.id()));
        assert_eq!(Keys::default().find(&old.id()).map(Key::id), None);
    }

    #[test]
    fn parts_do_not_run_into_one_another() {
        assert_ne!(mac(b"k", &[b"ab", b"c"]), mac(b"k", &[b"a", b"bc"]));
    }
}
