//! Letting go of what the policy does not keep.

use serde_json::json;

use super::{Backups, measured};
use crate::Error;
use crate::model::{BackupId, Condition, Kind, leave, needless_wal};
use crate::repository::Found;

/// How to prune.
#[derive(Clone, Copy, Debug, Default)]
pub struct PruneOptions {
    /// Only tell what would go.
    pub dry_run: bool,
}

/// What left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Moved into the archive.
    pub archived: Vec<BackupId>,
    /// Deleted.
    pub deleted: Vec<BackupId>,
    /// Begun long ago and never whole: deleted.
    pub torn: Vec<BackupId>,
    /// Files of the log that no base backup needs: deleted.
    pub wal: usize,
    /// Backups that stay.
    pub kept: usize,
}

impl Backups {
    /// Moves backups older than `keep_days` into the archive, or deletes them where there is none, and with them the
    /// log before the oldest base backup. Of each kind the last good one stays. Base backups, which are nothing
    /// without their log, and bad ones are never archived.
    ///
    /// # Errors
    /// When a place fails. What was let go before stays gone; nothing is deleted that was to be archived and is not.
    pub async fn prune(&self, options: PruneOptions) -> Result<Pruned, Error> {
        measured("prune", self.prune_unmeasured(options)).await
    }

    async fn prune_unmeasured(&self, options: PruneOptions) -> Result<Pruned, Error> {
        if self.0.options.in_archive {
            return Err(Error::InArchive);
        }
        let (repository, now) = (&self.0.repository, self.0.clock.now());
        let all = repository.list().await?;
        let known: Vec<_> = all.iter().filter_map(Found::known).collect();
        let leaving = leave(&known, now, self.0.options.keep_days);
        let (leave, stay): (Vec<Found>, Vec<Found>) =
            all.into_iter().partition(|found| leaving.contains(&found.id));
        let mut pruned = Pruned { kept: stay.len(), ..Pruned::default() };
        for found in leave {
            self.let_go(found, options, &mut pruned).await?;
        }
        pruned.torn = repository.given_up(now).await?;
        if !options.dry_run {
            for id in &pruned.torn {
                repository.delete(*id).await?;
            }
        }
        pruned.wal = self.prune_wal(&stay, options).await?;
        if !options.dry_run {
            tracing::info!(
                archived = pruned.archived.len(),
                deleted = pruned.deleted.len(),
                torn = pruned.torn.len(),
                wal = pruned.wal,
                kept = pruned.kept,
                "backups were pruned"
            );
        }
        Ok(pruned)
    }

    async fn let_go(&self, found: Found, options: PruneOptions, pruned: &mut Pruned) -> Result<(), Error> {
        let (id, bad) = (found.id, found.condition() == Condition::Bad);
        let Ok(manifest) = found.manifest else { return Ok(()) };
        let archive = self.0.options.archive.as_ref().filter(|_| manifest.kind != Kind::Base && !bad);
        if !options.dry_run {
            if let Some(archive) = archive {
                self.0.repository.copy_to(archive, &manifest).await?;
            }
            self.0.repository.delete(id).await?;
            let act = if archive.is_some() { "backup.archived" } else { "backup.deleted" };
            self.note(act, id, json!({"kind": manifest.kind.name(), "of": manifest.started_at})).await;
            tracing::info!(%id, kind = %manifest.kind, archived = archive.is_some(), "a backup left");
        }
        if archive.is_some() {
            pruned.archived.push(id);
        } else {
            pruned.deleted.push(id);
        }
        Ok(())
    }

    async fn prune_wal(&self, stay: &[Found], options: PruneOptions) -> Result<usize, Error> {
        // A backup that cannot be read now may be a base that needs all of it.
        if stay.iter().any(|found| found.manifest.is_err()) {
            return Ok(0);
        }
        let firsts: Vec<_> =
            stay.iter().filter_map(|found| found.manifest.as_ref().ok()?.wal_from.clone()).collect();
        let wal = self.wal();
        let needless = needless_wal(wal.list().await?, &firsts);
        if !options.dry_run {
            for name in &needless {
                wal.delete(name).await?;
            }
        }
        Ok(needless.len())
    }
}
