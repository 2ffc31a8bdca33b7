//! `comporta backup prune`.

use clap::Args;
use comporta_backup::{Backups, PruneOptions};
use serde_json::json;

use super::PlaceArgs;
use crate::commands::Error;
use crate::commands::operator::Answer;

/// How to prune.
#[derive(Args, Debug)]
pub struct PruneArgs {
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// Only tell what would go
    #[arg(long)]
    dry_run: bool,
}

impl PruneArgs {
    pub(super) async fn run(&self, backups: &Backups) -> Result<Answer, Error> {
        let pruned = backups.prune(PruneOptions { dry_run: self.dry_run }).await?;
        Ok(Answer::One(json!({
            "archived": pruned.archived,
            "deleted": pruned.deleted,
            "torn": pruned.torn,
            "wal": pruned.wal,
            "kept": pruned.kept,
        })))
    }
}
