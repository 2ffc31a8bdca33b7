//! Settings: built-in defaults < `comporta.yaml` < environment < flags, each fault told with its place.

mod checks;
mod environment;
mod fault;
mod load;
mod read;
mod schema;
mod secret;
mod sections;
mod tree;
mod values;
mod yaml;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use comporta_db::{Options, Url, UrlError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use environment::{CONFIG_VARIABLE, Environment};
pub use fault::{Fault, Faults};
pub use load::{Flag, Sources, load};
pub use schema::schema;
pub use secret::Secret;
pub use sections::{
    DatabaseSettings, DocsAuth, DocsSettings, HttpSettings, LedgerSettings, LogFormat, LogSettings, Role,
    SecuritySettings,
};
pub use tree::{Origin, Position};
pub use values::{AccessLog, ByteSize, Interval, LogLevel, TimeOfDay, ValueError};

/// The text of `comporta.default.yaml`: every setting with its default and its reason.
pub const DEFAULTS: &str = include_str!("../../../comporta.default.yaml");

/// Every setting of a process, valid.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port of the public listener, where partners call.
    #[schemars(with = "String")]
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    /// Address and port of the private listener: health, metrics, administration.
    #[schemars(with = "String")]
    #[serde(deserialize_with = "values::address")]
    pub private_listen: SocketAddr,
    /// Folder of everything this process keeps on disk.
    pub data_dir: PathBuf,
    /// What this process runs; roles other than `jobs` need `gateway` beside them.
    pub roles: BTreeSet<Role>,
    /// Threads of the runtime that the services share; 0 for one per core.
    pub workers: usize,
    /// Bring the database to this version before serving.
    pub migrate_on_start: bool,
    /// Give an empty database a demonstration company, its key and a staff user.
    pub first_run: bool,
    /// The database.
    pub database: DatabaseSettings,
    /// What is logged, how and where.
    pub log: LogSettings,
    /// The documents for partners' developers.
    pub docs: DocsSettings,
    /// The listeners' limits.
    pub http: HttpSettings,
    /// Accounts, entries and balances.
    pub ledger: LedgerSettings,
    /// Keys of the installation.
    pub security: SecuritySettings,
}

impl Settings {
    /// How to open the database: the one set, or the file `comporta.db` in the data folder.
    ///
    /// # Errors
    /// None for settings that were loaded: their addresses have been checked.
    pub fn database_options(&self) -> Result<Options, UrlError> {
        let url = match &self.database.url {
            Some(url) => url.expose().parse()?,
            None => Url::Sqlite(self.data_dir.join("comporta.db")),
        };
        let read_url = self.database.read_url.as_ref().map(|url| url.expose().parse()).transpose()?;
        Ok(Options { url, read_url, max_connections: self.database.max_connections.get() })
    }

    /// The file that holds the pepper, when it is not given as a secret (`security.pepper`).
    #[must_use]
    pub fn pepper_file(&self) -> PathBuf {
        self.data_dir.join("pepper")
    }
}

#[cfg(test)]
mod tests;
