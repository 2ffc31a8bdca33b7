//! What joins backups to the rest: where they go, under which key, who proves them, and where acts are noted.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use comporta_backup::{Backups, Doubt, Failure, Key, Keys, Options, Proves, Repository, Trail, WalArchive};
use comporta_db::{BlobError, Blobs, Db, MigrationState, Url};
use comporta_kernel::{Clock, IdSource, Rng};
use comporta_ledger::Ledger;
use comporta_partners::{Act, Actor, Partners};
use serde_json::Value;
use tokio::runtime::Handle;

use super::{App, Error, ledger_options};
use crate::settings::Settings;

/// Connections that looking into a restored database takes.
const CONNECTIONS: u32 = 4;

/// Backups to the place of the settings, if they name one.
pub(super) fn scheduled(
    settings: &Settings,
    clock: &Clock,
    rng: &Rng,
    trail: Arc<dyn Trail>,
) -> Result<Option<Backups>, Error> {
    let Some(to) = &settings.backup.to else { return Ok(None) };
    open(settings, to, clock, rng, trail).map(Some)
}

/// Backups to a place.
///
/// # Errors
/// When the place, or the archive's, cannot be opened.
pub fn open(
    settings: &Settings,
    to: &str,
    clock: &Clock,
    rng: &Rng,
    trail: Arc<dyn Trail>,
) -> Result<Backups, Error> {
    let repository = Repository::new(blobs(to)?, keys(settings));
    let proves = Arc::new(RecomputesBalances(settings.clone(), clock.clone(), rng.clone()));
    let database = settings.database_options()?.url;
    let options = options(settings, to)?;
    Ok(Backups::new(repository, database, options, clock.clone(), rng.clone(), (proves, trail)))
}

/// The archive of PostgreSQL's log in a place.
///
/// # Errors
/// When the place cannot be opened.
pub fn wal_archive(settings: &Settings, to: &str) -> Result<WalArchive, Error> {
    Ok(WalArchive::new(blobs(to)?, keys(settings)))
}

fn options(settings: &Settings, to: &str) -> Result<Options, Error> {
    let backup = &settings.backup;
    let archive = backup.archive.as_deref();
    let in_archive = archive.is_some_and(|archive| Blobs::is_same_place(archive, to));
    Ok(Options {
        keep_days: backup.keep_days.get(),
        archive: archive.filter(|_| !in_archive).map(blobs).transpose()?,
        in_archive,
        scratch: settings.scratch_folder(),
        postgres_programs: backup.postgres_programs.clone(),
        verify: backup.verify,
        point_in_time: backup.point_in_time,
        restore_command: restore_command(settings.file.as_deref(), to),
        pepper: settings.security.pepper.is_none().then(|| settings.pepper_file()),
        made_by: env!("CARGO_PKG_VERSION"),
    })
}

fn blobs(address: &str) -> Result<Blobs, BlobError> {
    // S3 is reached by what the environment says under AWS' own names.
    Blobs::open(address, &std::env::vars().collect())
}

fn keys(settings: &Settings) -> Keys {
    let backup = &settings.backup;
    Keys::new(backup.key.as_ref().map(Key::of), backup.old_keys.iter().map(Key::of).collect())
}

/// What a server that recovers runs for each segment: this program, from whatever folder. No secret is in it; the key
/// comes by the settings file, or by the server's environment.
fn restore_command(file: Option<&Path>, to: &str) -> String {
    let program =
        std::env::current_exe().map_or_else(|_| "comporta".into(), |path| path.display().to_string());
    let place = if to.starts_with("s3://") || to.starts_with("file:") {
        to.to_owned()
    } else {
        std::path::absolute(to).map_or_else(|_| to.to_owned(), |path| path.display().to_string())
    };
    let config =
        file.map(|file| format!(" --config {}", word(&file.display().to_string()))).unwrap_or_default();
    format!("{} backup wal fetch %f %p --to {}{config}", word(&program), word(&place))
}

/// A word of a shell's command in which PostgreSQL replaces `%f` and the like.
fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''").replace('%', "%%"))
}

/// Notes acts in the audit trail of the running program.
#[derive(Debug)]
pub struct AuditTrail(pub(super) Partners);

#[async_trait]
impl Trail for AuditTrail {
    async fn note(&self, act: &'static str, backup: &str, detail: Value) -> Result<(), Failure> {
        Ok(self.0.audit(Act::new(act, backup).with(detail)).await?)
    }
}

/// Notes acts of the command line in the audit trail of a database that may be lost: it is opened for each, and never
/// made.
#[derive(Debug)]
pub struct CommandLineTrail(pub Settings);

#[async_trait]
impl Trail for CommandLineTrail {
    async fn note(&self, act: &'static str, backup: &str, detail: Value) -> Result<(), Failure> {
        let settings = Settings { migrate_on_start: false, ..self.0.clone() };
        if let Url::Sqlite(path) = settings.database_options()?.url
            && !path.exists()
        {
            return Ok(());
        }
        let act = Act::new(act, backup).with(detail);
        apart(async move || {
            let app = App::open(settings, Clock::system(), Rng::system()).await?;
            let noted = app.partners.acting(Actor::command_line()).audit(act).await;
            app.db.close().await;
            Ok(noted?)
        })
        .await
    }
}

/// Opens databases on a thread of its own: the compiler does not see that such work may move between threads.
async fn apart<T: Send + 'static>(
    work: impl AsyncFnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work())).await?
}

/// Recomputes every balance of a restored database.
#[derive(Clone, Debug)]
struct RecomputesBalances(Settings, Clock, Rng);

/// Sums in a restored database that are not the sums of their entries.
#[derive(Debug, thiserror::Error)]
#[error("{count} sums are not the sum of their entries, the first: {first}")]
struct BalancesDiffer {
    count: usize,
    first: String,
}

#[async_trait]
impl Proves for RecomputesBalances {
    async fn prove(&self, database: &Url) -> Result<(), Doubt> {
        let (looks, url) = (self.clone(), database.clone());
        let differs = apart(async move || {
            let options = comporta_db::Options { url, read_url: None, max_connections: CONNECTIONS };
            let db = Db::open(&options).await?;
            let differs = looks.recompute(&db).await;
            db.close().await;
            differs
        });
        differs.await?.map_or(Ok(()), |differs| Err(Doubt::Differs(differs.into())))
    }
}

impl RecomputesBalances {
    async fn recompute(&self, db: &Db) -> Result<Option<BalancesDiffer>, Failure> {
        let Self(settings, clock, rng) = self;
        match db.migration_state().await? {
            MigrationState::Current => {}
            MigrationState::Ahead => return Err(Error::FromNewerVersion.into()),
            // What an older version made is brought to this one, as it would be after a restore.
            MigrationState::Empty | MigrationState::Behind => db.migrate().await?,
        }
        let ids = IdSource::new(clock.clone(), rng.clone());
        let ledger = Ledger::new(db.clone(), clock.clone(), ids, ledger_options(settings));
        let differences = ledger.verify().await?.differences;
        let first = differences.first().map(ToString::to_string);
        Ok(first.map(|first| BalancesDiffer { count: differences.len(), first }))
    }
}
