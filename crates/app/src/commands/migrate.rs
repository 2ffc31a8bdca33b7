//! `comporta migrate`: brings the database to this version.

use comporta_db::{Db, MigrationState};

use super::{Error, block_on, print};
use crate::arguments::SettingsArgs;
use crate::settings::Environment;

/// Migrates the database of the settings.
///
/// # Errors
/// Faults of the settings, or a database that cannot be migrated.
pub fn run(args: &SettingsArgs, environment: &Environment) -> Result<(), Error> {
    let settings = args.load(environment)?;
    let options = settings.database_options().map_err(crate::wiring::Error::from)?;
    block_on(async {
        let db = Db::open(&options).await.map_err(crate::wiring::Error::from)?;
        let before = db.migration_state().await.map_err(crate::wiring::Error::from)?;
        db.migrate().await.map_err(crate::wiring::Error::from)?;
        db.close().await;
        let place = options.url.redacted();
        print(&match before {
            MigrationState::Current => format!("{place} is at this version already\n"),
            _ => format!("{place} was brought to this version\n"),
        })
    })
}
