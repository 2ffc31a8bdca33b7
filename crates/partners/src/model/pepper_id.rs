//! Which pepper a key is hashed under.

use std::fmt;
use std::str::FromStr;

/// A pepper's name: eight hexadecimal digits that say nothing about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PepperId(u32);

/// Text that names no pepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected eight hexadecimal digits")]
pub struct PepperIdError;

impl PepperId {
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }
}

impl fmt::Display for PepperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for PepperId {
    type Err = PepperIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = (text.len() == 8).then(|| u32::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or(PepperIdError)
    }
}
