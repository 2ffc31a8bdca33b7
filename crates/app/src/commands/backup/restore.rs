//! `comporta backup restore`.

use std::path::PathBuf;

use clap::Args;
use comporta_backup::{Backups, Choice, Pepper, RestoreOptions};
use comporta_kernel::Timestamp;
use serde_json::json;

use super::{PlaceArgs, row};
use crate::commands::Error;
use crate::commands::operator::Answer;

/// What is to be restored, and where to.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// Its id, or latest
    #[arg(default_value = "latest")]
    backup: Choice,
    /// Lose what the target holds
    #[arg(long)]
    overwrite: bool,
    /// The folder that is to become a PostgreSQL cluster, from a base backup; its server is started by you
    #[arg(long, value_name = "FOLDER")]
    cluster: Option<PathBuf>,
    /// Bring the cluster to this instant, such as 2026-01-31T12:00:00-03:00; else as far as its archived log goes
    #[arg(long, value_name = "INSTANT", requires = "cluster")]
    to_time: Option<Timestamp>,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

impl RestoreArgs {
    pub(super) async fn run(&self, backups: &Backups) -> Result<Answer, Error> {
        let restored = backups
            .restore(&RestoreOptions {
                choice: self.backup,
                overwrite: self.overwrite,
                cluster: self.cluster.clone(),
                to_time: self.to_time,
            })
            .await?;
        let totals = restored.totals.as_ref();
        let pepper = match restored.pepper {
            Pepper::NotInBackup => "not in the backup: bring data_dir/pepper back, or no API key is good",
            Pepper::Same => "was here already",
            Pepper::Restored => "restored",
            Pepper::Differs => "another one is here: with it no API key of the backup is good",
        };
        let next = match totals {
            Some(_) => "start comporta",
            None => "start PostgreSQL on the cluster: it recovers, and then takes writes",
        };
        Ok(Answer::One(json!({
            "id": restored.id,
            "kind": restored.kind,
            "started_at": restored.started_at,
            "to_time": self.to_time,
            "rows": totals.map(comporta_backup::Totals::rows),
            "entries": totals.map(|totals| row::rows(totals, "entry")),
            "boletos": totals.map(|totals| row::rows(totals, "boleto")),
            "credits": totals.map(|totals| row::money(&totals.credits)),
            "debits": totals.map(|totals| row::money(&totals.debits)),
            "pepper": pepper,
            "next": next,
        })))
    }
}
