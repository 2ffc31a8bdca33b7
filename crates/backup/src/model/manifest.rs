//! A backup's manifest: written last, so that a backup is there whole or not at all.

use std::fmt;

use comporta_kernel::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{BackupId, Keys, Totals, WalName};

/// The layout that this version writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// How a backup was made, and so how it is restored.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An SQLite file, as one transaction saw it.
    Sqlite,
    /// A dump of a PostgreSQL database by `pg_dump`, as one transaction saw it.
    Dump,
    /// A PostgreSQL cluster by `pg_basebackup`: with the log archived since, any instant after it.
    Base,
}

/// What a backup is made of, and what it must hold.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout's number.
    pub format: u32,
    /// Which backup it is.
    pub id: BackupId,
    /// How it was made.
    pub kind: Kind,
    /// The program's version that made it.
    pub made_by: String,
    /// When it was begun; what was committed before is in it.
    pub started_at: Timestamp,
    /// When its last byte was kept.
    pub finished_at: Timestamp,
    /// The name of the key that it is encrypted under; none if it is not.
    pub key: Option<String>,
    /// The first segment of the log that a base backup needs.
    pub wal_from: Option<WalName>,
    /// The major version of the PostgreSQL server.
    pub server: Option<u32>,
    /// Its files.
    pub pieces: Vec<Piece>,
    /// What a restored database must hold: exactly, or for a base backup at least.
    pub totals: Totals,
}

/// A file of a backup, as it is kept: compressed, and perhaps encrypted.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Its name beside the manifest.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Bytes of what it was made of.
    pub unpacked: u64,
    /// SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
}

/// What the last verification found.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// When.
    pub at: Timestamp,
    /// What was wrong; none if nothing was.
    pub fault: Option<String>,
}

/// What is known of a backup.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// It is whole, and has not been restored yet.
    Unproven,
    /// It was restored, and held what it must.
    Good,
    /// It cannot be restored, or did not hold what it must.
    Bad,
}

/// Why a manifest cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not what we write.
    #[error("the manifest does not read")]
    Unreadable,
    /// Changed since it was written, or written by somebody without the key.
    #[error("the manifest is not as it was written")]
    Changed,
    /// Encrypted, or sealed, under a key that is not among ours.
    #[error("it was made under the key {0}, which is neither backup.key nor in backup.old_keys")]
    UnknownKey(String),
    /// By a newer version of the program.
    #[error("a newer version of comporta made it")]
    Newer,
}

/// A manifest as it is kept.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Sealed<'a> {
    #[serde(borrow)]
    manifest: &'a RawValue,
    /// HMAC-SHA-256 under the key, or without one SHA-256, of the manifest's text.
    seal: String,
}

/// The little that is read of a manifest before it is believed.
#[derive(Deserialize)]
struct Outside {
    format: u32,
    key: Option<String>,
}

impl Manifest {
    /// The layout that this version writes.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// Bytes of all pieces.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.size).sum()
    }

    /// Bytes of what all pieces are made of.
    #[must_use]
    pub fn unpacked(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.unpacked).sum()
    }

    /// Its text, sealed.
    ///
    /// # Errors
    /// When a number in it is none that JSON can write.
    pub(crate) fn write(&self, keys: &Keys) -> Result<Vec<u8>, serde_json::Error> {
        let manifest = serde_json::value::to_raw_value(self)?;
        let seal = seal(manifest.get(), self.key.as_deref(), keys).unwrap_or_default();
        serde_json::to_vec(&Sealed { manifest: &manifest, seal })
    }

    /// Reads what [`write`](Self::write) wrote, and only that.
    ///
    /// # Errors
    /// [`Fault`].
    pub(crate) fn read(bytes: &[u8], keys: &Keys) -> Result<Self, Fault> {
        let sealed: Sealed<'_> = serde_json::from_slice(bytes).map_err(|_| Fault::Unreadable)?;
        let text = sealed.manifest.get();
        let outside: Outside = serde_json::from_str(text).map_err(|_| Fault::Unreadable)?;
        if outside.format > FORMAT {
            return Err(Fault::Newer);
        }
        if seal(text, outside.key.as_deref(), keys)? != sealed.seal {
            return Err(Fault::Changed);
        }
        serde_json::from_str(text).map_err(|_| Fault::Unreadable)
    }
}

fn seal(text: &str, key: Option<&str>, keys: &Keys) -> Result<String, Fault> {
    match key {
        None => Ok(hex::encode(digest(&SHA256, text.as_bytes()))),
        Some(id) => {
            let key = keys.find(id).ok_or_else(|| Fault::UnknownKey(id.to_owned()))?;
            Ok(key.seal(text))
        }
    }
}

impl Kind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Dump => "dump",
            Self::Base => "base",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unproven => "unproven",
            Self::Good => "good",
            Self::Bad => "bad",
        })
    }
}

#[cfg(test)]
mod tests {
    use comporta_kernel::{Secret, TypedId as _, Uuid};

    use super::*;
    use crate::model::Key;

    fn manifest(key: Option<&Key>) -> Manifest {
        Manifest {
            format: FORMAT,
            id: BackupId::from_uuid(Uuid::from_u128(7)),
            kind: Kind::Sqlite,
            made_by: "0.1.0".to_owned(),
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: Timestamp::UNIX_EPOCH,
            key: key.map(Key::id),
            wal_from: None,
            server: None,
            pieces: vec![Piece {
                name: "database".to_owned(),
                size: 3,
                unpacked: 5,
                sha256: "00".to_owned(),
            }],
            totals: Totals::default(),
        }
    }

    #[test]
    fn every_changed_byte_of_a_manifest_is_found() {
        let key = Key::of(&Secret::new("k".repeat(32)));
        for keys in [Keys::default(), Keys::new(Some(key), Vec::new())] {
            let written = manifest(keys.current()).write(&keys).unwrap();
            assert_eq!(Manifest::read(&written, &keys), Ok(manifest(keys.current())));
            for at in 0..written.len() {
                let mut changed = written.clone();
                changed[at] ^= 1;
                assert!(Manifest::read(&changed, &keys).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn a_key_that_is_not_ours_is_named() {
        let key = Key::of(&Secret::new("k".repeat(32)));
        let keys = Keys::new(Some(key.clone()), Vec::new());
        let written = manifest(Some(&key)).write(&keys).unwrap();
        assert_eq!(Manifest::read(&written, &Keys::default()), Err(Fault::UnknownKey(key.id())));
    }

    #[test]
    fn a_newer_layout_is_refused_as_such() {
        let newer = Manifest { format: FORMAT + 1, ..manifest(None) };
        let written = newer.write(&Keys::default()).unwrap();
        assert_eq!(Manifest::read(&written, &Keys::default()), Err(Fault::Newer));
    }
}
