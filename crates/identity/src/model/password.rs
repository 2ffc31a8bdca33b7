//! A password on its way to be hashed.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::Rng;

use super::character;

const SHORTEST: usize = 10;
/// Bytes: enough for any phrase, too few to keep the hash busy.
const LONGEST: usize = 1024;
/// Characters of a password made here: 100 random bits.
const RANDOM: usize = 20;

/// At least ten characters, any of them (NIST SP 800-63B asks for length, not for variety). `Debug` does not
/// show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Text that is too short, or too long, for a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a password of at least {SHORTEST} characters and at most {LONGEST} bytes")]
pub struct PasswordError;

impl Password {
    /// A password for somebody who did not choose one.
    #[must_use]
    pub fn random(rng: &Rng) -> Self {
        Self(rng.bytes::<RANDOM>().map(character).into_iter().collect())
    }

    /// The text. Hand it to its owner, never to a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Password {
    type Err = PasswordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.chars().count() >= SHORTEST && text.len() <= LONGEST;
        if fits { Ok(Self(text.to_owned())) } else { Err(PasswordError) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_all_that_counts() {
        assert!("çççççççççç".parse::<Password>().is_ok());
        for wrong in ["", "123456789", &"x".repeat(1025)] {
            assert_eq!(wrong.parse::<Password>(), Err(PasswordError));
        }
    }

    #[test]
    fn a_random_password_is_a_password_and_is_not_shown() {
        let password = Password::random(&Rng::seeded(1));
        assert_eq!(password.expose().parse().as_ref(), Ok(&password));
        assert_ne!(password, Password::random(&Rng::seeded(2)));
        assert_eq!(format!("{password:?}"), "Password");
    }
}
