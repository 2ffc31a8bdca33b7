//! SQLite: a copy made while it serves; then the file is lost, and what lies beside it stays.

use std::fs;

use super::{Ground, copied};
use crate::Outcome;
use crate::report::Row;

pub(super) async fn drill(ground: &Ground) -> Outcome<Row> {
    let database = ground.folder.path().join("comporta.db");
    let url = format!("sqlite:{}", database.display());
    copied::drill(ground, &url, "SQLite, copy", || {
        fs::remove_file(&database)?;
        Ok(&["restore", "--overwrite"])
    })
    .await
}
