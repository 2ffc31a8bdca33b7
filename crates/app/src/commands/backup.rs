//! `comporta backup`: copies of the database elsewhere, and the way back.

mod create;
mod list;
mod prune;
mod restore;
mod row;
mod verify;
mod wal;

use std::sync::Arc;

use clap::{Args, Subcommand};
use comporta_backup::Backups;
use comporta_kernel::{Clock, Rng};

use super::operator::{Answer, OperatorArgs};
use super::{Error, block_on, print};
use crate::settings::{Environment, Settings};
use crate::wiring::backups::{self, CommandLineTrail};

/// What is to be done with backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Make a backup while everything goes on being served
    Create(create::CreateArgs),
    /// List the backups there are, oldest first
    List(PlaceArgs),
    /// Restore a backup beside the database, compare its totals, and recompute every balance
    Verify(verify::VerifyArgs),
    /// Put a backup in the database's place, or make a PostgreSQL cluster of one
    Restore(restore::RestoreArgs),
    /// Let go of what backup.keep_days does not keep
    Prune(prune::PruneArgs),
    /// PostgreSQL's log: what archive_command and restore_command run
    #[command(subcommand)]
    Wal(wal::WalCommand),
}

/// Flags of every command about backups.
#[derive(Args, Clone, Debug)]
pub struct PlaceArgs {
    #[command(flatten)]
    operator: OperatorArgs,
    /// Where they are: a folder or s3://BUCKET/PREFIX, instead of backup.to
    #[arg(long, value_name = "PLACE")]
    to: Option<String>,
}

/// Does it.
///
/// # Errors
/// Faults of the settings; a backup that is not there, or not good; a database or a place that fails.
pub fn run(command: &BackupCommand, environment: &Environment) -> Result<(), Error> {
    match command {
        BackupCommand::Create(args) => args.place.run(environment, async |backups| args.run(backups).await),
        BackupCommand::List(place) => place.run(environment, list::run),
        BackupCommand::Verify(args) => args.place.run(environment, async |backups| args.run(backups).await),
        BackupCommand::Restore(args) => args.place.run(environment, async |backups| args.run(backups).await),
        BackupCommand::Prune(args) => args.place.run(environment, async |backups| args.run(backups).await),
        BackupCommand::Wal(command) => wal::run(command, environment),
    }
}

impl PlaceArgs {
    /// Opens the place, does the work, and prints what came of it. The database is not opened for it: it may be lost.
    fn run(
        &self,
        environment: &Environment,
        work: impl AsyncFnOnce(&Backups) -> Result<Answer, Error>,
    ) -> Result<(), Error> {
        let (settings, to) = self.load(environment)?;
        block_on(async {
            let trail = Arc::new(CommandLineTrail(settings.clone()));
            let backups = backups::open(&settings, &to, &Clock::system(), &Rng::system(), trail)?;
            print(&self.operator.shown(&work(&backups).await?))
        })
    }

    /// The settings, and the place.
    fn load(&self, environment: &Environment) -> Result<(Settings, String), Error> {
        let settings = self.operator.load(environment)?;
        let to = self.to.clone().or_else(|| settings.backup.to.clone()).ok_or(Error::NoBackupPlace)?;
        Ok((settings, to))
    }
}
