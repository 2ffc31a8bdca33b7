//! Values that people write as text with a unit: lengths of time and sizes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Text that is not the value it should be; says what was expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {0}")]
pub struct ValueError(pub &'static str);

/// Reads and writes a type as text, by its `FromStr` and `Display`; its JSON Schema is a string of a pattern.
#[macro_export]
macro_rules! written_as_text {
    ($type:ident, $pattern:literal) => {
        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, out: S) -> ::std::result::Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(input: D) -> ::std::result::Result<Self, D::Error> {
                let text: ::std::borrow::Cow<'de, str> = ::serde::Deserialize::deserialize(input)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }

        impl ::schemars::JsonSchema for $type {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({"type": "string", "pattern": $pattern})
            }
        }
    };
}

/// A length of time, such as `200ms`, `10s`, `2m`, `24h` or `30d`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Interval(Duration);

written_as_text!(Interval, "^[0-9]+(ms|s|m|h|d)$");

/// Units of a length of time in milliseconds, the largest first.
const TIME_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Interval {
    /// A length of so many milliseconds.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// The same as the standard library has it.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Interval {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let milliseconds = quantity(text, &TIME_UNITS);
        let milliseconds =
            milliseconds.ok_or(ValueError("a length of time such as 200ms, 10s, 2m or 24h"))?;
        Ok(Self(Duration::from_millis(milliseconds)))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_units(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), &TIME_UNITS))
    }
}

/// A number of bytes, such as `64KiB` or `1MiB`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ByteSize(u64);

written_as_text!(ByteSize, "^[0-9]+(B|KiB|MiB|GiB)$");

/// Units of a size in bytes, the largest first.
const SIZE_UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl ByteSize {
    /// So many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// How many bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        quantity(text, &SIZE_UNITS).map(Self).ok_or(ValueError("a size such as 512B, 64KiB, 1MiB or 2GiB"))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_units(self.0, &SIZE_UNITS))
    }
}

/// A whole number and its unit, in the smallest unit; `None` when malformed or past 64 bits.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// The number in the largest unit that divides it.
fn in_units(number: u64, units: &[(&str, u64)]) -> String {
    let fitting = units.iter().find(|(_, factor)| number != 0 && number.is_multiple_of(*factor));
    let (unit, factor) = fitting.or(units.last()).copied().unwrap_or(("", 1));
    format!("{}{unit}", number / factor)
}
