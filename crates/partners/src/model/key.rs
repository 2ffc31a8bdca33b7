//! A key: who holds it, what it may do and until when.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{CompanyId, Timestamp, define_id};
use serde::{Deserialize, Serialize};

use super::{AllowedAddresses, KeyName, Overlap, PepperId, PlanInForce, PlanName, Scopes, Standing};
use crate::Error;

define_id!(
    /// An API key, by the part of it that is no secret.
    KeyId,
    "key"
);

/// What a key was made for, told by its first letters so that the two are not mistaken for each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyMode {
    /// Real business.
    #[default]
    Live,
    /// Trying things out.
    Test,
}

/// Whether a key works at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It works, unless its company is suspended.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// Why a request's key does not open the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has not the form of a key.
    #[error("this is not an API key: check that it was copied whole")]
    Malformed,
    /// Nobody's, or its secret is wrong: one answer, so that it tells nothing about which ids exist.
    #[error("this API key is not known here")]
    Unknown,
    /// It was taken back.
    #[error("this API key was revoked")]
    Revoked,
    /// Its time is over.
    #[error("this API key has expired")]
    Expired,
    /// It is used from an address that is not among its own.
    #[error("this API key may not be used from this address")]
    Address,
    /// Its company is suspended.
    #[error("the company of this API key is suspended")]
    Suspended,
    /// The database has not answered for so long that no key can be trusted to be good still.
    #[error("API keys cannot be checked just now")]
    CutOff,
}

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub company_id: CompanyId,
    /// What it is for.
    pub name: KeyName,
    /// What it was made for.
    pub mode: KeyMode,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first instant at which it no longer works, if there is one.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// The key that a rotation put in its place.
    pub replaced_by: Option<KeyId>,
    /// From where it may be used.
    pub allowed_addresses: AllowedAddresses,
    /// When it was last used, to the minute and about a minute late.
    pub last_used_at: Option<Timestamp>,
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What it is for.
    pub name: KeyName,
    /// What it may do.
    pub scopes: Scopes,
    /// What it is made for.
    pub mode: KeyMode,
    /// When it is to end, if ever; kept in whole microseconds.
    pub expires_at: Option<Timestamp>,
    /// From where it may be used.
    pub allowed_addresses: AllowedAddresses,
}

/// What is to be another about a key: `None` leaves as it is, `Some(None)` takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// Another name.
    pub name: Option<KeyName>,
    /// Another end, or none.
    pub expires_at: Option<Option<Timestamp>>,
    /// Other addresses to be used from.
    pub allowed_addresses: Option<AllowedAddresses>,
}

/// A rotation to be done: the stored half of a new key that takes an old one's place.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) old: KeyId,
    pub(crate) new: KeyId,
    pub(crate) secret: Digest,
    pub(crate) overlap: Overlap,
    pub(crate) at: Timestamp,
}

/// What is kept of a key's text: its keyed hash, and under which pepper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) bytes: [u8; 32],
    /// `None` for one made before peppers had ids.
    pub(crate) pepper: Option<PepperId>,
}

/// A digest to be put in the place of one under an old pepper.
#[derive(Clone, Debug)]
pub(crate) struct Rehash {
    pub(crate) id: KeyId,
    pub(crate) old: [u8; 32],
    pub(crate) new: Digest,
}

/// That a key was used, to be noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) id: KeyId,
    /// Minutes since 1970-01-01 UTC.
    pub(crate) minute: u32,
}

/// What must be known of a key to answer for it without the database.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    pub(crate) id: KeyId,
    pub(crate) company_id: CompanyId,
    pub(crate) secret: Digest,
    pub(crate) mode: KeyMode,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked: bool,
    pub(crate) suspended: bool,
    pub(crate) addresses: AllowedAddresses,
    /// Its company's plan.
    pub(crate) plan: Option<PlanName>,
    /// Rises with every change to the key or to its company's status.
    pub(crate) epoch: i64,
}

/// Some of what has changed between two epochs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) keys: Vec<Holding>,
    pub(crate) companies: Vec<Standing>,
    pub(crate) plans: Vec<PlanInForce>,
}

impl Key {
    /// Whether it works at an instant.
    #[must_use]
    pub fn state(&self, at: Timestamp) -> KeyState {
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if self.expires_at.is_some_and(|end| end <= at) {
            KeyState::Expired
        } else {
            KeyState::Active
        }
    }

    /// The key that takes this one's place, with the same life span if that has an end, and this one as it is
    /// from then on.
    pub(crate) fn succeeded(self, rotation: &Rotation) -> Result<(Self, Self), Error> {
        let Rotation { new, overlap, at, .. } = *rotation;
        match (self.state(at), self.replaced_by) {
            (KeyState::Revoked, _) => return Err(Error::KeyRevoked),
            (KeyState::Expired, _) => return Err(Error::KeyExpired),
            (KeyState::Active, Some(by)) => return Err(Error::KeyReplaced { by }),
            (KeyState::Active, None) => {}
        }
        let later = |span| at.checked_add(span).unwrap_or(Timestamp::MAX);
        let span = self.expires_at.map(|end| end.duration_since(self.created_at));
        let (expires_at, last_used_at) = (span.map(later), None);
        let successor = Self { id: new, created_at: at, expires_at, last_used_at, ..self.clone() };
        let end = later(overlap.duration());
        let end = self.expires_at.map_or(end, |own| own.min(end));
        Ok((successor, Self { expires_at: Some(end), replaced_by: Some(new), ..self }))
    }
}

impl NewKey {
    /// The key as it is stored.
    pub(crate) fn made(self, id: KeyId, company_id: CompanyId, at: Timestamp) -> Result<Key, Error> {
        let Self { name, scopes, mode, expires_at, allowed_addresses } = self;
        let expires_at = expires_at.map(|end| end_after(at, end)).transpose()?;
        let (created_at, revoked_at, replaced_by, last_used_at) = (at, None, None, None);
        Ok(Key {
            id,
            company_id,
            name,
            mode,
            scopes,
            created_at,
            expires_at,
            revoked_at,
            replaced_by,
            allowed_addresses,
            last_used_at,
        })
    }
}

impl KeyChange {
    /// The key as it is from an instant on. One that no longer works stays as it was, and one that was replaced may
    /// end sooner, never later.
    pub(crate) fn applied_to(self, key: Key, at: Timestamp) -> Result<Key, Error> {
        match key.state(at) {
            KeyState::Revoked => return Err(Error::KeyRevoked),
            KeyState::Expired => return Err(Error::KeyExpired),
            KeyState::Active => {}
        }
        let expires_at = match self.expires_at {
            None => key.expires_at,
            Some(end) => end.map(|end| end_after(at, end)).transpose()?,
        };
        let later = match (expires_at, key.expires_at) {
            (Some(end), Some(before)) => end > before,
            (None, before) => before.is_some(),
            (Some(_), None) => false,
        };
        if let (Some(by), true) = (key.replaced_by, later) {
            return Err(Error::KeyReplaced { by });
        }
        let allowed_addresses = self.allowed_addresses.unwrap_or(key.allowed_addresses);
        Ok(Key { name: self.name.unwrap_or(key.name), expires_at, allowed_addresses, ..key })
    }
}

/// An end in whole microseconds, which must come after an instant.
fn end_after(at: Timestamp, end: Timestamp) -> Result<Timestamp, Error> {
    let end = Timestamp::from_microsecond(end.as_microsecond()).unwrap_or(end);
    if end <= at { Err(Error::ExpiryPassed) } else { Ok(end) }
}

impl Holding {
    /// What it says of its company. The plan is the company's alone from here on.
    pub(crate) fn take_standing(&mut self) -> Standing {
        let plan = self.plan.take();
        Standing { company_id: self.company_id, suspended: self.suspended, plan, epoch: self.epoch }
    }
}

impl KeyMode {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Live, Self::Test];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

impl KeyState {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for KeyMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected live or test")]
pub struct ModeError;

impl FromStr for KeyMode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(ModeError)
    }
}

#[cfg(test)]
mod tests;
