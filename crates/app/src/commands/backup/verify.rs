//! `comporta backup verify`.

use clap::Args;
use comporta_backup::{Backups, Choice};
use serde_json::json;

use super::{PlaceArgs, row};
use crate::commands::Error;
use crate::commands::operator::Answer;

/// Which backup is to be proven.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Its id, or latest
    #[arg(default_value = "latest")]
    backup: Choice,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

impl VerifyArgs {
    pub(super) async fn run(&self, backups: &Backups) -> Result<Answer, Error> {
        let proof = backups.verify(self.backup).await?;
        Ok(Answer::One(json!({
            "id": proof.id,
            "kind": proof.kind,
            "started_at": proof.started_at,
            "rows": proof.totals.rows(),
            "entries": row::rows(&proof.totals, "entry"),
            "boletos": row::rows(&proof.totals, "boleto"),
            "credits": row::money(&proof.totals.credits),
            "debits": row::money(&proof.totals.debits),
            "condition": "good",
        })))
    }
}
