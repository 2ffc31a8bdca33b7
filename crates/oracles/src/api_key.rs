//! API keys, ids and scopes as texts: each has one spelling, and nothing else reads as one.

use std::fmt::Display;
use std::str::FromStr;

use comporta_kernel::CompanyId;
use comporta_partners::{ApiKeyText, KeyId, KeyMode, Scopes};

const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// Checks a text as it is, and with the checksum behind it that would make it a key.
pub fn api_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    check_key(text);
    check_key(&format!("{text}{}", checksum(text)));
    check_printing::<KeyId>(text);
    check_printing::<CompanyId>(text);
    if let Ok(scopes) = text.parse::<Scopes>() {
        assert_eq!(scopes.to_string().parse(), Ok(scopes), "{text:?}");
    }
}

fn check_key(text: &str) {
    let expected = taken_apart(text);
    let read = ApiKeyText::parse(text);
    assert_eq!(read.is_ok(), expected.is_some(), "{text:?}: {read:?}");
    let (Ok(key), Some((mode, id))) = (read, expected) else { return };
    assert_eq!(key.expose(), text);
    assert_eq!((key.mode(), key.id().to_string()), (mode, format!("key_{id}")));
    let secret = &text[text.len() - 59..];
    assert!(!format!("{key:?}").contains(secret), "a key shows its secret");
    check_printing::<KeyId>(&format!("key_{id}"));
}

/// A key's mode and id, if it is one.
fn taken_apart(text: &str) -> Option<(KeyMode, &str)> {
    let (body, sum) = text.split_at_checked(text.len().checked_sub(7)?)?;
    let (mode, rest) = match body.strip_prefix("cpt_live_") {
        Some(rest) => (KeyMode::Live, rest),
        None => (KeyMode::Test, body.strip_prefix("cpt_test_")?),
    };
    let (id, secret) = rest.split_once('_')?;
    let in_base32 = |text: &str| text.chars().all(|letter| ALPHABET.contains(letter));
    let sound = id.len() == 26 && secret.len() == 52 && in_base32(id) && in_base32(secret);
    (sound && id.as_bytes()[0] <= b'7' && sum == checksum(body)).then_some((mode, id))
}

/// CRC-32 of ISO 3309, bit by bit, in seven letters.
fn checksum(text: &str) -> String {
    let crc = text.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
            },
        )
    });
    let letters = ALPHABET.as_bytes();
    (0..7).rev().map(|place| char::from(letters[(u64::from(!crc) >> (5 * place) & 31) as usize])).collect()
}

fn check_printing<T: FromStr + Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text, "one id, two spellings");
    }
}
