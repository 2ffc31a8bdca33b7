//! Proving a backup: it is restored beside the database, counted, and looked into.

use std::path::Path;

use comporta_db::Url;
use comporta_kernel::{Causes, Timestamp};
use serde_json::json;
use tempfile::TempDir;

use super::{Backups, Choice, Doubt, measured};
use crate::model::{BackupId, Check, Difference, Kind, Manifest, Totals};
use crate::postgres::{Address, RestoreTo, ScratchCluster};
use crate::{Error, flow, postgres, sqlite, store};

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The backup.
    pub id: BackupId,
    /// How it was made.
    pub kind: Kind,
    /// When it was begun.
    pub started_at: Timestamp,
    /// What the restored database held.
    pub totals: Totals,
}

impl Backups {
    /// Restores a backup into a scratch database, compares its totals with those of its making, and recomputes every
    /// balance. What comes of it is kept with the backup.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Unproven`] when the backup is no good; other errors say nothing of it.
    pub async fn verify(&self, choice: Choice) -> Result<Proof, Error> {
        measured("verify", self.verify_unmeasured(choice)).await
    }

    async fn verify_unmeasured(&self, choice: Choice) -> Result<Proof, Error> {
        let manifest = self.choose(choice, None, None).await?;
        let id = manifest.id;
        let outcome = self.restore_and_look(&manifest).await;
        let fault = outcome
            .as_ref()
            .err()
            .filter(|error| error.is_of_the_backup())
            .map(|error| Causes(error).to_string());
        if outcome.is_ok() || fault.is_some() {
            let check = Check { at: self.0.clock.now(), fault: fault.clone() };
            self.0.repository.note(id, &check).await?;
            self.note("backup.verified", id, json!({"good": fault.is_none(), "fault": fault})).await;
        }
        let totals = outcome?;
        tracing::info!(%id, kind = %manifest.kind, rows = totals.rows(), "a backup was restored and is good");
        Ok(Proof { id, kind: manifest.kind, started_at: manifest.started_at, totals })
    }

    async fn restore_and_look(&self, manifest: &Manifest) -> Result<Totals, Error> {
        let scratch = self.scratch()?;
        // A dump is read as it lies; the others are files once more.
        let unpacked = if manifest.kind == Kind::Dump { 0 } else { manifest.unpacked() };
        sqlite::needs_room(scratch.path(), manifest.size() + unpacked)?;
        for piece in &manifest.pieces {
            self.0.repository.fetch(manifest.id, piece, scratch.path()).await?;
        }
        match (manifest.kind, &self.0.database) {
            (Kind::Sqlite, _) => self.look_into_file(manifest, &scratch).await,
            (Kind::Dump, Url::Postgres(url)) => self.look_into_dump(manifest, &scratch, url).await,
            (Kind::Base, Url::Postgres(url)) => self.look_into_cluster(manifest, &scratch, url).await,
            (kind, Url::Sqlite(_)) => {
                Err(Error::WrongEngine { id: manifest.id, kind: kind.name(), target: "SQLite" })
            }
        }
    }

    async fn look_into_file(&self, manifest: &Manifest, scratch: &TempDir) -> Result<Totals, Error> {
        let restored = scratch.path().join("restored.db");
        let fetched = scratch.path().join(sqlite::PIECE);
        let unpacked = sqlite::unpack(&self.0.repository, manifest, &fetched, &restored).await;
        let totals = unpacked.map_err(|error| blamed(manifest, error))?;
        equal(manifest, &totals)?;
        self.prove(manifest, &Url::Sqlite(restored)).await?;
        Ok(totals)
    }

    async fn look_into_dump(
        &self,
        manifest: &Manifest,
        scratch: &TempDir,
        url: &str,
    ) -> Result<Totals, Error> {
        let address = Address::parse(url)?;
        let name = format!("comporta_verify_{}", manifest.id);
        let beside = address.of_database(&name);
        let mut connection = store::postgres::connect(address.full()).await?;
        store::postgres::create_beside(&mut connection, &name).await?;
        let looked = async {
            let programs = self.0.options.postgres_programs.as_deref();
            let fetched = first(manifest, scratch.path());
            let restored =
                postgres::restore_dump(&self.0.repository, manifest, &fetched, &beside, programs).await;
            let totals = match restored {
                Ok(totals) => totals,
                // The server may have been full, or away: what nobody can read at all is the dump's fault.
                Err(error) => {
                    let readable = postgres::is_readable(&self.0.repository, manifest, &fetched, programs);
                    return Err(if readable.await? { error } else { unproven(manifest, &error) });
                }
            };
            equal(manifest, &totals)?;
            self.prove(manifest, &Url::Postgres(beside.full().to_owned())).await?;
            Ok(totals)
        };
        let looked = looked.await;
        store::postgres::drop_beside(&mut connection, &name).await?;
        looked
    }

    async fn look_into_cluster(
        &self,
        manifest: &Manifest,
        scratch: &TempDir,
        url: &str,
    ) -> Result<Totals, Error> {
        let address = Address::parse(url)?;
        let (folder, data) = (scratch.path(), scratch.path().join("cluster"));
        let (inner, fetched) = (&*self.0, first(manifest, folder));
        let command = &self.restore_command(manifest);
        postgres::unpack_cluster(&inner.repository, manifest, &fetched, &data, RestoreTo::Backup, command)
            .await
            .map_err(|error| blamed(manifest, error))?;
        let programs = inner.options.postgres_programs.as_deref();
        let version = manifest.server.unwrap_or_default();
        let started = ScratchCluster::start(programs, version, folder, &data).await;
        let lacks_log = || ScratchCluster::lacks_log(folder);
        let cluster =
            started.map_err(|error| if lacks_log() { unproven(manifest, &error) } else { error })?;
        let user = address.user().unwrap_or_else(|| "postgres".to_owned());
        let database = address.database().unwrap_or_else(|| user.clone());
        cluster.recovered(&user, &database).await?;
        let own = cluster.url(&user, &database);
        let mut connection = store::postgres::connect(&own).await?;
        let totals = store::postgres::totals(&mut connection).await?;
        drop(connection);
        told(manifest, manifest.totals.shortfalls(&totals))?;
        self.prove(manifest, &Url::Postgres(own)).await?;
        cluster.stop().await?;
        Ok(totals)
    }

    async fn prove(&self, manifest: &Manifest, database: &Url) -> Result<(), Error> {
        self.0.proves.prove(database).await.map_err(|doubt| match doubt {
            Doubt::Differs(error) => unproven(manifest, &*error),
            Doubt::Unlooked(error) => Error::Unlooked(error),
        })
    }
}

/// The one piece that holds the database.
pub(super) fn first(manifest: &Manifest, folder: &Path) -> std::path::PathBuf {
    manifest.pieces.first().map_or_else(|| folder.join("nothing"), |piece| folder.join(&piece.name))
}

/// Whether the totals are those of the making.
pub(super) fn equal(manifest: &Manifest, totals: &Totals) -> Result<(), Error> {
    told(manifest, manifest.totals.differences(totals))
}

fn told(manifest: &Manifest, differences: Vec<Difference>) -> Result<(), Error> {
    if differences.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    Err(Error::Unproven { id: manifest.id, fault: told.join("; ") })
}

/// What its bytes say, which are those that were written, is the backup's fault; a full disk is not.
fn blamed(manifest: &Manifest, error: Error) -> Error {
    let is_its_fault = match &error {
        Error::File { source, .. } | Error::Program { source, .. } => flow::is_of_the_bytes(source),
        Error::Sql(error) => store::sqlite::is_ruined(error) || store::sqlite::is_unsound(error),
        _ => false,
    };
    if is_its_fault { unproven(manifest, &error) } else { error }
}

fn unproven(manifest: &Manifest, fault: &(dyn std::error::Error + 'static)) -> Error {
    Error::Unproven { id: manifest.id, fault: Causes(fault).to_string() }
}
