//! Bringing a database back.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use comporta_db::Url;
use comporta_kernel::{Causes, Timestamp};
use serde_json::json;

use super::create::PEPPER;
use super::verify::{equal, first};
use super::{Backups, Choice, measured};
use crate::model::{BackupId, Kind, Manifest, Totals};
use crate::postgres::{Address, RestoreTo};
use crate::{Error, postgres, sqlite, store};

/// What is to be restored, and where to.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// Which backup.
    pub choice: Choice,
    /// Lose what the target holds.
    pub overwrite: bool,
    /// The folder that is to become a PostgreSQL cluster, from a base backup.
    pub cluster: Option<PathBuf>,
    /// The instant to which that cluster is to be brought; as far as the archived log goes without one.
    pub to_time: Option<Timestamp>,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// From which backup.
    pub id: BackupId,
    /// How it was made.
    pub kind: Kind,
    /// Up to when what was committed is in it, as far as the backup alone can say.
    pub started_at: Timestamp,
    /// What the database holds now; not known of a cluster that has yet to be started.
    pub totals: Option<Totals>,
    /// What became of the pepper.
    pub pepper: Pepper,
}

/// What became of the file that API keys are hashed under.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pepper {
    /// The backup holds none: it must be brought back from elsewhere.
    NotInBackup,
    /// It was here already.
    Same,
    /// It was written.
    Restored,
    /// Another one is here, and stays: with it no API key of the backup is good.
    Differs,
}

impl Backups {
    /// Restores a backup into the database of the settings, or into a cluster. Every byte is checked before anything is
    /// touched; the database is replaced whole, or stays as it was.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] without `overwrite`, [`Error::InUse`]; [`Error::Damaged`]; when anything fails.
    pub async fn restore(&self, options: &RestoreOptions) -> Result<Restored, Error> {
        measured("restore", self.restore_unmeasured(options)).await
    }

    async fn restore_unmeasured(&self, options: &RestoreOptions) -> Result<Restored, Error> {
        let manifest = self.choose_for(options).await?;
        let scratch = self.scratch()?;
        sqlite::needs_room(scratch.path(), manifest.size())?;
        self.refuse_what_would_be_lost(&manifest, options).await?;
        if let Some(folder) = self.folder_of_files(options) {
            fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
            sqlite::needs_room(&folder, manifest.unpacked())?;
        }
        for piece in &manifest.pieces {
            self.0.repository.fetch(manifest.id, piece, scratch.path()).await?;
        }
        let fetched = first(&manifest, scratch.path());
        let totals = match (manifest.kind, &self.0.database, &options.cluster) {
            (Kind::Sqlite, Url::Sqlite(path), None) => {
                Some(self.restore_file(&manifest, &fetched, path).await?)
            }
            (Kind::Dump, Url::Postgres(url), None) => {
                Some(self.restore_dump(&manifest, &fetched, url).await?)
            }
            (Kind::Base, _, Some(cluster)) => {
                let to = options.to_time.map_or(RestoreTo::Latest, RestoreTo::Time);
                let (repository, command) = (&self.0.repository, &self.restore_command(&manifest));
                postgres::unpack_cluster(repository, &manifest, &fetched, cluster, to, command).await?;
                None
            }
            (Kind::Base, _, None) => return Err(Error::NoCluster),
            (kind, database, cluster) => {
                let target = match (database, cluster) {
                    (_, Some(_)) => "a cluster",
                    (Url::Sqlite(_), None) => "SQLite",
                    (Url::Postgres(_), None) => "PostgreSQL",
                };
                return Err(Error::WrongEngine { id: manifest.id, kind: kind.name(), target });
            }
        };
        let pepper = self.restore_pepper(&manifest, scratch.path())?;
        let (id, kind, started_at) = (manifest.id, manifest.kind, manifest.started_at);
        tracing::info!(%id, %kind, "a backup was restored");
        if totals.is_some() {
            self.note("backup.restored", id, json!({"kind": kind.name(), "of": started_at})).await;
        }
        Ok(Restored { id, kind, started_at, totals, pepper })
    }

    async fn choose_for(&self, options: &RestoreOptions) -> Result<Manifest, Error> {
        if options.to_time.is_some() && matches!(self.0.database, Url::Sqlite(_)) {
            return Err(Error::NoPointInTime);
        }
        if options.to_time.is_some() && options.cluster.is_none() {
            return Err(Error::NoCluster);
        }
        let kind = if options.cluster.is_some() { Kind::Base } else { self.usual_kind() };
        self.choose(options.choice, Some(kind), options.to_time).await
    }

    async fn refuse_what_would_be_lost(
        &self,
        manifest: &Manifest,
        options: &RestoreOptions,
    ) -> Result<(), Error> {
        let (empty, target) = match (&options.cluster, &self.0.database) {
            (Some(cluster), _) => (postgres::cluster_is_empty(cluster)?, cluster.display().to_string()),
            (None, Url::Sqlite(path)) => (sqlite::is_empty(path).await?, path.display().to_string()),
            (None, database @ Url::Postgres(url)) => {
                let mut connection = store::postgres::connect(url).await?;
                (!store::postgres::holds_tables(&mut connection).await?, database.redacted())
            }
        };
        if empty || options.overwrite {
            return Ok(());
        }
        tracing::debug!(id = %manifest.id, target, "not overwritten");
        Err(Error::NotEmpty(target))
    }

    /// Where the unpacked files will lie, unless a server keeps them.
    fn folder_of_files(&self, options: &RestoreOptions) -> Option<PathBuf> {
        match (&options.cluster, &self.0.database) {
            (Some(cluster), _) => Some(cluster.clone()),
            (None, Url::Sqlite(path)) => Some(sqlite::folder_of(path).to_owned()),
            (None, Url::Postgres(_)) => None,
        }
    }

    async fn restore_file(&self, manifest: &Manifest, fetched: &Path, path: &Path) -> Result<Totals, Error> {
        let ready = sqlite::place_beside(path, manifest.id);
        let replaced = async {
            let totals = sqlite::unpack(&self.0.repository, manifest, fetched, &ready).await?;
            equal(manifest, &totals)?;
            sqlite::replace(path, &ready, manifest.id).await?;
            Ok(totals)
        };
        let replaced = replaced.await;
        if replaced.is_err() {
            let _ = fs::remove_file(&ready);
        }
        replaced
    }

    async fn restore_dump(&self, manifest: &Manifest, fetched: &Path, url: &str) -> Result<Totals, Error> {
        let address = Address::parse(url)?;
        let programs = self.0.options.postgres_programs.as_deref();
        let mut connection = store::postgres::connect(address.full()).await?;
        if store::postgres::is_in_use(&mut connection).await? {
            return Err(Error::InUse(self.0.database.redacted()));
        }
        store::postgres::put_aside(&mut connection).await?;
        let restored =
            postgres::restore_dump(&self.0.repository, manifest, fetched, &address, programs).await;
        match restored.and_then(|totals| equal(manifest, &totals).map(|()| totals)) {
            Ok(totals) => {
                store::postgres::forget_aside(&mut connection).await?;
                Ok(totals)
            }
            Err(error) => {
                if let Err(lost) = store::postgres::take_back(&mut connection).await {
                    let where_it_is = "what the database held waits in the schema comporta_before_restore";
                    tracing::error!(error = %Causes(&lost), "{where_it_is}");
                }
                Err(error)
            }
        }
    }

    fn restore_pepper(&self, manifest: &Manifest, folder: &Path) -> Result<Pepper, Error> {
        let held = manifest.pieces.iter().any(|piece| piece.name == PEPPER);
        let Some(path) = self.0.options.pepper.as_ref().filter(|_| held) else {
            return Ok(Pepper::NotInBackup);
        };
        let (mut kept, fetched) = (Vec::new(), folder.join(PEPPER));
        self.0
            .repository
            .open(manifest, PEPPER, &fetched)?
            .read_to_end(&mut kept)
            .map_err(Error::file(&fetched))?;
        if path.exists() {
            let here = fs::read(path).map_err(Error::file(path))?;
            return Ok(if here == kept { Pepper::Same } else { Pepper::Differs });
        }
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let written = written.and_then(|mut file| file.write_all(&kept).and_then(|()| file.sync_all()));
        written.map_err(Error::file(path))?;
        Ok(Pepper::Restored)
    }
}
