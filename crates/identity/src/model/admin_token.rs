//! The text that opens the administration to a program: `adm_<staff id>_<secret>`, in base32.

use std::fmt;

use comporta_kernel::Rng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{StaffId, character};

const MARK: &str = "adm_";
const ID: usize = 26;
/// 52 characters of 5 random bits: 260 bits, so that a plain hash of it gives nothing away.
const SECRET: usize = 52;
const LENGTH: usize = MARK.len() + ID + 1 + SECRET;

/// Text that is no admin token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an admin token")]
pub struct NotAToken;

/// A well-formed admin token: whether it opens anything, only its digest can tell. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken {
    text: String,
    staff: StaffId,
}

impl AdminToken {
    /// A new token for a staff user.
    #[must_use]
    pub fn random(staff: StaffId, rng: &Rng) -> Self {
        let secret: String = rng.bytes::<SECRET>().map(character).into_iter().collect();
        let text = format!("{MARK}{}_{secret}", staff.to_string().trim_start_matches("stf_"));
        Self { text, staff }
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`NotAToken`] for what has not its form.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        if text.len() != LENGTH || !text.is_ascii() {
            return Err(NotAToken);
        }
        let rest = text.strip_prefix(MARK).ok_or(NotAToken)?;
        let (id, rest) = rest.split_at(ID);
        let staff = format!("stf_{id}").parse().map_err(|_| NotAToken)?;
        if !rest.starts_with('_') {
            return Err(NotAToken);
        }
        Ok(Self { text: text.to_owned(), staff })
    }

    /// Whose it is, if it is anybody's.
    #[must_use]
    pub const fn staff(&self) -> StaffId {
        self.staff
    }

    /// The whole text. Hand it to its owner once, never to a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }

    /// Whether the digest is the token's, in a time that does not depend on where they differ.
    pub(crate) fn matches(&self, digest: &[u8]) -> bool {
        self.digest().ct_eq(digest).into()
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdminToken({})", self.staff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comporta_kernel::{TypedId as _, Uuid};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn every_token_reads_back_as_itself(id: u128, seed: u64) {
            let token = AdminToken::random(StaffId::from_uuid(Uuid::from_u128(id)), &Rng::seeded(seed));
            let read = AdminToken::parse(token.expose()).unwrap();
            prop_assert_eq!(&read, &token);
            prop_assert!(read.matches(&token.digest()));
        }

        #[test]
        fn any_text_at_all_is_answered_without_panic(text in "\\PC{0,100}", cut in 0..LENGTH, seed in any::<u64>()) {
            let _ = AdminToken::parse(&text);
            let token = AdminToken::random(StaffId::from_uuid(Uuid::nil()), &Rng::seeded(seed));
            prop_assert!(AdminToken::parse(&token.expose()[..cut]).is_err());
            let _ = AdminToken::parse(&format!("{}{text}", &token.expose()[..cut]));
        }
    }

    #[test]
    fn a_token_is_not_shown_and_opens_only_with_its_own_digest() {
        let staff = StaffId::from_uuid(Uuid::nil());
        let (a, b) = (AdminToken::random(staff, &Rng::seeded(1)), AdminToken::random(staff, &Rng::seeded(2)));
        assert!(!a.matches(&b.digest()) && !a.matches(&[]));
        assert_eq!(format!("{a:?}"), "AdminToken(stf_00000000000000000000000000)");
    }
}
