//! Settings of watching: who is told of what is wrong, and where metrics go that nobody asks for.

use std::num::NonZeroU64;

use comporta_gateway::config::Percent;
use comporta_kernel::{Interval, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Outlet;

/// Who is told of what is wrong, and when.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AlertsSettings {
    /// Addresses that get a letter; none tells nobody so.
    pub email: Vec<String>,
    /// A URL that gets a signed POST; null for none.
    pub webhook: Option<Secret>,
    /// What webhooks are signed with: `whsec_` and 24 to 64 bytes in base64; null signs none.
    pub webhook_secret: Option<Secret>,
    /// What this installation is called in alerts.
    pub installation: String,
    /// How often each process looks.
    pub every: Interval,
    /// How long something must hold before it is told, and be gone before its end is.
    pub hold: Interval,
    /// How often what lasts is told again.
    pub repeat: Interval,
    /// Entries that may wait to be rolled up.
    pub pending_deltas: NonZeroU64,
    /// How long counted calls may wait to be written to the database.
    pub meter_lag: Interval,
    /// How long a durable job may wait after it was due.
    pub job_lag: Interval,
    /// How old the last good backup may be.
    pub backup_age: Interval,
    /// How long the public listener's certificate must be good for.
    pub certificate_left: Interval,
    /// How much of its quota a company may have used: 80% or 100%.
    pub quota: Percent,
    /// How many times as fast as it may the month's budget of failures, or of slow answers, may be spent.
    pub burn_rate: f64,
    /// How much of the disk of data_dir must be free.
    pub disk_free: Percent,
}

/// Where metrics go that nobody asks for.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// Where lines of CloudWatch's embedded metric format go: `stdout`, `off`, or the path of a file to append to.
    pub emf: Outlet,
    /// How often one is written.
    pub every: Interval,
    /// The namespace of the metrics in CloudWatch.
    pub namespace: String,
}
