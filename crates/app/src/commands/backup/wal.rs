//! `comporta backup wal`: PostgreSQL's log into the archive and out of it. Says nothing unless it fails.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comporta_backup::WalName;
use comporta_kernel::Rng;

use super::PlaceArgs;
use crate::commands::{Error, block_on};
use crate::settings::Environment;
use crate::wiring::backups;

/// What is to be done with a file of the log.
#[derive(Debug, Subcommand)]
pub enum WalCommand {
    /// Archive a file: archive_command = 'comporta backup wal push %p %f'
    Push(PushArgs),
    /// Bring a file back: restore_command = 'comporta backup wal fetch %f %p'; exits 1 when there is none, 200 when
    /// it cannot be had
    Fetch(FetchArgs),
}

/// A file to be archived.
#[derive(Args, Debug)]
pub struct PushArgs {
    /// Where it is: %p
    path: PathBuf,
    /// Its name: %f
    name: WalName,
    #[command(flatten)]
    place: PlaceArgs,
}

/// A file to be brought back.
#[derive(Args, Debug)]
pub struct FetchArgs {
    /// Its name: %f
    name: WalName,
    /// Where it is wanted: %p
    path: PathBuf,
    /// Take what was archived before there was a backup.key
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) fn run(command: &WalCommand, environment: &Environment) -> Result<(), Error> {
    match command {
        WalCommand::Push(args) => args.run(environment),
        WalCommand::Fetch(args) => args.run(environment).map_err(|error| match error {
            Error::NoSuchWal(_) => error,
            error => Error::WalUnfetched(Box::new(error)),
        }),
    }
}

impl PushArgs {
    fn run(&self, environment: &Environment) -> Result<(), Error> {
        let (settings, to) = self.place.load(environment)?;
        let archive = backups::wal_archive(&settings, &to)?;
        block_on(async { Ok(archive.push(&self.path, &self.name, &Rng::system()).await?) })
    }
}

impl FetchArgs {
    fn run(&self, environment: &Environment) -> Result<(), Error> {
        let (settings, to) = self.place.load(environment)?;
        let archive = backups::wal_archive(&settings, &to)?;
        let archive = if self.plain { archive.with_plain() } else { archive };
        match block_on(async { Ok(archive.fetch(&self.name, &self.path).await?) })? {
            true => Ok(()),
            false => Err(Error::NoSuchWal(self.name.clone())),
        }
    }
}
