//! A key: who holds it, what it may do and until when.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{CompanyId, Timestamp, define_id};
use serde::{Deserialize, Serialize};

use super::{KeyName, Overlap, PlanInForce, PlanName, Scopes, Standing};
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
}

/// A rotation to be done: the stored half of a new key that takes an old one's place.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) old: KeyId,
    pub(crate) new: KeyId,
    pub(crate) digest: [u8; 32],
    pub(crate) overlap: Overlap,
    pub(crate) at: Timestamp,
}

/// What must be known of a key to answer for it without the database.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    pub(crate) id: KeyId,
    pub(crate) company_id: CompanyId,
    pub(crate) digest: [u8; 32],
    pub(crate) mode: KeyMode,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked: bool,
    pub(crate) suspended: bool,
    /// Its company's plan.
    pub(crate) plan: Option<PlanName>,
    /// Rises with every change to the key or to its company's status.
    pub(crate) epoch: i64,
}

/// What has changed between two epochs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// The later one.
    pub(crate) epoch: i64,
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
        let successor = Self { id: new, created_at: at, expires_at: span.map(later), ..self.clone() };
        let end = later(overlap.duration());
        let end = self.expires_at.map_or(end, |own| own.min(end));
        Ok((successor, Self { expires_at: Some(end), replaced_by: Some(new), ..self }))
    }
}

impl NewKey {
    /// The key as it is stored.
    pub(crate) fn made(self, id: KeyId, company_id: CompanyId, at: Timestamp) -> Result<Key, Error> {
        let Self { name, scopes, mode, expires_at } = self;
        let whole = |end: Timestamp| Timestamp::from_microsecond(end.as_microsecond()).unwrap_or(end);
        let expires_at = expires_at.map(whole);
        if expires_at.is_some_and(|end| end <= at) {
            return Err(Error::ExpiryPassed);
        }
        let (created_at, revoked_at, replaced_by) = (at, None, None);
        Ok(Key { id, company_id, name, mode, scopes, created_at, expires_at, revoked_at, replaced_by })
    }
}

impl Holding {
    /// What it says of its company. The plan is the company's alone from here on.
    pub(crate) fn take_standing(&mut self) -> Standing {
        let plan = self.plan.take();
        Standing { company_id: self.company_id, suspended: self.suspended, plan, epoch: self.epoch }
    }

    /// Whether who holds this key may come in, its secret being right.
    pub(crate) fn check(&self, now: impl FnOnce() -> Timestamp) -> Result<(), Refusal> {
        if self.revoked {
            return Err(Refusal::Revoked);
        }
        if self.expires_at.is_some_and(|end| end <= now()) {
            return Err(Refusal::Expired);
        }
        if self.suspended { Err(Refusal::Suspended) } else { Ok(()) }
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
