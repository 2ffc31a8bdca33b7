//! Making a backup while the database serves.

use std::fs::File;

use comporta_db::Url;
use serde_json::json;

use super::{Backups, measured};
use crate::model::{BackupId, Kind, Manifest};
use crate::postgres::Address;
use crate::{Error, postgres, sqlite};

/// The piece that holds the pepper, in backups that are encrypted.
pub(super) const PEPPER: &str = "pepper.gz";

impl Backups {
    /// Makes a backup of this kind. It is there once all of it is; what fails on the way leaves nothing to be listed.
    ///
    /// # Errors
    /// When the database, a program or the place fails; when the kind is another engine's.
    pub async fn create(&self, kind: Kind) -> Result<Manifest, Error> {
        measured("create", self.create_unmeasured(kind)).await
    }

    async fn create_unmeasured(&self, kind: Kind) -> Result<Manifest, Error> {
        let id = self.ids().next();
        let made = match self.make(id, kind).await {
            Ok(made) => made,
            Err(error) => {
                // What is left would never be listed, and is pruned later in any case.
                let _ = self.0.repository.delete(id).await;
                return Err(error);
            }
        };
        metrics::gauge!("comporta_backup_bytes", "kind" => kind.name()).set(made.size() as f64);
        let detail = json!({"kind": kind.name(), "bytes": made.size(), "rows": made.totals.rows()});
        self.note("backup.created", id, detail).await;
        tracing::info!(%id, %kind, bytes = made.size(), rows = made.totals.rows(), "a backup was made");
        Ok(made)
    }

    async fn make(&self, id: BackupId, kind: Kind) -> Result<Manifest, Error> {
        let (inner, started_at) = (&*self.0, self.0.clock.now());
        let mut manifest = Manifest {
            format: Manifest::FORMAT,
            id,
            kind,
            made_by: inner.options.made_by.to_owned(),
            started_at,
            finished_at: started_at,
            key: inner.repository.keys().current().map(crate::Key::id),
            wal_from: None,
            server: None,
            pieces: Vec::new(),
            totals: crate::Totals::default(),
        };
        let programs = inner.options.postgres_programs.as_deref();
        match (kind, &inner.database) {
            (Kind::Sqlite, Url::Sqlite(path)) => {
                let scratch = self.scratch()?;
                let (copy, totals) = sqlite::copy(path, scratch.path()).await?;
                let copy = File::open(&copy).map_err(Error::file(&copy))?;
                manifest.pieces.push(inner.repository.keep(id, sqlite::PIECE, copy, &inner.rng).await?);
                manifest.totals = totals;
            }
            (Kind::Dump, Url::Postgres(url)) => {
                let address = Address::parse(url)?;
                let made = postgres::make_dump(&inner.repository, &address, programs, id, &inner.rng).await?;
                let (piece, totals, version) = made;
                manifest.pieces.push(piece);
                (manifest.totals, manifest.server) = (totals, Some(version));
            }
            (Kind::Base, Url::Postgres(url)) => {
                let address = Address::parse(url)?;
                let base = postgres::make_base(&inner.repository, &address, programs, id, &inner.rng).await?;
                manifest.pieces.push(base.piece);
                (manifest.totals, manifest.server) = (base.totals, Some(base.version));
                manifest.wal_from = Some(base.wal_from);
            }
            (kind, Url::Sqlite(_)) => {
                return Err(Error::WrongEngine { id, kind: kind.name(), target: "SQLite" });
            }
            (kind, Url::Postgres(_)) => {
                return Err(Error::WrongEngine { id, kind: kind.name(), target: "PostgreSQL" });
            }
        }
        self.keep_pepper(&mut manifest).await?;
        manifest.finished_at = inner.clock.now();
        inner.repository.complete(&manifest).await?;
        Ok(manifest)
    }

    /// Without the pepper no API key of a restored database is good. It is a secret: only encrypted backups hold it.
    async fn keep_pepper(&self, manifest: &mut Manifest) -> Result<(), Error> {
        let inner = &*self.0;
        let (Some(path), Some(_)) = (&inner.options.pepper, &manifest.key) else { return Ok(()) };
        if path.exists() {
            let file = File::open(path).map_err(Error::file(path))?;
            manifest.pieces.push(inner.repository.keep(manifest.id, PEPPER, file, &inner.rng).await?);
        }
        Ok(())
    }
}
