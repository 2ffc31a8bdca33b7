//! Typed ids: a prefix, an underscore, and a UUIDv7 in lower-case Crockford base32 (26 characters).

use jiff::Timestamp;
use uuid::Uuid;

use crate::{Clock, Rng};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a UUID in base32.
#[doc(hidden)]
pub const LENGTH: usize = 26;
const NO_DIGIT: u8 = u8::MAX;
/// What each byte stands for.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

/// Text that is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `{prefix}_` and 26 lower-case base32 characters")]
pub struct IdError {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

/// What every id has: a prefix on the outside, a UUID on the inside.
pub trait TypedId: Copy {
    /// The letters before the underscore.
    const PREFIX: &'static str;
    /// Wraps a UUID that is known to be of this kind, such as one read from the database.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID, as the database keeps it.
    fn uuid(self) -> Uuid;
}

/// Makes new ids from a clock and a source of randomness.
#[derive(Clone, Debug)]
pub struct IdSource {
    clock: Clock,
    rng: Rng,
}

impl IdSource {
    /// A source that takes time from `clock` and chance from `rng`.
    #[must_use]
    pub const fn new(clock: Clock, rng: Rng) -> Self {
        Self { clock, rng }
    }

    /// A new id of the wanted kind.
    #[must_use]
    pub fn next<I: TypedId>(&self) -> I {
        I::from_uuid(uuid_v7(self.clock.now(), self.rng.bytes()))
    }

    /// A new id that tells of an instant gone by, such as when something began that is written down later.
    #[must_use]
    pub fn next_of<I: TypedId>(&self, at: Timestamp) -> I {
        I::from_uuid(uuid_v7(at, self.rng.bytes()))
    }

    /// A new UUIDv7 for things that have no typed id, such as a request.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        uuid_v7(self.clock.now(), self.rng.bytes())
    }
}

/// RFC 9562 section 5.7, with the fraction of the millisecond in `rand_a` (section 6.2, method 3) so that
/// ids of one process sort by the time they were made even within a millisecond.
fn uuid_v7(now: Timestamp, mut random: [u8; 10]) -> Uuid {
    let micros = u64::try_from(now.as_microsecond()).unwrap_or(0);
    let fraction = u16::try_from((micros % 1_000) * 4_096 / 1_000).unwrap_or(0);
    random[..2].copy_from_slice(&fraction.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(micros / 1_000, &random).into_uuid()
}

/// Writes a UUID as 26 base32 characters, highest bits first.
#[doc(hidden)]
#[must_use]
pub fn encode(uuid: Uuid) -> [u8; LENGTH] {
    let mut rest = uuid.as_u128();
    let mut text = [b'0'; LENGTH];
    for slot in text.iter_mut().rev() {
        *slot = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    text
}

/// Reads what [`encode`] writes; nothing else, so that an id has one spelling.
#[doc(hidden)]
#[must_use]
pub fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    if bytes.len() != LENGTH || bytes[0] > b'7' {
        return None;
    }
    let mut value = 0u128;
    for byte in bytes {
        let digit = DIGITS[usize::from(*byte)];
        if digit == NO_DIGIT {
            return None;
        }
        value = value << 5 | u128::from(digit);
    }
    Some(Uuid::from_u128(value))
}

/// Defines an id type: `define_id!(/// An entry. EntryId, "ent");`
#[macro_export]
macro_rules! define_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name($crate::Uuid);

        impl $crate::TypedId for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: $crate::Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> $crate::Uuid {
                self.0
            }
        }

        impl $name {
            /// Its text, which is always as long.
            #[must_use]
            pub fn text(self) -> [u8; $prefix.len() + 1 + $crate::__ID_LENGTH] {
                let mut text = [b'_'; $prefix.len() + 1 + $crate::__ID_LENGTH];
                let (prefix, rest) = text.split_at_mut($prefix.len());
                prefix.copy_from_slice($prefix.as_bytes());
                rest[1..].copy_from_slice(&$crate::__encode(self.0));
                text
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let text = self.text();
                f.write_str(::std::str::from_utf8(&text).map_err(|_| ::std::fmt::Error)?)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::IdError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then($crate::__decode)
                    .map(Self)
                    .ok_or($crate::IdError { prefix: $prefix })
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(input)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    };
}

define_id!(
    /// A company: the tenant that every row of business data belongs to.
    CompanyId,
    "cmp"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_id_reads_back_as_itself(value: u128) {
            let id = CompanyId::from_uuid(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse::<CompanyId>(), Ok(id));
        }

        #[test]
        fn text_that_is_not_an_id_is_refused_without_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<CompanyId>();
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = CompanyId::from_uuid(Uuid::from_u128(u128::MAX));
        assert_eq!(id.to_string(), "cmp_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        for wrong in [
            "cmp_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "cmp_7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "ent_7zzzzzzzzzzzzzzzzzzzzzzzzz",
            "cmp_7zzzzzzzzzzzzzzzzzzzzzzzz",
            "cmp_",
            "",
            "cmp_7zzzzzzzzzzzzzzzzzzzzzzzzé",
        ] {
            assert!(wrong.parse::<CompanyId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn later_ids_sort_later_even_within_a_millisecond() {
        let at = |text: &str| uuid_v7(text.parse().unwrap(), [255; 10]);
        assert!(at("2026-01-01T00:00:00.000100Z") < at("2026-01-01T00:00:00.000200Z"));
        assert_eq!(at("2026-01-01T00:00:00Z").get_version_num(), 7);
    }
}
