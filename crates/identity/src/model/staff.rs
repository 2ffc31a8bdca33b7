//! A person who runs Comporta.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{Timestamp, define_id};

define_id!(
    /// A staff user.
    StaffId,
    "stf"
);

/// A staff user, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Its id.
    pub id: StaffId,
    /// The name to sign in with.
    pub email: StaffEmail,
    /// When it was added.
    pub created_at: Timestamp,
}

/// An e-mail address to sign in with, in lower case so that one person has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffEmail(String);

/// Text that is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an e-mail address, such as ana@example.com")]
pub struct StaffEmailError;

impl StaffEmail {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StaffEmail {
    type Err = StaffEmailError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(StaffEmailError)?;
        let plain = text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        let dotted = domain.split('.').all(|label| !label.is_empty());
        if plain && dotted && !local.is_empty() {
            Ok(Self(text.to_lowercase()))
        } else {
            Err(StaffEmailError)
        }
    }
}

impl fmt::Display for StaffEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_whatever_its_case() {
        assert_eq!(" Ana@Example.COM\n".parse::<StaffEmail>().unwrap().as_str(), "ana@example.com");
        for wrong in ["", "ana", "@example.com", "ana@", "ana@example.", "a na@example.com"] {
            assert_eq!(wrong.parse::<StaffEmail>(), Err(StaffEmailError), "{wrong}");
        }
    }
}
