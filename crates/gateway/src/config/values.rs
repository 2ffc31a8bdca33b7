//! Values of the gateway's settings that are written as text: shares, places.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{ValueError, written_as_text};

/// A share, `20%`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Percent(u8);

written_as_text!(Percent, "^(100|[0-9]{1,2})%$");

impl Percent {
    /// So many of a hundred.
    #[must_use]
    pub const fn of(hundredths: u8) -> Self {
        Self(hundredths)
    }

    /// How many of a hundred.
    #[must_use]
    pub const fn hundredths(self) -> u8 {
        self.0
    }
}

impl FromStr for Percent {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
        number.filter(|&number| number <= 100).map(Self).ok_or(ValueError("a share such as 20%"))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// An absolute `http` or `https` URL without user or fragment.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Uri(String);

written_as_text!(Uri, "^https?://.+$");

impl Uri {
    /// Its text as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, read.
    #[must_use]
    pub fn parts(&self) -> http::Uri {
        // Checked when it was made.
        self.0.parse().unwrap_or_default()
    }
}

impl FromStr for Uri {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const WRONG: ValueError =
            ValueError("a URL such as http://10.0.1.5:8000 or https://login.example.com");
        let parts: http::Uri = text.parse().map_err(|_| WRONG)?;
        let scheme = matches!(parts.scheme_str(), Some("http" | "https"));
        let plain = parts.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        let named = parts.host().is_some_and(|host| !host.is_empty());
        if scheme && plain && named { Ok(Self(text.to_owned())) } else { Err(WRONG) }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_urls_that_are_none_are_refused() {
        assert!("101%".parse::<Percent>().is_err() && "20".parse::<Percent>().is_err());
        for wrong in ["example.com", "ftp://a", "http://", "http://u:p@a/"] {
            assert!(wrong.parse::<Uri>().is_err(), "{wrong}");
        }
    }
}
