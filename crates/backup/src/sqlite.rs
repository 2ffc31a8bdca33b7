//! SQLite: a copy made beside the writer, and a file put in another's place.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::model::{BackupId, Manifest, Totals};
use crate::repository::Repository;
use crate::{Error, store};

/// The one piece of such a backup.
pub(crate) const PIECE: &str = "database.db.gz";

/// Copies a database that may be in use into a folder, and counts what the copy holds.
pub(crate) async fn copy(database: &Path, folder: &Path) -> Result<(PathBuf, Totals), Error> {
    let copy = folder.join("database.db");
    needs_room(folder, size_with_log(database)?)?;
    store::sqlite::copy(database, &copy).await?;
    let totals = store::sqlite::totals(&copy).await?;
    Ok((copy, totals))
}

/// Writes what was fetched as a database that nobody uses yet.
pub(crate) async fn unpack(
    repository: &Repository,
    manifest: &Manifest,
    fetched: &Path,
    into: &Path,
) -> Result<Totals, Error> {
    let mut source = repository.open(manifest, PIECE, fetched)?;
    let path = into.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        // Like the database itself, for its owner's eyes only.
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        io::copy(&mut source, &mut file)?;
        file.sync_all()
    });
    written.await.map_err(io::Error::other).flatten().map_err(Error::file(into))?;
    Ok(store::sqlite::totals(into).await?)
}

/// Whether something would be lost by putting another database in this one's place.
pub(crate) async fn is_empty(database: &Path) -> Result<bool, Error> {
    if fs::metadata(database).map_or(true, |meta| meta.len() == 0) {
        // A log without its file is all that is left of something, and SQLite opens none without the other.
        return Ok(!beside(database, "-wal").exists());
    }
    match store::sqlite::holds_tables(database).await {
        Ok(held) => Ok(!held),
        // A ruined database is something still: who says --overwrite gives it up.
        Err(error) if store::sqlite::is_ruined(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Puts a sound file in the database's place, in one step, while nobody has the database open.
pub(crate) async fn replace(database: &Path, by: &Path, id: BackupId) -> Result<(), Error> {
    tracing::debug!(%id, database = %database.display(), "the database is replaced");
    let seized = if database.exists() { seize(database).await? } else { None };
    // The log of the database before must not be taken for this one's.
    for suffix in ["-wal", "-shm", "-journal"] {
        let left = beside(database, suffix);
        match fs::remove_file(&left) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::file(&left)(error)),
            _ => {}
        }
    }
    fs::rename(by, database).map_err(Error::file(database))?;
    let folder = folder_of(database);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file(folder))?;
    // What it held is no file any more.
    drop(seized);
    Ok(())
}

async fn seize(database: &Path) -> Result<Option<sqlx::SqliteConnection>, Error> {
    match store::sqlite::seize(database).await {
        Ok(Some(seized)) => Ok(Some(seized)),
        Ok(None) => Err(Error::InUse(database.display().to_string())),
        Err(error) if store::sqlite::is_ruined(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The folder that a database lies in.
pub(crate) fn folder_of(database: &Path) -> &Path {
    database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a database is made ready before it takes another's place: on the same disk.
pub(crate) fn place_beside(database: &Path, id: BackupId) -> PathBuf {
    beside(database, &format!(".{id}"))
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn size_with_log(database: &Path) -> Result<u64, Error> {
    let file = fs::metadata(database).map_err(Error::file(database))?.len();
    Ok(file + fs::metadata(beside(database, "-wal")).map_or(0, |log| log.len()))
}

/// A copy that fills the disk would stop the database beside it: it needs a tenth more than it can take.
pub(crate) fn needs_room(folder: &Path, size: u64) -> Result<(), Error> {
    let disk = rustix::fs::statvfs(folder).map_err(|error| Error::file(folder)(error.into()))?;
    let (free, needed) = (disk.f_bavail.saturating_mul(disk.f_frsize), size + size / 10);
    if free < needed {
        return Err(Error::NoRoom { folder: folder.to_owned(), free, needed });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_without_its_file_is_something_that_would_be_lost() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        assert!(is_empty(&database).await.unwrap());
        fs::write(beside(&database, "-wal"), "left").unwrap();
        assert!(!is_empty(&database).await.unwrap());
        fs::write(&database, "").unwrap();
        assert!(!is_empty(&database).await.unwrap());
        fs::write(&database, "no database").unwrap();
        assert!(!is_empty(&database).await.unwrap());
    }
}
