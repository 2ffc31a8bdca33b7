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
mod watching;
mod yaml;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use comporta_db::{Options, Url, UrlError};
use comporta_gateway::config::{AuthMethod, Config, Issuer, Proxies, Redis, Route, Tls, Upstreams};
use comporta_mail::Transport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use comporta_kernel::{ByteSize, Interval, Secret, ValueError};
pub use environment::{CONFIG_VARIABLE, Environment};
pub use fault::{Fault, Faults};
pub use load::{Flag, Sources, load};
pub use schema::schema;
pub(crate) use secret::{SecretError, resolve};
pub use sections::{
    BackupSettings, BillingSettings, BoletosSettings, DatabaseSettings, DocsAuth, DocsSettings, HttpSettings,
    IdentitySettings, LedgerSettings, LogFormat, LogSettings, MailSettings, MailTransport, MeterSettings,
    RequestLogSettings, Role, SecuritySettings, SentrySettings, TracingSettings,
};
pub use tree::{Origin, Position};
pub use values::{LogLevel, Outlet, TimeOfDay};
pub use watching::{AlertsSettings, MetricsSettings};

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
    /// Address and port on which services that run without the gateway wait for gateways.
    #[schemars(with = "String")]
    #[serde(deserialize_with = "values::address")]
    pub service_listen: SocketAddr,
    /// Folder of everything this process keeps on disk.
    pub data_dir: PathBuf,
    /// What this process runs.
    pub roles: BTreeSet<Role>,
    /// Cores of the gateway, and threads that the services share; 0 for one per core of the machine.
    pub workers: usize,
    /// Bring the database to this version before serving.
    pub migrate_on_start: bool,
    /// Give an empty database a demonstration company, its key and a staff user.
    pub first_run: bool,
    /// The database.
    pub database: DatabaseSettings,
    /// What is logged, how and where.
    pub log: LogSettings,
    /// Traces of requests, and where they are sent.
    pub tracing: TracingSettings,
    /// Requests kept for diagnosis.
    pub request_log: RequestLogSettings,
    /// Where failures of ours are told to people.
    pub sentry: SentrySettings,
    /// Who is told of what is wrong, and when.
    pub alerts: AlertsSettings,
    /// Where metrics go that nobody asks for.
    pub metrics: MetricsSettings,
    /// The documents for partners' developers.
    pub docs: DocsSettings,
    /// The listeners' limits.
    pub http: HttpSettings,
    /// Accounts, entries and balances.
    pub ledger: LedgerSettings,
    /// The bills of companies that hold a plan with a price.
    pub billing: BillingSettings,
    /// Imports of boletos, and where files are kept.
    pub boletos: BoletosSettings,
    /// Copies of the database elsewhere.
    pub backup: BackupSettings,
    /// The count of what companies are served.
    pub meter: MeterSettings,
    /// Keys of the installation.
    pub security: SecuritySettings,
    /// Tokens that partners' programs call with.
    pub identity: IdentitySettings,
    /// How letters leave, and from whom.
    pub mail: MailSettings,
    /// The public listener's certificate; null for HTTP without TLS.
    pub tls: Option<Tls>,
    /// Who stands between callers and the gateway.
    pub proxies: Proxies,
    /// Where limits that all gateways share are kept.
    pub redis: Redis,
    /// Who else may say who calls: issuers of JWTs.
    pub issuers: Vec<Issuer>,
    /// Publish the product's own services by the built-in routes.
    pub default_routes: bool,
    /// Who answers, by name.
    pub upstreams: Upstreams,
    /// What is published, to whom, and where it leads.
    pub routes: Vec<Route>,
    /// The file that these were read from, if there was one, as an absolute path.
    #[serde(skip)]
    pub file: Option<PathBuf>,
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

    /// The gateway's part.
    #[must_use]
    pub fn gateway(&self) -> Config {
        let mut routes = self.routes.clone();
        if self.docs.auth == DocsAuth::Basic {
            let documents = |name: &String| {
                self.upstreams.get(name).is_some_and(|upstream| upstream.service.as_deref() == Some("docs"))
            };
            for route in routes.iter_mut().filter(|route| route.upstream.as_ref().is_some_and(documents)) {
                route.auth.any_of = vec![AuthMethod::Basic];
            }
        }
        Config {
            issuers: self.issuers.clone(),
            upstreams: self.upstreams.clone(),
            routes,
            tls: self.tls.clone(),
            proxies: self.proxies.clone(),
            redis_url: self.redis.url.clone(),
        }
    }

    /// Whether any service runs here that gateways may call.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.roles.iter().any(|role| !matches!(role, Role::Gateway | Role::Jobs))
    }

    /// The name that our own tokens are issued under.
    #[must_use]
    pub fn issuer(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.identity.issuer.clone().unwrap_or_else(|| format!("{scheme}://{}", self.listen))
    }

    /// The same, checked.
    ///
    /// # Errors
    /// When what was set is no issuer.
    pub fn oauth_issuer(&self) -> Result<comporta_identity::Issuer, comporta_identity::IssuerError> {
        self.issuer().parse()
    }

    /// Threads of each runtime: as set, or as the machine has cores.
    #[must_use]
    pub fn cores(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            workers => workers,
        }
    }

    /// How letters leave. One without a server keeps them as files.
    #[must_use]
    pub fn mail_transport(&self) -> Transport {
        match (self.mail.transport, &self.mail.url) {
            (MailTransport::Smtp, Some(url)) => {
                let (connections, rate) = (self.mail.connections.get(), self.mail.rate);
                Transport::Smtp { url: url.clone(), connections, rate }
            }
            _ => Transport::File { folder: self.data_dir.join("outbox") },
        }
    }

    /// Where files are kept, for [`comporta_db::Blobs`].
    #[must_use]
    pub fn files_address(&self) -> String {
        self.boletos.files.clone().unwrap_or_else(|| self.data_dir.join("files").display().to_string())
    }

    /// Where backups lie on this machine while they are made, or looked into.
    #[must_use]
    pub fn scratch_folder(&self) -> PathBuf {
        self.backup.scratch.clone().unwrap_or_else(|| self.data_dir.join("scratch"))
    }

    /// The folder of the folders in which processes count calls.
    #[must_use]
    pub fn meter_folder(&self) -> PathBuf {
        self.data_dir.join("meter")
    }

    /// The file that holds the pepper, when it is not given as a secret (`security.pepper`).
    #[must_use]
    pub fn pepper_file(&self) -> PathBuf {
        self.data_dir.join("pepper")
    }
}

#[cfg(test)]
mod tests;
