//! The logical backup: `pg_dump` in its custom format, and `pg_restore` in one transaction.

use std::path::Path;

use comporta_kernel::Rng;

use super::address::Address;
use super::process::{self, Output};
use super::programs::{Fits, Programs};
use crate::flow::is_of_the_bytes;
use crate::model::{BackupId, Manifest, Piece, Totals};
use crate::repository::Repository;
use crate::{Error, store};

/// The one piece of such a backup: `gunzip` makes of it what `pg_restore` reads.
const PIECE: &str = "database.dump.gz";

/// Dumps a database that may be in use, and counts what the very same state of it holds.
pub(crate) async fn make_dump(
    repository: &Repository,
    address: &Address,
    folder: Option<&Path>,
    id: BackupId,
    rng: &Rng,
) -> Result<(Piece, Totals, u32), Error> {
    let mut connection = store::postgres::connect(address.full()).await?;
    let version = store::postgres::version(&mut connection).await?;
    let mut command = Programs::new(folder, version).client("pg_dump", address)?;
    let snapshot = store::postgres::share_snapshot(&mut connection).await?;
    // Compressed by us, like everything else.
    command.args(["--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--schema=public"]);
    command.arg(format!("--snapshot={snapshot}"));
    let failed = |source| Error::Program { program: "pg_dump", source };
    let kept = repository.keep(id, PIECE, Output::of(&mut command).map_err(failed)?, rng).await?;
    let totals = store::postgres::totals(&mut connection).await?;
    Ok((kept, totals, version))
}

/// Restores a fetched dump into a database that holds nothing: all of it, or nothing.
pub(crate) async fn restore_dump(
    repository: &Repository,
    manifest: &Manifest,
    fetched: &Path,
    address: &Address,
    folder: Option<&Path>,
) -> Result<Totals, Error> {
    let mut connection = store::postgres::connect(address.full()).await?;
    let version = store::postgres::version(&mut connection).await?;
    // Its archives are read by programs that are no older than what wrote them.
    let programs = Programs::new(folder, version.max(manifest.server.unwrap_or(0)));
    let mut command = programs.client("pg_restore", address)?;
    command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]);
    // What stands in the schema, and not the schema itself: that is there.
    command.arg("--schema=public");
    let mut source = repository.open(manifest, PIECE, fetched)?;
    process::in_background("pg_restore", move || process::feed(&mut command, &mut source)).await?;
    Ok(store::postgres::totals(&mut connection).await?)
}

/// Whether `pg_restore` can read a fetched dump from its beginning to its end, without any server.
pub(crate) async fn is_readable(
    repository: &Repository,
    manifest: &Manifest,
    fetched: &Path,
    folder: Option<&Path>,
) -> Result<bool, Error> {
    let programs = Programs::new(folder, manifest.server.unwrap_or(0));
    let mut command = programs.command("pg_restore", Fits::NotOlder)?;
    command.arg("--file=/dev/null");
    let mut source = repository.open(manifest, PIECE, fetched)?;
    match process::in_background("pg_restore", move || process::feed(&mut command, &mut source)).await {
        Ok(()) => Ok(true),
        Err(Error::Program { source, .. }) if process::refused(&source) || is_of_the_bytes(&source) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
