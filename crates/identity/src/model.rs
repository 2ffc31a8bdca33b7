//! The rules of staff users, their passwords and their tokens; of partners' access tokens and what signs them.

mod access_token;
mod admin_token;
mod issuer;
mod password;
mod signing_key;
mod staff;

pub(crate) use access_token::{AccessClaims, ScopeExceeded, granted};
pub use admin_token::{AdminToken, NotAToken};
pub use issuer::{Issuer, IssuerError};
pub use password::{Password, PasswordError};
pub(crate) use signing_key::{KeptKey, Place};
pub use signing_key::{LONGEST_TOKEN, Rotation, SigningAlgorithm, SigningAlgorithmError, SigningKeyId};
pub use staff::{Staff, StaffEmail, StaffEmailError, StaffId};

/// Crockford's base32, lower case, as in ids: no two of its characters are taken for each other.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Five random bits as a character.
fn character(random: u8) -> char {
    char::from(ALPHABET[usize::from(random & 31)])
}
