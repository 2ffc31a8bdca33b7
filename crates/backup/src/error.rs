//! What can go wrong with backups, and what the operator can do about it.

use std::io;
use std::path::PathBuf;

use comporta_db::{BlobError, UrlError};

use crate::model::{BackupId, Fault};

/// A failure, told so that an operator knows what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The place of the backups failed.
    #[error("the place of the backups failed")]
    Blobs(#[from] BlobError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] comporta_db::Error),
    /// A statement of ours on the database failed.
    #[error("a statement failed")]
    Sql(#[from] sqlx::Error),
    /// The database's address does not read.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A file on this machine could not be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program of PostgreSQL's, or tar, is not here.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A program failed; the source is what it complained of.
    #[error("{program} failed")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// What is in the archive stays there.
    #[error("this is backup.archive, which is never pruned: its bucket's lifecycle says what goes")]
    InArchive,
    /// No backup has this id.
    #[error("there is no backup {0}; `comporta backup list` shows those there are")]
    NoSuchBackup(BackupId),
    /// There is no backup that fits at all.
    #[error("there is no backup that can be restored here")]
    NoBackup,
    /// No base backup was finished before the instant asked for.
    #[error("no base backup was finished before that instant: the log alone cannot bring it back")]
    NoBaseBefore,
    /// The manifest is not to be believed.
    #[error("backup {id} cannot be used")]
    Manifest {
        /// Which.
        id: BackupId,
        /// Why not.
        source: Fault,
    },
    /// A piece is not as it was written.
    #[error("backup {id} is damaged: {piece} is not as it was written")]
    Damaged {
        /// Which.
        id: BackupId,
        /// The file.
        piece: String,
    },
    /// The backup is of the other engine.
    #[error("backup {id} is of the kind {kind}: it cannot be restored into {target}")]
    WrongEngine {
        /// Which.
        id: BackupId,
        /// Its kind.
        kind: &'static str,
        /// Where it was to go.
        target: &'static str,
    },
    /// The target holds something.
    #[error("{0} is not empty: add --overwrite to lose what it holds")]
    NotEmpty(String),
    /// Others use the target.
    #[error("{0} is in use: stop every comporta process that uses it first")]
    InUse(String),
    /// A server runs on the cluster.
    #[error("a server runs on the cluster, says {}: stop it first, or remove that file if none does", .0.display())]
    ServerRuns(PathBuf),
    /// A base backup needs a folder.
    #[error("a base backup is a whole cluster: name its folder with --cluster")]
    NoCluster,
    /// An instant can only be had from a base backup.
    #[error("--to-time needs a PostgreSQL database with backup.point_in_time and its log archived")]
    NoPointInTime,
    /// The server does not archive its log.
    #[error(
        "the server does not archive its log: set archive_mode = on and archive_command (docs/guides/backups.md)"
    )]
    NotArchiving,
    /// PostgreSQL's server does not run as root.
    #[error("PostgreSQL refuses to run as root: run this as another user, such as postgres")]
    Root,
    /// Too little disk for the copy.
    #[error("{} has {free} bytes free, and {needed} are needed", folder.display())]
    NoRoom {
        /// The folder.
        folder: PathBuf,
        /// Bytes free.
        free: u64,
        /// Bytes needed.
        needed: u64,
    },
    /// Another file of the log has this name already.
    #[error("another {0} is archived already: two clusters must not share a place")]
    WalDiffers(crate::WalName),
    /// A file of the log is not encrypted, and should be.
    #[error(
        "{0} is not encrypted though there is a backup.key: if it was archived before there was one, add --plain"
    )]
    PlainWal(crate::WalName),
    /// The restored database does not hold what it must.
    #[error("backup {id} does not hold what it must: {fault}")]
    Unproven {
        /// Which.
        id: BackupId,
        /// What was wrong.
        fault: String,
    },
    /// Nobody could look into the restored database.
    #[error("the restored database could not be looked into")]
    Unlooked(#[source] crate::Failure),
    /// JSON of ours could not be written.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
}

/// A program that must be installed.
#[derive(Debug, thiserror::Error)]
#[error(
    "{program} {version}is not installed{place}: install it with `apt-get install {package}`, or name the \
         folder of PostgreSQL's programs in backup.postgres_programs"
)]
pub struct Missing {
    /// Its name.
    pub program: &'static str,
    /// The version that is needed, with a blank behind.
    pub version: String,
    /// Where it was looked for, if it was in one place.
    pub place: String,
    /// Debian's package.
    pub package: String,
}

impl Error {
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }

    /// Whether the backup itself is at fault, rather than what it was to be restored with.
    pub(crate) const fn is_of_the_backup(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Unproven { .. })
    }
}
