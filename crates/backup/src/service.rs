//! [`Backups`]: the only door to making, proving, restoring and pruning backups.

mod create;
mod prune;
mod restore;
mod verify;

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Blobs, Url};
use comporta_kernel::{Causes, Clock, IdSource, Rng, Timestamp};
use jiff::SignedDuration;
use serde_json::Value;
use tempfile::TempDir;

pub use prune::{PruneOptions, Pruned};
pub use restore::{Pepper, RestoreOptions, Restored};
pub use verify::Proof;

use crate::model::{BackupId, Condition, Kind, Manifest};
use crate::repository::{Found, Repository};
use crate::{Error, WalArchive};

/// What folders of ours in the scratch folder begin with.
const SCRATCH: &str = "comporta-backup-";
/// One that a killed process left is removed when it is so old.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_hours(48);

/// Looks into a restored database for what only the program as a whole can tell.
#[async_trait]
pub trait Proves: Send + Sync + std::fmt::Debug {
    /// Recomputes what can be recomputed: every balance from its entries.
    ///
    /// # Errors
    /// What was wrong with the database, or why nobody could look.
    async fn prove(&self, database: &Url) -> Result<(), Doubt>;
}

/// Why a restored database is not proven.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    /// It does not hold together.
    #[error(transparent)]
    Differs(Failure),
    /// Nobody could look: that says nothing of it.
    #[error(transparent)]
    Unlooked(#[from] Failure),
}

/// What failed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Writes down who did what.
#[async_trait]
pub trait Trail: Send + Sync + std::fmt::Debug {
    /// Notes an act on a backup in the database's own trail.
    ///
    /// # Errors
    /// When it could not be noted.
    async fn note(&self, act: &'static str, backup: &str, detail: Value) -> Result<(), Failure>;
}

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Days after which a backup leaves.
    pub keep_days: u16,
    /// Where they go then; nowhere without it.
    pub archive: Option<Blobs>,
    /// Whether these are the archive's own backups, which never leave by our hand.
    pub in_archive: bool,
    /// Where copies are made before they leave, and databases restored to be looked into.
    pub scratch: PathBuf,
    /// The folder of PostgreSQL's programs, if not the usual one.
    pub postgres_programs: Option<PathBuf>,
    /// Whether scheduled backups are restored at once, to see that they can be.
    pub verify: bool,
    /// Whether scheduled backups of PostgreSQL are of the cluster too.
    pub point_in_time: bool,
    /// What a server that recovers fetches segments of its log with.
    pub restore_command: String,
    /// The file that API keys are hashed under; none if the settings hold it.
    pub pepper: Option<PathBuf>,
    /// The program's version.
    pub made_by: &'static str,
}

/// Backups of one database in one place. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Backups(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    repository: Repository,
    database: Url,
    options: Options,
    clock: Clock,
    rng: Rng,
    proves: Arc<dyn Proves>,
    trail: Arc<dyn Trail>,
}

/// Which backup is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The newest that is not known to be bad.
    #[default]
    Latest,
    /// This one.
    Id(BackupId),
}

impl FromStr for Choice {
    type Err = comporta_kernel::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "latest" { Ok(Self::Latest) } else { text.parse().map(Self::Id) }
    }
}

impl Backups {
    /// Backups of `database`, kept in `repository`.
    #[must_use]
    pub fn new(
        repository: Repository,
        database: Url,
        options: Options,
        clock: Clock,
        rng: Rng,
        (proves, trail): (Arc<dyn Proves>, Arc<dyn Trail>),
    ) -> Self {
        Self(Arc::new(Inner { repository, database, options, clock, rng, proves, trail }))
    }

    /// Every backup that is whole, oldest first.
    ///
    /// # Errors
    /// When the place fails.
    pub async fn list(&self) -> Result<Vec<Found>, Error> {
        self.0.repository.list().await
    }

    /// Whether scheduled backups are verified.
    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    /// The kinds that a scheduled backup makes.
    pub(crate) fn scheduled_kinds(&self) -> Vec<Kind> {
        match &self.0.database {
            Url::Sqlite(_) => vec![Kind::Sqlite],
            Url::Postgres(_) if self.0.options.point_in_time => vec![Kind::Dump, Kind::Base],
            Url::Postgres(_) => vec![Kind::Dump],
        }
    }

    /// The kind that a database of this engine is restored from.
    #[must_use]
    pub fn usual_kind(&self) -> Kind {
        match &self.0.database {
            Url::Sqlite(_) => Kind::Sqlite,
            Url::Postgres(_) => Kind::Dump,
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn wal(&self) -> WalArchive {
        let repository = &self.0.repository;
        WalArchive::new(repository.blobs().clone(), repository.keys().clone())
    }

    /// The manifest of the backup that is meant. The latest is one of `kind` that was whole by `until`.
    async fn choose(
        &self,
        choice: Choice,
        kind: Option<Kind>,
        until: Option<Timestamp>,
    ) -> Result<Manifest, Error> {
        let repository = &self.0.repository;
        if let Choice::Id(id) = choice {
            let found = repository.find(id).await?.ok_or(Error::NoSuchBackup(id))?;
            return found.manifest.map_err(|source| Error::Manifest { id, source });
        }
        let fits = |found: &Found| {
            found.condition() != Condition::Bad
                && found.manifest.as_ref().is_ok_and(|manifest| {
                    kind.is_none_or(|kind| manifest.kind == kind)
                        && until.is_none_or(|until| manifest.finished_at <= until)
                        && self.is_ours(manifest)
                })
        };
        let newest = repository.list().await?.into_iter().rev().find(fits);
        newest.and_then(|found| found.manifest.ok()).ok_or(match until {
            Some(_) => Error::NoBaseBefore,
            None => Error::NoBackup,
        })
    }

    /// What a server that recovers this base backup fetches its log with.
    fn restore_command(&self, manifest: &Manifest) -> String {
        let command = &self.0.options.restore_command;
        // Its log began before there was a key.
        if self.is_ours(manifest) { command.clone() } else { format!("{command} --plain") }
    }

    /// Who encrypts is not given, unasked, what anybody may have put there.
    pub(crate) fn is_ours(&self, manifest: &Manifest) -> bool {
        self.0.repository.keys().current().is_none() || manifest.key.is_some()
    }

    fn ids(&self) -> IdSource {
        IdSource::new(self.0.clock.clone(), self.0.rng.clone())
    }

    /// A folder for what lies on this machine only for a while; gone when it is dropped.
    fn scratch(&self) -> Result<TempDir, Error> {
        let scratch = &self.0.options.scratch;
        fs::create_dir_all(scratch).map_err(Error::file(scratch))?;
        self.sweep();
        tempfile::Builder::new().prefix(SCRATCH).tempdir_in(scratch).map_err(Error::file(scratch))
    }

    /// Removes what processes that were killed have left; what cannot be removed stays.
    fn sweep(&self) {
        let oldest = self.0.clock.now() - LEFT_BEHIND;
        for entry in fs::read_dir(&self.0.options.scratch).into_iter().flatten().flatten() {
            let made = entry.metadata().ok().and_then(|meta| Timestamp::try_from(meta.modified().ok()?).ok());
            let ours = entry.file_name().to_string_lossy().starts_with(SCRATCH);
            if ours && made.is_some_and(|made| made < oldest) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Notes an act; that it cannot be noted does not undo it.
    async fn note(&self, act: &'static str, id: BackupId, detail: Value) {
        if let Err(error) = self.0.trail.note(act, &id.to_string(), detail).await {
            tracing::warn!(error = %Causes(&*error), act, %id, "an act on a backup is not in the audit trail");
        }
    }
}

/// Does an act, and counts how long it took, or that it failed.
async fn measured<T>(act: &'static str, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let begun = tokio::time::Instant::now();
    let outcome = work.await;
    match &outcome {
        Ok(_) => metrics::histogram!("comporta_backup_seconds", "act" => act).record(begun.elapsed()),
        Err(_) => metrics::counter!("comporta_backup_failures_total", "act" => act).increment(1),
    }
    outcome
}
