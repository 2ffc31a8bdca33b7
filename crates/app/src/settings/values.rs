//! Values written as text: times of day, log levels, places.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use comporta_kernel::{ValueError, written_as_text};
use jiff::civil::Time;
use serde::{Deserialize, Deserializer};
use tracing_subscriber::EnvFilter;

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

/// Where lines go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outlet {
    /// Nowhere.
    Off,
    /// To standard output, among the other events.
    Stdout,
    /// To the end of this file.
    File(PathBuf),
}

written_as_text!(Outlet, "^.+$");

impl FromStr for Outlet {
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

impl fmt::Display for Outlet {
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
