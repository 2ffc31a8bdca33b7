//! The groups of settings, one struct per level of `comporta.yaml`.

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use comporta_gateway::config::{Percent, Uri};
use comporta_kernel::{ByteSize, CompanyId, Currency, Interval, Rate, Secret, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{LogLevel, Outlet, TimeOfDay};

/// A part of the product that a process may run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The public listener: who calls, how much, and where it goes.
    Gateway,
    /// Accounts, entries, balances.
    Ledger,
    /// Boletos: import, issue, deliver, settle.
    Boletos,
    /// Books.
    Catalogue,
    /// Companies, keys, plans, usage.
    Partners,
    /// The durable queue's workers and the schedule.
    Jobs,
    /// The web pages for staff.
    Console,
}

impl Role {
    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Ledger => "ledger",
            Self::Boletos => "boletos",
            Self::Catalogue => "catalogue",
            Self::Partners => "partners",
            Self::Jobs => "jobs",
            Self::Console => "console",
        }
    }
}

/// The database.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite:PATH` or `postgres://user:password@host/name`; null for the file comporta.db in data_dir.
    pub url: Option<Secret>,
    /// A read replica for lists and exports, never for balances; null for none.
    pub read_url: Option<Secret>,
    /// Connections this process may hold.
    pub max_connections: NonZeroU32,
}

/// What is logged, how and where.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Shape of a log line.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`, also per module: `info,comporta_ledger=debug`.
    pub level: LogLevel,
    /// Where the line of each request goes: `stdout`, `off`, or the path of a file to append to.
    pub access: Outlet,
}

/// Shape of a log line.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Readable lines on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object per line.
    Json,
    /// Readable lines.
    Text,
}

/// Traces of requests, and where they are sent.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TracingSettings {
    /// A collector of OTLP over HTTP, such as `http://collector:4318`; null records nothing.
    pub otlp: Option<Uri>,
    /// The share of the requests that is recorded where no caller has decided.
    pub sample: Percent,
    /// What this installation is called in traces.
    pub service_name: String,
    /// Headers that the collector asks for, by name.
    pub headers: BTreeMap<String, Secret>,
}

/// Requests kept in the database for diagnosis: every error, and a sample of the rest.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLogSettings {
    /// Whether requests are logged.
    pub enabled: bool,
    /// The share of the requests without an error that is logged.
    pub sample: Percent,
    /// For how long they are kept.
    pub keep: Interval,
    /// How many are kept at most; beyond that the oldest go.
    pub max_rows: NonZeroU64,
    /// How many of one company are logged at most; of callers who are not known, of one address.
    pub rate: Rate,
    /// Requests that may wait to be written; beyond it they are dropped and counted.
    pub queue: NonZeroUsize,
}

/// Where failures of ours are told to people: Sentry, or what takes its envelopes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SentrySettings {
    /// The DSN of the project, such as `https://key@o1.ingest.sentry.io/2`; null tells nobody.
    pub dsn: Option<Secret>,
    /// What this installation is called there.
    pub environment: String,
    /// The share of the failures that is told.
    pub sample: Percent,
    /// Whether answers of 503, for want of capacity or of a neighbour, are told too.
    pub unavailable: bool,
}

/// The documents for partners' developers.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DocsSettings {
    /// Who may read them.
    pub auth: DocsAuth,
}

/// Who may read the documents.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DocsAuth {
    /// Everybody.
    None,
    /// Who gives a key's id and the key as user and password.
    Basic,
}

/// The listeners' limits.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Largest request body, unless the route has a limit of its own.
    pub body_limit: ByteSize,
    /// How long a client may take to send a request's headers.
    pub header_timeout: Interval,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Interval,
    /// How long a client may pause within a body, or leave an answer untaken.
    pub stall_timeout: Interval,
    /// How long requests in flight may take to end once the process is asked to stop.
    pub shutdown_grace: Interval,
    /// How long the process that is to take over may take to be ready, once a restart is asked for.
    pub restart_timeout: Interval,
    /// Connections open at once on the public listener.
    pub max_connections: NonZeroUsize,
}

/// Accounts, entries and balances.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettings {
    /// IANA zone of an account that names none.
    #[schemars(with = "String")]
    pub time_zone: Zone,
    /// ISO 4217 code of the currency, of two decimals, of an account that names none.
    #[schemars(with = "String")]
    pub currency: Currency,
    /// Entries gathered in one commit; 1 turns the gathering off.
    pub commit_max: NonZeroUsize,
    /// Entries that may wait for a commit before callers are turned away.
    pub queue: NonZeroUsize,
    /// Pause between two roll-ups of fresh entries into daily balances.
    pub consolidate_every: Interval,
    /// Local time at which every balance is recomputed from its entries and compared.
    pub reconcile_at: TimeOfDay,
}

/// The bills of companies that hold a plan with a price.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BillingSettings {
    /// The company that bills; null for the first run's.
    #[schemars(with = "Option<String>")]
    pub company_id: Option<CompanyId>,
    /// Days from an invoice's issue until it is due.
    pub due_days: u16,
    /// Local time at which the month before is billed.
    pub run_at: TimeOfDay,
}

/// Imports of boletos, and where files are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BoletosSettings {
    /// A folder, or `s3://BUCKET/PREFIX`; null for the folder files in data_dir.
    pub files: Option<String>,
    /// Pieces of files that are worked through at once.
    pub import_workers: NonZeroUsize,
    /// When a boleto is mailed to its payer.
    pub mail_when: MailWhen,
}

/// When boletos are mailed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailWhen {
    /// As soon as they are issued.
    Issued,
    /// When their bank has registered them.
    Registered,
}

impl From<MailWhen> for comporta_boletos::MailWhen {
    fn from(when: MailWhen) -> Self {
        match when {
            MailWhen::Issued => Self::Issued,
            MailWhen::Registered => Self::Registered,
        }
    }
}

/// Copies of the database elsewhere.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackupSettings {
    /// A folder, or `s3://BUCKET/PREFIX`; null makes no backups by schedule.
    pub to: Option<String>,
    /// Local time at which a backup is made each day.
    pub at: TimeOfDay,
    /// Days after which one leaves; the last good one stays.
    pub keep_days: NonZeroU16,
    /// Where those that leave are moved: another folder or `s3://BUCKET/PREFIX`; null deletes them.
    pub archive: Option<String>,
    /// What backups are encrypted under; null leaves them readable.
    pub key: Option<Secret>,
    /// Keys before it, for the backups that were made under them.
    pub old_keys: Vec<Secret>,
    /// Restore each scheduled backup at once, beside the database.
    pub verify: bool,
    /// Back up the PostgreSQL cluster too, for any instant since.
    pub point_in_time: bool,
    /// Folder for what lies here only for a while; null for the folder scratch in data_dir.
    pub scratch: Option<PathBuf>,
    /// Folder of pg_dump and its kin; null finds them.
    pub postgres_programs: Option<PathBuf>,
}

/// The count of what companies are served.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MeterSettings {
    /// Whether calls are counted at all.
    pub enabled: bool,
    /// Disk that counts may take in data_dir before they are in the database.
    pub disk: ByteSize,
    /// How often they are written to the database.
    pub flush_every: Interval,
    /// How long usage is kept by minute; by day it is kept for good.
    pub keep_minutes: Interval,
}

/// Keys of the installation.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SecuritySettings {
    /// Key of the hash under which API keys are stored; null for the file pepper in data_dir.
    pub pepper: Option<Secret>,
    /// Peppers under which keys are good beside it: while it is being changed.
    pub accepted_peppers: Vec<Secret>,
    /// Days before its end at which a key's company is told.
    pub key_reminders: Vec<NonZeroU16>,
}

/// How letters leave, and from whom.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// To a mail server, or into files.
    pub transport: MailTransport,
    /// `smtps://user:password@host`, or `smtp://` for a server that turns to TLS; null unless transport is smtp.
    pub url: Option<Secret>,
    /// Whose letters they are: `Comporta <contas@example.com>`.
    pub from: String,
    /// Connections to the mail server at once.
    pub connections: NonZeroUsize,
    /// How many letters this process sends at most, such as 14/s; null for as many as the server takes.
    pub rate: Option<Rate>,
}

/// Where letters go.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// To the mail server of `url`.
    Smtp,
    /// Into the folder outbox in data_dir, a file for each.
    File,
}

/// Tokens that partners' programs call with, and that upstreams are shown.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// The issuer's URL, as partners reach it; null for http:// and the public listener's address.
    pub issuer: Option<String>,
    /// How long an access token is good.
    pub token_life: Interval,
    /// How long a signing key signs before another takes over.
    pub rotate_every: Interval,
}
