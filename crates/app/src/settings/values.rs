//! Values written as text: lengths of time, sizes, times of day, log levels.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Time;
use serde::{Deserialize, Deserializer};
use tracing_subscriber::EnvFilter;

/// Text that is not the value a setting wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {0}")]
pub struct ValueError(&'static str);

/// Reads and writes a type as text, by its `FromStr` and `Display`.
macro_rules! written_as_text {
    ($type:ident, $pattern:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(input)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "pattern": $pattern})
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
    /// The same as the standard library has it.
    #[must_use]
    pub fn duration(self) -> Duration {
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
    /// How many bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
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

/// A time of day in hours and minutes, such as `03:30`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimeOfDay(Time);

written_as_text!(TimeOfDay, "^([01][0-9]|2[0-3]):[0-5][0-9]$");

impl TimeOfDay {
    /// The same as the calendar library has it.
    #[must_use]
    pub fn time(self) -> Time {
        self.0
    }
}

impl FromStr for TimeOfDay {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const WRONG: ValueError = ValueError("a time of day such as \"03:30\"");
        let well_formed = text.len() == 5 && text.as_bytes()[2] == b':';
        let time = well_formed.then(|| Time::strptime("%H:%M", text).ok()).flatten();
        time.map(Self).ok_or(WRONG)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

/// What is worth a log line: a level, and levels per module.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogLevel(String);

written_as_text!(LogLevel, "^.+$");

impl LogLevel {
    /// The filter that lets pass what is worth a line.
    #[must_use]
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl FromStr for LogLevel {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const WRONG: ValueError =
            ValueError("error, warn, info, debug or trace, also per module: info,comporta_ledger=debug");
        // A lone word that is no level would be taken for the name of a module, and nothing be logged.
        let levels = ["error", "warn", "info", "debug", "trace", "off"];
        let words = || text.split(',').map(str::trim);
        let plausible = words().all(|word| word.contains(['=', '[']) || levels.contains(&word));
        let parsed = plausible.then(|| EnvFilter::try_new(text).ok()).flatten();
        parsed.map(|_| Self(text.to_owned())).ok_or(WRONG)
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the line of each request goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AccessLog {
    /// Nowhere.
    Off,
    /// To standard output, among the other events.
    Stdout,
    /// To the end of this file.
    File(PathBuf),
}

written_as_text!(AccessLog, "^.+$");

impl FromStr for AccessLog {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "" => Err(ValueError("stdout, off, or the path of a file")),
            "off" => Ok(Self::Off),
            "stdout" => Ok(Self::Stdout),
            path => Ok(Self::File(path.into())),
        }
    }
}

impl fmt::Display for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Stdout => f.write_str("stdout"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Reads a listener's address, telling an operator what one looks like.
pub(super) fn address<'de, D: Deserializer<'de>>(input: D) -> Result<SocketAddr, D::Error> {
    let wrong = |_| ValueError("an IP address and a port, such as 127.0.0.1:8080 or [::]:8080");
    Cow::<str>::deserialize(input)?.parse().map_err(wrong).map_err(serde::de::Error::custom)
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
