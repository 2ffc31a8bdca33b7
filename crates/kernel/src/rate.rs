//! How often something may happen: so many in a time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{ValueError, written_as_text};

/// Requests in a time: `100/s`, `6000/m`, `1000/h`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    count: u32,
    per: Per,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Per {
    Second,
    Minute,
    Hour,
}

written_as_text!(Rate, "^[1-9][0-9]*/(s|m|h)$");

impl Rate {
    /// How many requests.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// So many times as often.
    #[must_use]
    pub const fn times(self, factor: u32) -> Self {
        Self { count: self.count.saturating_mul(factor), per: self.per }
    }

    /// In which time.
    #[must_use]
    pub const fn window(self) -> Duration {
        Duration::from_secs(match self.per {
            Per::Second => 1,
            Per::Minute => 60,
            Per::Hour => 3600,
        })
    }

    /// From one request to the next at just this rate.
    #[must_use]
    pub fn interval(self) -> Duration {
        self.window() / self.count
    }
}

impl FromStr for Rate {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const WRONG: ValueError = ValueError("a rate such as 100/s, 6000/m or 1000/h");
        let (count, per) = text.split_once('/').ok_or(WRONG)?;
        let per = match per {
            "s" => Per::Second,
            "m" => Per::Minute,
            "h" => Per::Hour,
            _ => return Err(WRONG),
        };
        let digits = count.bytes().all(|byte| byte.is_ascii_digit());
        let count = count.parse().ok().filter(|&count: &u32| digits && count > 0 && count <= 1_000_000_000);
        Ok(Self { count: count.ok_or(WRONG)?, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Second => 's',
            Per::Minute => 'm',
            Per::Hour => 'h',
        };
        write!(f, "{}/{per}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reads_as_it_is_written() {
        for text in ["100/s", "6000/m", "1/h"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("6000/m".parse::<Rate>().unwrap().interval(), Duration::from_millis(10));
        for wrong in ["", "0/s", "-1/s", "+1/s", "1/d", "1", "99999999999/s"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
