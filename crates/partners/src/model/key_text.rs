//! An API key's own text: `cpt_live_<id>_<secret><checksum>`, all but the marks in base32.

use std::borrow::Cow;
use std::fmt;

use comporta_kernel::Rng;

use super::{KeyId, KeyMode};

/// Crockford's base32, lower case, as in ids.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Which bytes are among them: a table, because each byte of each request's key is looked up.
static IS_LETTER: [bool; 256] = {
    let mut letters = [false; 256];
    let mut place = 0;
    while place < ALPHABET.len() {
        letters[ALPHABET[place] as usize] = true;
        place += 1;
    }
    letters
};
const ID: usize = 26;
/// 52 characters of 5 random bits: 260 bits, beyond any guessing.
const SECRET: usize = 52;
/// A CRC-32 in 5-bit characters.
const CHECKSUM: usize = 7;
const MARK: usize = "cpt_live_".len();
const LENGTH: usize = MARK + ID + 1 + SECRET + CHECKSUM;

/// Text that is no API key, seen without asking anybody: a wrong form, or a slip in copying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key")]
pub struct NotAKey;

/// A well-formed key: whether it opens anything, only its digest can tell. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyText<'a> {
    text: Cow<'a, str>,
    id: KeyId,
    mode: KeyMode,
}

impl<'a> ApiKeyText<'a> {
    /// Reads a key. No lookup, no allocation, and no more of the text than a key can have.
    ///
    /// # Errors
    /// [`NotAKey`] for anything that [`ApiKeyText::random`] would not write.
    pub fn parse(text: &'a str) -> Result<Self, NotAKey> {
        if text.len() != LENGTH || !text.is_ascii() {
            return Err(NotAKey);
        }
        let (mark, rest) = text.split_at(MARK);
        let id = &rest[..ID];
        let (body, checksum) = text.split_at(LENGTH - CHECKSUM);
        let mode = KeyMode::ALL.into_iter().find(|mode| mark_of(*mode) == mark).ok_or(NotAKey)?;
        let secret = body[MARK + ID..].strip_prefix('_').ok_or(NotAKey)?;
        let in_base32 = secret.bytes().all(|byte| IS_LETTER[usize::from(byte)]);
        if !in_base32 || checksum.as_bytes() != checksum_of(body) {
            return Err(NotAKey);
        }
        Ok(Self { text: Cow::Borrowed(text), id: id_of(id).ok_or(NotAKey)?, mode })
    }
}

impl ApiKeyText<'static> {
    /// A new key's text.
    #[must_use]
    pub fn random(id: KeyId, mode: KeyMode, rng: &Rng) -> Self {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(mark_of(mode));
        text.push_str(id.to_string().trim_start_matches("key_"));
        text.push('_');
        text.extend(rng.bytes::<SECRET>().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])));
        text.extend(checksum_of(&text).map(char::from));
        Self { text: Cow::Owned(text), id, mode }
    }
}

impl ApiKeyText<'_> {
    /// The key's id, which is no secret.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What the key was made for.
    #[must_use]
    pub const fn mode(&self) -> KeyMode {
        self.mode
    }

    /// The whole text. Hand it to its owner once, never to a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ApiKeyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyText({})", self.id)
    }
}

const fn mark_of(mode: KeyMode) -> &'static str {
    match mode {
        KeyMode::Live => "cpt_live_",
        KeyMode::Test => "cpt_test_",
    }
}

fn id_of(text: &str) -> Option<KeyId> {
    let mut whole = *b"key_00000000000000000000000000";
    whole[4..].copy_from_slice(text.as_bytes());
    std::str::from_utf8(&whole).ok()?.parse().ok()
}

fn checksum_of(body: &str) -> [u8; CHECKSUM] {
    let crc = u64::from(crc32fast::hash(body.as_bytes()));
    std::array::from_fn(|at| ALPHABET[(crc >> (5 * (CHECKSUM - 1 - at)) & 31) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use comporta_kernel::{Rng, TypedId as _, Uuid};
    use proptest::prelude::*;

    fn key(seed: u64) -> ApiKeyText<'static> {
        let id = KeyId::from_uuid(Uuid::from_u128(u128::from(seed) << 70));
        let mode = KeyMode::ALL[usize::from(seed.is_multiple_of(2))];
        ApiKeyText::random(id, mode, &Rng::seeded(seed))
    }

    proptest! {
        #[test]
        fn every_key_reads_back_as_itself(seed: u64) {
            let key = key(seed);
            prop_assert_eq!(ApiKeyText::parse(key.expose()), Ok(key.clone()));
        }

        #[test]
        fn one_wrong_character_is_seen_without_a_lookup(seed: u64, at in 0..LENGTH, other in 0x20u8..0x7F) {
            let key = key(seed);
            let mut text = key.expose().to_owned().into_bytes();
            prop_assume!(text[at] != other);
            text[at] = other;
            prop_assert_eq!(ApiKeyText::parse(std::str::from_utf8(&text).unwrap()), Err(NotAKey));
        }

        #[test]
        fn any_text_at_all_is_answered_without_panic(text in "\\PC{0,120}", cut in 0..=LENGTH, seed: u64) {
            let _ = ApiKeyText::parse(&text);
            let key = key(seed);
            prop_assert_eq!(ApiKeyText::parse(&key.expose()[..cut]).is_ok(), cut == LENGTH);
            let _ = ApiKeyText::parse(&format!("{}{text}", &key.expose()[..cut]));
            let wide: String = format!("{}{}", &key.expose()[..cut], "é".repeat(LENGTH)).chars().take(LENGTH).collect();
            let _ = ApiKeyText::parse(&wide);
        }
    }

    #[test]
    fn a_secret_that_no_key_has_is_seen_though_its_checksum_is_right() {
        let key = key(7);
        for stranger in ["!", "A", "u", " "] {
            let body = format!("{}{stranger}", &key.expose()[..LENGTH - CHECKSUM - 1]);
            let sum: String = checksum_of(&body).map(char::from).iter().collect();
            assert_eq!(ApiKeyText::parse(&format!("{body}{sum}")), Err(NotAKey), "{stranger}");
        }
    }

    #[test]
    fn a_key_has_the_promised_form_and_hides_in_debug() {
        let key = key(7);
        assert_eq!(key.expose().len(), 95);
        assert!(key.expose().starts_with(&format!("cpt_live_{}_", &key.id().to_string()[4..])));
        assert_eq!(format!("{key:?}"), format!("ApiKeyText({})", key.id()));
    }
}
