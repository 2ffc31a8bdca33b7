//! Private keys as they lie in the database: encrypted, so that a copy of it signs nothing.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, Prk, Salt};

/// What the derived key is for: other keys of the same secret are derived under other words.
const PURPOSE: &[u8] = b"comporta signing keys";

/// The key under which private keys are kept: AES-256-GCM, derived by HKDF-SHA-256 (RFC 5869) from 32 bytes that
/// the installation keeps secret. `Debug` does not show it.
#[derive(Clone)]
pub struct SealingKey {
    present: Prk,
    /// Under which keys may lie still.
    others: Vec<Prk>,
}

impl SealingKey {
    /// The sealing key that belongs to a secret.
    #[must_use]
    pub fn derive(secret: &[u8; 32]) -> Self {
        Self { present: Salt::new(HKDF_SHA256, &[]).extract(secret), others: Vec::new() }
    }

    /// The same, which also opens what was sealed under another secret.
    #[must_use]
    pub fn opening(mut self, secret: &[u8; 32]) -> Self {
        self.others.push(Salt::new(HKDF_SHA256, &[]).extract(secret));
        self
    }

    /// The nonce, then what is sealed with it. `name` is what the text belongs to: it opens under no other.
    pub(crate) fn seal(
        &self,
        name: &str,
        mut text: Vec<u8>,
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, Unspecified> {
        let unique = Nonce::assume_unique_for_key(nonce);
        cipher(&self.present)?.seal_in_place_append_tag(unique, Aad::from(name), &mut text)?;
        Ok([&nonce[..], &text].concat())
    }

    /// What was sealed under this key, or one of the others, and this name.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let all = std::iter::once(&self.present).chain(&self.others);
        all.map(|key| open(key, name, sealed)).find(Result::is_ok).unwrap_or(Err(Unspecified))
    }

    /// Whether it was sealed under this very key.
    pub(crate) fn has_sealed(&self, name: &str, sealed: &[u8]) -> bool {
        open(&self.present, name, sealed).is_ok()
    }
}

fn open(key: &Prk, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
    let (nonce, mut text) = (Nonce::assume_unique_for_key(*nonce), text.to_vec());
    let opened = cipher(key)?.open_in_place(nonce, Aad::from(name), &mut text)?.len();
    text.truncate(opened);
    Ok(text)
}

fn cipher(key: &Prk) -> Result<LessSafeKey, Unspecified> {
    Ok(LessSafeKey::new(key.expand(&[PURPOSE], &AES_256_GCM)?.into()))
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"a private key";

    fn sealed() -> Vec<u8> {
        SealingKey::derive(&[1; 32]).seal("sig_1", TEXT.to_vec(), [7; NONCE_LEN]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_only_under_its_key_and_name() {
        let sealed = sealed();
        assert!(!sealed.windows(TEXT.len()).any(|window| window == TEXT));
        assert_eq!(SealingKey::derive(&[1; 32]).open("sig_1", &sealed).unwrap(), TEXT);
        assert!(SealingKey::derive(&[2; 32]).open("sig_1", &sealed).is_err());
        assert!(SealingKey::derive(&[1; 32]).open("sig_2", &sealed).is_err());
    }

    #[test]
    fn what_another_secret_sealed_opens_where_that_is_named_and_is_not_taken_for_ones_own() {
        let sealed = sealed();
        let both = SealingKey::derive(&[2; 32]).opening(&[1; 32]);
        assert_eq!(both.open("sig_1", &sealed).unwrap(), TEXT);
        assert!(!both.has_sealed("sig_1", &sealed));
        let anew = both.seal("sig_1", TEXT.to_vec(), [8; NONCE_LEN]).unwrap();
        assert!(
            both.has_sealed("sig_1", &anew) && SealingKey::derive(&[1; 32]).open("sig_1", &anew).is_err()
        );
    }

    #[test]
    fn what_was_tampered_with_does_not_open() {
        let key = SealingKey::derive(&[1; 32]);
        for at in 0..sealed().len() {
            let mut tampered = sealed();
            tampered[at] ^= 1;
            assert!(key.open("sig_1", &tampered).is_err(), "byte {at}");
        }
        for short in [0, NONCE_LEN - 1, NONCE_LEN, NONCE_LEN + 15] {
            assert!(key.open("sig_1", &sealed()[..short]).is_err(), "{short} bytes");
        }
    }

    #[test]
    fn a_sealing_key_is_not_shown() {
        assert_eq!(format!("{:?}", SealingKey::derive(&[1; 32])), "SealingKey");
    }
}
