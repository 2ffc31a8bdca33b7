//! The rules of staff users, their passwords and their tokens.

mod admin_token;
mod password;
mod staff;

pub use admin_token::{AdminToken, NotAToken};
pub use password::{Password, PasswordError};
pub use staff::{Staff, StaffEmail, StaffEmailError, StaffId};

/// Crockford's base32, lower case, as in ids: no two of its characters are taken for each other.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Five random bits as a character.
fn character(random: u8) -> char {
    char::from(ALPHABET[usize::from(random & 31)])
}
