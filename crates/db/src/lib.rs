//! Opens and migrates either database engine and hands out its transactions. Knows no capability.

mod blobs;
pub mod columns;
mod error;
mod migrations;
mod options;
mod postgres;
mod sqlite;
mod trace;
mod traced;
mod tx;

pub use blobs::{BlobError, BlobInfo, BlobKey, BlobKeyError, BlobStream, Blobs};
pub use error::Error;
pub use migrations::MigrationState;
pub use options::{Options, Url, UrlError};
pub use postgres::Postgres;
pub use sqlite::{Sqlite, WriteTurn};
pub use trace::{Place, Trace, Work};
pub use traced::{Lent, Turn};
pub use tx::{Connection, Tx};

/// An open database: cheap to clone, shared by every capability.
#[derive(Clone, Debug)]
pub struct Db(Engine);

/// The two engines, for a store that picks its own statements.
#[derive(Clone, Debug)]
pub enum Engine {
    /// A PostgreSQL server.
    Postgres(Postgres),
    /// An embedded SQLite file.
    Sqlite(Sqlite),
}

impl Db {
    /// Opens the database that `options.url` names; an SQLite file is made when it is missing.
    ///
    /// # Errors
    /// [`Error::Open`] when the server refuses or the file cannot be opened.
    pub async fn open(options: &Options) -> Result<Self, Error> {
        match &options.url {
            Url::Postgres(url) => Postgres::open(url, options).await.map(|db| Self(Engine::Postgres(db))),
            Url::Sqlite(path) => Sqlite::open(path).await.map(|db| Self(Engine::Sqlite(db))),
        }
    }

    /// The engine, for stores.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.0
    }

    /// What it is and where, for spans.
    #[must_use]
    pub const fn place(&self) -> &Place {
        match &self.0 {
            Engine::Postgres(db) => db.place(),
            Engine::Sqlite(db) => db.place(),
        }
    }

    /// A transaction that may write. On SQLite it waits for its turn as the one writer.
    ///
    /// # Errors
    /// [`Error::Sql`] when no connection can be had in time.
    pub async fn begin(&self) -> Result<Tx, Error> {
        match &self.0 {
            Engine::Postgres(db) => db.begin().await.map(Tx::postgres),
            Engine::Sqlite(db) => db.write().await.map(Tx::sqlite),
        }
    }

    /// Brings the schema to this version of the program.
    ///
    /// # Errors
    /// [`Error::Migrate`], for instance when the database was written by a newer version.
    pub async fn migrate(&self) -> Result<(), Error> {
        match &self.0 {
            Engine::Postgres(db) => {
                // A connection of its own: a migration may take as long as it must.
                let mut connection = db.primary_pool().acquire().await?.detach();
                sqlx::query("SET statement_timeout = 0").execute(&mut connection).await?;
                migrations::postgres().run(&mut connection).await?;
            }
            Engine::Sqlite(db) => migrations::sqlite().run(db.writer_pool()).await?,
        }
        Ok(())
    }

    /// Whether the schema is at this version of the program.
    ///
    /// # Errors
    /// [`Error::Sql`] when the database does not answer.
    pub async fn migration_state(&self) -> Result<MigrationState, Error> {
        migrations::state(&self.0).await
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`Error::Sql`] when it gives none.
    pub async fn ping(&self) -> Result<(), Error> {
        match &self.0 {
            Engine::Postgres(db) => sqlx::query("SELECT 1").execute(db.primary()).await.map(drop)?,
            Engine::Sqlite(db) => sqlx::query("SELECT 1").execute(db.readers()).await.map(drop)?,
        }
        Ok(())
    }

    /// Closes every connection once its work is done; SQLite folds its log back into the file.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Postgres(db) => db.close().await,
            Engine::Sqlite(db) => db.close().await,
        }
    }
}
