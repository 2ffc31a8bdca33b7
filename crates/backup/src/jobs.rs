//! The backup that the schedule asks for.

use comporta_jobs::{Context, Job, JobError};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{BackupId, Condition, Kind};
use crate::service::{Backups, Choice, PruneOptions};
use crate::{Error, Found};

/// One so young was made by an attempt before, which failed later: another one would say the same.
const YOUNG: SignedDuration = SignedDuration::from_hours(2);

/// Makes a backup, restores it to see that it can be, and lets go of old ones.
#[derive(Debug, Serialize, Deserialize)]
pub struct MakeBackup {}

impl Job for MakeBackup {
    const NAME: &'static str = "make_backup";
    /// Over about an hour: after that the next day's is nearer than another try.
    const ATTEMPTS: u32 = 12;
    const AT_ONCE: usize = 1;
    type State = Option<Backups>;

    async fn run(&self, context: &Context<Self::State>) -> Result<(), JobError> {
        // Enqueued by a process that had a place for backups, claimed by one that has none.
        let Some(backups) = &context.state else { return Err(JobError::retry("backup.to is not set here")) };
        let mut unproven = None;
        for kind in backups.scheduled_kinds() {
            let id = match backups.young(kind).await.map_err(JobError::retry)? {
                Some(id) => id,
                None => backups.create(kind).await.map_err(JobError::retry)?.id,
            };
            match backups.prove_scheduled(id).await {
                Ok(()) => {}
                // A bad one is no backup: another is made.
                Err(error) if error.is_of_the_backup() => return Err(JobError::retry(error)),
                // That nobody can look into it here is told, and is no reason to make more of them.
                Err(error) => unproven = Some(error),
            }
        }
        backups.prune(PruneOptions::default()).await.map_err(JobError::give_up)?;
        unproven.map_or(Ok(()), |error| Err(JobError::give_up(error)))
    }
}

impl Backups {
    /// A backup of this kind that was just made and is not known to be bad.
    async fn young(&self, kind: Kind) -> Result<Option<BackupId>, Error> {
        let since = self.clock().now() - YOUNG;
        let is_young = |found: &Found| {
            found.condition() != Condition::Bad
                && found
                    .manifest
                    .as_ref()
                    .is_ok_and(|manifest| manifest.kind == kind && manifest.started_at > since)
        };
        Ok(self.list().await?.iter().rev().find(|found| is_young(found)).map(|found| found.id))
    }

    async fn prove_scheduled(&self, id: BackupId) -> Result<(), Error> {
        if !self.options().verify {
            return Ok(());
        }
        self.verify(Choice::Id(id)).await.map(drop)
    }
}
