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
        let (mut missing, mut unproven) = (None, None);
        for kind in backups.scheduled_kinds() {
            match backups.make_scheduled(kind).await {
                Ok(()) => {}
                Err(Scheduled::Missing(error)) => missing = missing.or(Some(error)),
                Err(Scheduled::Unproven(error)) => unproven = unproven.or(Some(error)),
            }
        }
        // Old ones leave even where new ones fail: of each kind the last good one stays.
        let pruned = backups.prune(PruneOptions::default()).await;
        missing.map_or(Ok(()), |error| Err(JobError::retry(error)))?;
        pruned.map_err(JobError::give_up)?;
        unproven.map_or(Ok(()), |error| Err(JobError::give_up(error)))
    }
}

/// What became of a kind that was to be made.
enum Scheduled {
    /// There is no good one: another try may make it.
    Missing(Error),
    /// There is one that nobody could look into here, which is no reason to make more of them.
    Unproven(Error),
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

    async fn make_scheduled(&self, kind: Kind) -> Result<(), Scheduled> {
        let id = match self.young(kind).await.map_err(Scheduled::Missing)? {
            Some(id) => id,
            None => self.create(kind).await.map_err(Scheduled::Missing)?.id,
        };
        if !self.options().verify {
            return Ok(());
        }
        match self.verify(Choice::Id(id)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_of_the_backup() => Err(Scheduled::Missing(error)),
            Err(error) => Err(Scheduled::Unproven(error)),
        }
    }
}
