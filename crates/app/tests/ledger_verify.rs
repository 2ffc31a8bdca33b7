//! `comporta ledger verify` only looks.

#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comporta"));
    command.args(arguments).arg("--data-dir").arg(folder).current_dir(folder.parent().unwrap());
    command.output().unwrap()
}

#[test]
fn where_there_is_no_database_it_says_so_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let output = run(&["ledger", "verify"], &data);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let place = data.join("comporta.db");
    assert!(told.contains(&format!("there is no database at {}", place.display())), "{told}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_database_without_its_pepper_yet_is_looked_at_and_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(run(&["migrate"], &data).status.success());
    let output = run(&["ledger", "verify"], &data);
    assert!(output.status.success(), "{output:?}");
    assert!(!data.join("pepper").exists());
}
