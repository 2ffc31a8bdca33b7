//! `comporta backup create`.

use clap::{Args, ValueEnum};
use comporta_backup::{Backups, Found, Kind};

use super::{PlaceArgs, row};
use crate::commands::Error;
use crate::commands::operator::Answer;

/// How a backup is made.
#[derive(Args, Debug)]
pub struct CreateArgs {
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// The database alone, or with `base` its whole PostgreSQL cluster, for any instant since
    #[arg(long, value_enum, default_value = "database")]
    of: Of,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    Database,
    Base,
}

impl CreateArgs {
    pub(super) async fn run(&self, backups: &Backups) -> Result<Answer, Error> {
        let kind = if self.of == Of::Base { Kind::Base } else { backups.usual_kind() };
        let manifest = backups.create(kind).await?;
        Ok(Answer::One(row::of(&Found { id: manifest.id, manifest: Ok(manifest), check: None })))
    }
}
