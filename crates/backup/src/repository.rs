//! Where backups are kept: a folder or a bucket, the same layout in both.
//!
//! ```text
//! backups/<id>/<piece>          compressed, perhaps encrypted
//! backups/<id>/manifest.json    written last: with it the backup is there
//! backups/<id>/check.json       what the last verification found
//! wal/<name>                    PostgreSQL's archived log
//! ```

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use comporta_db::{BlobError, BlobKey, Blobs};
use comporta_kernel::{Rng, Timestamp};
use futures_util::TryStreamExt as _;
use jiff::SignedDuration;
use ring::digest::{Context, SHA256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::Error;
use crate::flow::{self, Seal};
use crate::model::{BackupId, Check, Condition, Fault, Keys, Known, Manifest, Piece};

const BACKUPS: &str = "backups";
const MANIFEST: &str = "manifest.json";
const CHECK: &str = "check.json";
/// A manifest is small; what is larger is not read.
const LARGEST: u64 = 1024 * 1024;
/// A backup that is not whole so long after it was begun will never be.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(48);

/// Backups in one place, and the keys that they are encrypted under.
#[derive(Clone, Debug)]
pub struct Repository {
    blobs: Blobs,
    keys: Keys,
}

/// A backup that is there.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which.
    pub id: BackupId,
    /// Its manifest, or why that cannot be believed.
    pub manifest: Result<Manifest, Fault>,
    /// What the last verification found, if there was one.
    pub check: Option<Check>,
}

impl Found {
    /// What is known of it.
    #[must_use]
    pub fn condition(&self) -> Condition {
        match (&self.manifest, &self.check) {
            (Err(_), _) => Condition::Bad,
            (Ok(_), None) => Condition::Unproven,
            (Ok(_), Some(check)) if check.fault.is_none() => Condition::Good,
            (Ok(_), Some(_)) => Condition::Bad,
        }
    }

    /// What the policy looks at; nothing of one whose manifest cannot be believed, which is left to people.
    pub(crate) fn known(&self) -> Option<Known> {
        let manifest = self.manifest.as_ref().ok()?;
        let (kind, finished_at) = (manifest.kind, manifest.finished_at);
        Some(Known { id: self.id, kind, finished_at, condition: self.condition() })
    }
}

impl Repository {
    /// Backups kept in `blobs`.
    #[must_use]
    pub const fn new(blobs: Blobs, keys: Keys) -> Self {
        Self { blobs, keys }
    }

    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) const fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Every backup that is whole, oldest first.
    ///
    /// # Errors
    /// When the place fails.
    pub async fn list(&self) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        for (id, names) in self.folders().await? {
            if names.iter().any(|name| name == MANIFEST) {
                found.extend(self.find(id).await?);
            }
        }
        Ok(found)
    }

    /// A backup by its id.
    ///
    /// # Errors
    /// When the place fails.
    pub async fn find(&self, id: BackupId) -> Result<Option<Found>, Error> {
        let Some(bytes) = self.read_small(&key(id, MANIFEST)?).await? else { return Ok(None) };
        let manifest = Manifest::read(&bytes, &self.keys);
        // Moved to another backup's folder it is that one's no less.
        let manifest =
            manifest.and_then(|found| if found.id == id { Ok(found) } else { Err(Fault::Changed) });
        let check = self.read_small(&key(id, CHECK)?).await?;
        let check = check.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Some(Found { id, manifest, check }))
    }

    /// Keeps what `source` gives as a piece of a backup; nothing of it if the source fails.
    pub(crate) async fn keep<R: Read + Send + 'static>(
        &self,
        id: BackupId,
        name: &str,
        source: R,
        rng: &Rng,
    ) -> Result<Piece, Error> {
        let seal = self.keys.current().map(|key| Seal { key: key.clone(), salt: rng.bytes() });
        let (stream, sum) = flow::pack(source, seal, &sealed_name(id, name));
        self.blobs.put_stream(&key(id, name)?, stream).await?;
        let broken = |_| BlobError::Content("its end was lost".into());
        let sum = sum.await.map_err(broken)?;
        Ok(Piece { name: name.to_owned(), size: sum.size, unpacked: sum.unpacked, sha256: sum.sha256 })
    }

    /// Makes a backup that is whole be there.
    pub(crate) async fn complete(&self, manifest: &Manifest) -> Result<(), Error> {
        self.write_small(&key(manifest.id, MANIFEST)?, manifest.write(&self.keys)?).await
    }

    /// Writes down what a verification found.
    pub(crate) async fn note(&self, id: BackupId, check: &Check) -> Result<(), Error> {
        self.write_small(&key(id, CHECK)?, serde_json::to_vec(check)?).await
    }

    /// Brings a piece into a folder of this machine, and is content only with the bytes that were written.
    pub(crate) async fn fetch(&self, id: BackupId, piece: &Piece, folder: &Path) -> Result<PathBuf, Error> {
        // A name that is none of ours, such as a path, is no key either.
        let name = key(id, &piece.name)?;
        let path = folder.join(&piece.name);
        let mut file = File::create(&path).await.map_err(Error::file(&path))?;
        let damaged = || Error::Damaged { id, piece: piece.name.clone() };
        let mut kept = match self.blobs.get_stream(&name).await {
            Err(BlobError::Missing(_)) => return Err(damaged()),
            kept => kept?,
        };
        let (mut hash, mut size) = (Context::new(&SHA256), 0);
        while let Some(bytes) = kept.try_next().await? {
            hash.update(&bytes);
            size += bytes.len() as u64;
            file.write_all(&bytes).await.map_err(Error::file(&path))?;
        }
        file.flush().await.map_err(Error::file(&path))?;
        if size != piece.size || hex::encode(hash.finish()) != piece.sha256 {
            return Err(damaged());
        }
        Ok(path)
    }

    /// A fetched piece as its source gave it.
    pub(crate) fn open(
        &self,
        manifest: &Manifest,
        name: &str,
        path: &Path,
    ) -> Result<Box<dyn Read + Send>, Error> {
        let unknown =
            |id: &String| Error::Manifest { id: manifest.id, source: Fault::UnknownKey(id.clone()) };
        let key =
            manifest.key.as_ref().map(|id| self.keys.find(id).ok_or_else(|| unknown(id))).transpose()?;
        let file = std::fs::File::open(path).map_err(Error::file(path))?;
        flow::unpack(file, key, &sealed_name(manifest.id, name)).map_err(Error::file(path))
    }

    /// Copies a backup into another place, piece by piece, and its manifest last.
    pub(crate) async fn copy_to(&self, there: &Blobs, manifest: &Manifest) -> Result<(), Error> {
        for piece in &manifest.pieces {
            let name = key(manifest.id, &piece.name)?;
            there.put_stream(&name, self.blobs.get_stream(&name).await?).await?;
            if there.size(&name).await? != Some(piece.size) {
                return Err(Error::Damaged { id: manifest.id, piece: piece.name.clone() });
            }
        }
        for name in [CHECK, MANIFEST] {
            let name = key(manifest.id, name)?;
            if let Some(bytes) = self.read_small(&name).await? {
                there.put_stream(&name, one(bytes)).await?;
            }
        }
        Ok(())
    }

    /// Deletes a backup, its manifest first: half of one is never listed.
    pub(crate) async fn delete(&self, id: BackupId) -> Result<(), Error> {
        self.blobs.delete(&key(id, MANIFEST)?).await?;
        let folder = folder(id)?;
        let left: Vec<_> = self.blobs.list(Some(&folder)).try_collect().await?;
        for blob in left {
            self.blobs.delete(&blob.key).await?;
        }
        Ok(())
    }

    /// Backups that were begun long ago and never ended.
    pub(crate) async fn given_up(&self, now: Timestamp) -> Result<Vec<BackupId>, Error> {
        let folders = self.folders().await?.into_iter();
        let torn = folders.filter(|(id, names)| {
            !names.iter().any(|name| name == MANIFEST) && begun(*id).is_some_and(|at| at < now - GIVEN_UP)
        });
        Ok(torn.map(|(id, _)| id).collect())
    }

    /// The names in each backup's folder.
    async fn folders(&self) -> Result<BTreeMap<BackupId, Vec<String>>, Error> {
        let under: BlobKey = parsed(BACKUPS)?;
        let mut blobs = self.blobs.list(Some(&under));
        let mut folders = BTreeMap::<BackupId, Vec<String>>::new();
        while let Some(blob) = blobs.try_next().await? {
            let mut words = blob.key.as_str().split('/').skip(1);
            if let (Some(Ok(id)), Some(name)) = (words.next().map(str::parse::<BackupId>), words.next()) {
                folders.entry(id).or_default().push(name.to_owned());
            }
        }
        Ok(folders)
    }

    async fn read_small(&self, key: &BlobKey) -> Result<Option<Bytes>, Error> {
        match self.blobs.size(key).await? {
            Some(size) if size > 0 => Ok(Some(self.blobs.range(key, 0..size.min(LARGEST)).await?)),
            Some(_) => Ok(Some(Bytes::new())),
            None => Ok(None),
        }
    }

    async fn write_small(&self, key: &BlobKey, bytes: Vec<u8>) -> Result<(), Error> {
        self.blobs.put_stream(key, one(bytes.into())).await?;
        Ok(())
    }
}

fn one(bytes: Bytes) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send {
    futures_util::stream::iter([Ok(bytes)])
}

/// When a backup was begun: its id tells (RFC 9562, section 5.7).
fn begun(id: BackupId) -> Option<Timestamp> {
    let (seconds, nanos) = comporta_kernel::TypedId::uuid(id).get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}

fn sealed_name(id: BackupId, name: &str) -> String {
    format!("{id}/{name}")
}

fn folder(id: BackupId) -> Result<BlobKey, Error> {
    parsed(&format!("{BACKUPS}/{id}"))
}

fn key(id: BackupId, name: &str) -> Result<BlobKey, Error> {
    parsed(&format!("{BACKUPS}/{id}/{name}"))
}

pub(crate) fn parsed(text: &str) -> Result<BlobKey, Error> {
    text.parse().map_err(|_| Error::Blobs(BlobError::Address))
}
