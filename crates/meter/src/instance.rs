//! The folder of one process's segments, under a lock for as long as the process lives.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use comporta_kernel::Uuid;

use crate::route_names::{self, RouteNames};

const LOCK: &str = "lock";
/// Where goes what cannot be read.
const ASIDE: &str = "set-aside";

/// A process's folder.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: Uuid,
    pub(crate) folder: PathBuf,
    /// The kernel lets go of the lock when the process ends, however it ends.
    _lock: File,
}

impl Instance {
    /// Makes a folder among those of other processes, with a file for names.
    pub(crate) fn create(root: &Path, id: Uuid) -> io::Result<(Self, RouteNames)> {
        DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        // Under its name it is there only with its lock taken: nobody takes it for a dead one's.
        let (aside, folder) = (root.join(format!(".{id}")), root.join(id.to_string()));
        DirBuilder::new().mode(0o700).create(&aside)?;
        let lock = OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside.join(LOCK))?;
        lock.try_lock().map_err(io::Error::from)?;
        let names = RouteNames::create(&aside)?;
        fs::rename(&aside, &folder)?;
        File::open(root)?.sync_all()?;
        Ok((Self { id, folder, _lock: lock }, names))
    }

    /// The folder of a process that has ended; `None` while it lives, or if another process is here already.
    pub(crate) fn adopt(root: &Path, name: &str) -> io::Result<Option<Self>> {
        let Ok(id) = Uuid::try_parse(name) else { return Ok(None) };
        let folder = root.join(name);
        let lock = match OpenOptions::new().write(true).open(folder.join(LOCK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { id, folder, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Every file but those that each folder has.
    pub(crate) fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if name != LOCK && name != route_names::FILE {
                files.push(self.folder.join(name));
            }
        }
        files.sort();
        Ok(files)
    }

    /// Puts a file where nobody looks for segments, with the names that its numbers stand for.
    pub(crate) fn set_aside(&self, file: &Path) -> io::Result<PathBuf> {
        let root = self.folder.parent().unwrap_or(&self.folder);
        let aside = root.join(ASIDE).join(self.id.to_string());
        DirBuilder::new().recursive(true).mode(0o700).create(&aside)?;
        let names = aside.join(route_names::FILE);
        if let Err(error) = fs::copy(self.folder.join(route_names::FILE), names)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let to = aside.join(file.file_name().unwrap_or_default());
        fs::rename(file, &to)?;
        Ok(to)
    }

    /// Deletes the folder: nothing in it is needed any more. The lock's file goes last, with the folder.
    pub(crate) fn remove(&self) -> io::Result<()> {
        for file in self.files()? {
            fs::remove_file(file)?;
        }
        fs::remove_dir_all(&self.folder)
    }
}
