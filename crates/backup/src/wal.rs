//! PostgreSQL's log on its way into the archive and out of it: what `archive_command` and `restore_command` run.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use comporta_db::{BlobError, Blobs};
use comporta_kernel::Rng;
use futures_util::TryStreamExt as _;

use crate::Error;
use crate::flow::{self, Seal};
use crate::model::{Key, Keys, WalName};
use crate::repository::parsed;

const FOLDER: &str = "wal";

/// The archive of a cluster's log, beside the backups that need it.
#[derive(Clone, Debug)]
pub struct WalArchive {
    blobs: Blobs,
    keys: Keys,
    plain: bool,
}

impl WalArchive {
    /// The archive in `blobs`.
    #[must_use]
    pub const fn new(blobs: Blobs, keys: Keys) -> Self {
        Self { blobs, keys, plain: false }
    }

    /// One that also gives back what is not encrypted though there is a key: for the log of a base backup that was made
    /// before the key.
    #[must_use]
    pub fn with_plain(self) -> Self {
        Self { plain: true, ..self }
    }

    /// Keeps a file of the log, durably. The same file once more is well; another one of its name is refused, for
    /// then two clusters write to one place.
    ///
    /// # Errors
    /// [`Error::WalDiffers`]; when the file cannot be read, or the place fails.
    pub async fn push(&self, path: &Path, name: &WalName, rng: &Rng) -> Result<(), Error> {
        let file = File::open(path).map_err(Error::file(path))?;
        if let Some(mut kept) = self.read(name).await? {
            return match same(file, &mut kept.content).map_err(Error::file(path))? {
                true => Ok(()),
                false => Err(Error::WalDiffers(name.clone())),
            };
        }
        let seal = self.keys.current().map(|key| Seal { key: key.clone(), salt: rng.bytes() });
        let (stream, _) = flow::pack(file, seal, &place(name));
        self.blobs.put_stream(&parsed(&place(name))?, stream).await?;
        Ok(())
    }

    /// Writes a file of the log to `path`; `false` when the archive has none of its name, which tells a server
    /// that recovers that it has come to the end.
    ///
    /// # Errors
    /// When it is damaged, encrypted under another key, or [not at all](Error::PlainWal) though there is a key; when the place fails, or the file cannot be written.
    pub async fn fetch(&self, name: &WalName, path: &Path) -> Result<bool, Error> {
        let Some(kept) = self.read(name).await? else { return Ok(false) };
        // Anybody who may write to the place could have put it there: a server would believe it.
        if !kept.sealed && self.keys.current().is_some() && !self.plain {
            return Err(Error::PlainWal(name.clone()));
        }
        let mut kept = kept.content;
        let written = File::create(path).and_then(|mut file| {
            io::copy(&mut kept, &mut file)?;
            file.sync_all()
        });
        if let Err(error) = written {
            // Half a segment must not be taken for one.
            let _ = fs::remove_file(path);
            return Err(Error::file(path)(error));
        }
        Ok(true)
    }

    /// Every file of the log.
    pub(crate) async fn list(&self) -> Result<Vec<WalName>, Error> {
        let mut blobs = self.blobs.list(Some(&parsed(FOLDER)?));
        let mut names = Vec::new();
        while let Some(blob) = blobs.try_next().await? {
            names.extend(blob.key.as_str().rsplit('/').next().and_then(|name| name.parse().ok()));
        }
        Ok(names)
    }

    pub(crate) async fn delete(&self, name: &WalName) -> Result<(), Error> {
        Ok(self.blobs.delete(&parsed(&place(name))?).await?)
    }

    /// A segment fits in memory: 16 MiB unless the cluster was made otherwise, and far less compressed.
    async fn read(&self, name: &WalName) -> Result<Option<Kept>, Error> {
        let kept = match self.blobs.get_stream(&parsed(&place(name))?).await {
            Err(BlobError::Missing(_)) => return Ok(None),
            kept => kept?.try_collect::<Vec<_>>().await?.concat(),
        };
        let damaged = |error| Error::file(Path::new(&place(name)))(error);
        if kept.starts_with(&[0x1f, 0x8b]) {
            let content = flow::unpack(io::Cursor::new(kept), None, "").map_err(damaged)?;
            return Ok(Some(Kept { content, sealed: false }));
        }
        let opens = |key: &Key| {
            let mut first = [0; 1];
            let opened = flow::unpack(io::Cursor::new(kept.clone()), Some(key), &place(name));
            opened.and_then(|mut plain| plain.read(&mut first)).is_ok()
        };
        let key = self.keys.all().find(|key| opens(key)).or_else(|| self.keys.current());
        let content = flow::unpack(io::Cursor::new(kept), key, &place(name)).map_err(damaged)?;
        Ok(Some(Kept { content, sealed: true }))
    }
}

/// A file of the log, as it was before it was kept.
struct Kept {
    content: Box<dyn Read + Send>,
    sealed: bool,
}

fn place(name: &WalName) -> String {
    format!("{FOLDER}/{name}")
}

fn same(mut a: impl Read, mut b: impl Read) -> io::Result<bool> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    a.read_to_end(&mut left)?;
    b.read_to_end(&mut right)?;
    Ok(left == right)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use comporta_kernel::Secret;

    use super::*;

    fn archive(place: &Path, keys: Keys) -> WalArchive {
        WalArchive::new(Blobs::open(&place.display().to_string(), &BTreeMap::new()).unwrap(), keys)
    }

    #[tokio::test]
    async fn a_segment_comes_back_under_any_of_our_keys_and_is_never_replaced_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let (segment, back) = (folder.path().join("segment"), folder.path().join("back"));
        let name: WalName = "000000010000000000000002".parse().unwrap();
        let rng = Rng::seeded(1);
        let (old, new) = (Key::of(&Secret::new("a".repeat(32))), Key::of(&Secret::new("b".repeat(32))));
        for (place, then, now) in [
            ("plain", Keys::default(), Keys::new(Some(new.clone()), Vec::new())),
            ("sealed", Keys::new(Some(old.clone()), Vec::new()), Keys::new(Some(new), vec![old])),
        ] {
            let was_plain = place == "plain";
            let place = folder.path().join(place);
            fs::write(&segment, vec![7_u8; 1 << 20]).unwrap();
            let before = archive(&place, then);
            before.push(&segment, &name, &rng).await.unwrap();
            let after = archive(&place, now);
            after.push(&segment, &name, &rng).await.unwrap();
            fs::write(&segment, vec![8_u8; 1 << 20]).unwrap();
            assert!(matches!(after.push(&segment, &name, &rng).await, Err(Error::WalDiffers(_))));
            if was_plain {
                assert!(matches!(after.fetch(&name, &back).await, Err(Error::PlainWal(_))));
                assert!(!back.exists());
            }
            let after = if was_plain { after.with_plain() } else { after };
            assert!(after.fetch(&name, &back).await.unwrap());
            assert_eq!(fs::read(&back).unwrap(), vec![7; 1 << 20]);
            assert!(!after.fetch(&"00000002.history".parse().unwrap(), &back).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_changed_byte_in_the_archive_gives_no_segment() {
        let folder = tempfile::tempdir().unwrap();
        let segment = folder.path().join("segment");
        let name: WalName = "000000010000000000000002".parse().unwrap();
        fs::write(&segment, (0..1 << 16).map(|at| (at % 251) as u8).collect::<Vec<_>>()).unwrap();
        for keys in [Keys::default(), Keys::new(Some(Key::of(&Secret::new("a".repeat(32)))), Vec::new())] {
            let place = tempfile::tempdir().unwrap();
            let archive = archive(place.path(), keys);
            archive.push(&segment, &name, &Rng::seeded(1)).await.unwrap();
            let kept = place.path().join("wal").join(name.to_string());
            let mut bytes = fs::read(&kept).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&kept, bytes).unwrap();
            let back = folder.path().join("back");
            assert!(archive.fetch(&name, &back).await.is_err());
            assert!(!back.exists());
        }
    }
}
