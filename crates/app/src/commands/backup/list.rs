//! `comporta backup list`.

use comporta_backup::Backups;

use super::row;
use crate::commands::Error;
use crate::commands::operator::Answer;

pub(super) async fn run(backups: &Backups) -> Result<Answer, Error> {
    let found = backups.list().await?;
    Ok(Answer::Many(row::COLUMNS, found.iter().map(row::of).collect()))
}
