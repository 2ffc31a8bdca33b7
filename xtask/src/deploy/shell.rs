//! Shell scripts, by ShellCheck.

use std::fs;
use std::path::PathBuf;

use comporta_neighbours::workspace;

use super::linters;
use crate::failure::Outcome;
use crate::process::{command, run as run_command};

pub(super) fn check() -> Outcome {
    let bin = linters::bin()?;
    let mut check = command(bin.join("shellcheck"), &["--severity", "style"]);
    check.arg(workspace().join(".ci/run")).args(scripts(workspace().join("deploy"))?);
    run_command(&mut check)
}

/// Every `.sh` below a folder.
fn scripts(folder: PathBuf) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sh") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
