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
    /// Bring a file back: restore_command = 'comporta backup wal fetch %f %p'; exits 1 when there is none
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
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) fn run(command: &WalCommand, environment: &Environment) -> Result<(), Error> {
    let (WalCommand::Push(PushArgs { place, .. }) | WalCommand::Fetch(FetchArgs { place, .. })) = command;
    let (settings, to) = place.load(environment)?;
    block_on(async {
        let archive = backups::wal_archive(&settings, &to)?;
        match command {
            WalCommand::Push(PushArgs { path, name, .. }) => {
                Ok(archive.push(path, name, &Rng::system()).await?)
            }
            WalCommand::Fetch(FetchArgs { name, path, .. }) => match archive.fetch(name, path).await? {
                true => Ok(()),
                false => Err(Error::NoSuchWal(name.clone())),
            },
        }
    })
}
