//! The physical backup: a cluster by `pg_basebackup`, and a folder that becomes a cluster again as it was at an
//! instant, by the log archived since (PostgreSQL manual, "Continuous Archiving and Point-in-Time Recovery").

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use comporta_kernel::{Rng, Timestamp};
use rustix::process::Pid;

use super::address::Address;
use super::process::{self, Output};
use super::programs::Programs;
use crate::model::{BackupId, Manifest, Piece, Totals, WalName};
use crate::repository::Repository;
use crate::{Error, store};

const PIECE: &str = "cluster.tar.gz";
/// How long the last segment that the backup needs may take into the archive.
const ARCHIVE_PATIENCE: Duration = Duration::from_secs(300);
const GLANCE: Duration = Duration::from_millis(500);

/// Up to where a cluster is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestoreTo {
    /// What was committed by this instant.
    Time(Timestamp),
    /// Everything that was archived.
    Latest,
    /// The end of the backup itself: for verification.
    Backup,
}

/// What a base backup is, beside its piece.
pub(crate) struct Base {
    pub(crate) piece: Piece,
    pub(crate) totals: Totals,
    pub(crate) version: u32,
    pub(crate) wal_from: WalName,
}

/// Copies the cluster of a database that may be in use, and waits until its log has left for the archive.
pub(crate) async fn make_base(
    repository: &Repository,
    address: &Address,
    folder: Option<&Path>,
    id: BackupId,
    rng: &Rng,
) -> Result<Base, Error> {
    let mut connection = store::postgres::connect(address.full()).await?;
    if !store::postgres::archives(&mut connection).await? {
        return Err(Error::NotArchiving);
    }
    let version = store::postgres::version(&mut connection).await?;
    let mut command = Programs::new(folder, version).client("pg_basebackup", address)?;
    let wal_from = store::postgres::present_segment(&mut connection).await?;
    let totals = store::postgres::totals(&mut connection).await?;
    command.args(["--pgdata=-", "--format=tar", "--wal-method=none", "--checkpoint=fast"]);
    let failed = |source| Error::Program { program: "pg_basebackup", source };
    let piece = repository.keep(id, PIECE, Output::of(&mut command).map_err(failed)?, rng).await?;
    let last = store::postgres::last_full_segment(&mut connection).await?;
    let begun = Instant::now();
    while !store::postgres::has_archived(&mut connection, &last).await? {
        if begun.elapsed() > ARCHIVE_PATIENCE {
            return Err(Error::NotArchiving);
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(Base { piece, totals, version, wal_from })
}

/// Whether a folder may become a cluster: it is not there, or holds nothing.
pub(crate) fn cluster_is_empty(cluster: &Path) -> Result<bool, Error> {
    match fs::read_dir(cluster) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Error::file(cluster)(error)),
    }
}

/// Makes a folder a cluster that recovers when its server starts: up to `to`, with segments that `restore_command`
/// fetches. What the folder held is gone then, and not before all of the backup lies beside it.
pub(crate) async fn unpack_cluster(
    repository: &Repository,
    manifest: &Manifest,
    fetched: &Path,
    cluster: &Path,
    to: RestoreTo,
    restore_command: &str,
) -> Result<(), Error> {
    let lock = cluster.join("postmaster.pid");
    if is_locked(&lock) {
        return Err(Error::ServerRuns(lock));
    }
    // Inside it, for it may be a mount point, or in a folder that is not ours.
    let [new, old] = ["new", "old"].map(|name| cluster.join(format!(".{}.{name}", manifest.id)));
    fs::create_dir_all(&new).map_err(Error::file(&new))?;
    let unpacked = async {
        let mut source = repository.open(manifest, PIECE, fetched)?;
        let mut command = Command::new("tar");
        command.args(["--extract", "--file=-", "--directory"]).arg(&new);
        process::in_background("tar", move || process::feed(&mut command, &mut source)).await?;
        say_how_to_recover(&new, to, restore_command).map_err(Error::file(&new))
    };
    if let Err(error) = unpacked.await {
        let _ = fs::remove_dir_all(&new);
        return Err(error);
    }
    replace(cluster, &new, &old).map_err(Error::file(cluster))
}

/// Puts what is in `new` in the place of what is in `cluster`, of which both are part. Until the last step nothing is
/// lost: what was there waits in `old`.
fn replace(cluster: &Path, new: &Path, old: &Path) -> io::Result<()> {
    // The server refuses a folder that others may look into.
    fs::set_permissions(cluster, Permissions::from_mode(0o700))?;
    fs::create_dir_all(old)?;
    move_all(cluster, old, |path| path != new && path != old)?;
    move_all(new, cluster, |_| true)?;
    File::open(cluster)?.sync_all()?;
    fs::remove_dir(new)?;
    fs::remove_dir_all(old)
}

fn move_all(from: &Path, to: &Path, wanted: impl Fn(&Path) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if wanted(&entry.path()) {
            fs::rename(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Whether the server that wrote this file is there: its first line is a process's number.
fn is_locked(lock: &Path) -> bool {
    let Ok(written) = fs::read_to_string(lock) else { return lock.exists() };
    let pid = written.lines().next().and_then(|line| Pid::from_raw(line.trim().parse().ok()?));
    // One of another user's may not be asked, and is there all the same.
    pid.is_none_or(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

fn say_how_to_recover(cluster: &Path, to: RestoreTo, restore_command: &str) -> io::Result<()> {
    // Every target in any case: a cluster that was once restored to an instant still names it, in its backups too. The
    // last line of a name is the one that holds; and a target that is emptied empties those before it.
    let targets = match to {
        // By its offset: names of zones, of which `Z` is one, are not known where this is read.
        RestoreTo::Time(instant) => {
            let instant = instant.to_string().replace('Z', "+00:00");
            format!("recovery_target = ''\nrecovery_target_time = '{instant}'\n")
        }
        RestoreTo::Backup => "recovery_target_time = ''\nrecovery_target = 'immediate'\n".to_owned(),
        RestoreTo::Latest => "recovery_target = ''\nrecovery_target_time = ''\n".to_owned(),
    };
    let quoted = restore_command.replace('\'', "''");
    let settings = format!(
        "# Written by comporta backup restore.\nrestore_command = '{quoted}'\n{targets}recovery_target_action = 'promote'\n"
    );
    let path = cluster.join("postgresql.auto.conf");
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(settings.as_bytes())?;
    file.sync_all()?;
    fs::write(cluster.join("recovery.signal"), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_once_restored_to_an_instant_is_restored_anew_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let instant = RestoreTo::Time("2026-01-31T12:00:00Z".parse().unwrap());
        let last = |name: &str| {
            let settings = fs::read_to_string(folder.path().join("postgresql.auto.conf")).unwrap();
            let line =
                settings.lines().rfind(|line| line.starts_with(&format!("{name} = "))).map(str::to_owned);
            line.unwrap()
        };
        say_how_to_recover(folder.path(), instant, "fetch").unwrap();
        assert_eq!(last("recovery_target_time"), "recovery_target_time = '2026-01-31T12:00:00+00:00'");
        say_how_to_recover(folder.path(), RestoreTo::Latest, "fetch").unwrap();
        assert_eq!(last("recovery_target_time"), "recovery_target_time = ''");
        assert_eq!(last("recovery_target"), "recovery_target = ''");
        say_how_to_recover(folder.path(), RestoreTo::Backup, "fetch").unwrap();
        assert_eq!(last("recovery_target"), "recovery_target = 'immediate'");
    }
    #[test]
    fn what_a_folder_held_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, text) in
            [("PG_VERSION", "old"), ("only/old", ""), (".new/PG_VERSION", "new"), (".new/base/1", "")]
        {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), text).unwrap();
        }
        // What a replacement that was killed has left is like anything else that was there.
        fs::create_dir_all(at(".before/x")).unwrap();
        replace(folder.path(), &at(".new"), &at(".old")).unwrap();
        assert_eq!(fs::read_to_string(at("PG_VERSION")).unwrap(), "new");
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["PG_VERSION", "base"]);
    }

    #[test]
    fn a_lock_holds_as_long_as_its_process() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("postmaster.pid");
        assert!(!is_locked(&lock));
        fs::write(&lock, format!("{}\n/data\n", std::process::id())).unwrap();
        assert!(is_locked(&lock));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        fs::write(&lock, format!("{}\n/data\n", child.id())).unwrap();
        assert!(!is_locked(&lock));
        fs::write(&lock, "nonsense").unwrap();
        assert!(is_locked(&lock));
    }
}
