//! Every settings file and environment under `deploy/`, by the program itself: `comporta check`.

use std::path::{Path, PathBuf};

use super::helm::render;
use super::linters;
use crate::binary;
use crate::failure::Outcome;
use crate::process::{command, run};

/// Gathers them and asks the program about each.
const SCRIPT: &str = "xtask/src/deploy/settings.py";

/// Asks the program that is told or built.
pub(super) fn attempt() -> Outcome {
    check(&program()?)
}

/// Asks this program.
pub(super) fn check(program: &Path) -> Outcome {
    let mut script = command(linters::bin()?.join("python"), &[SCRIPT]);
    run(script.arg(program).arg(render()?))
}

/// The program that is told by `COMPORTA_BINARY`, else the one that is built for tests.
pub(super) fn program() -> Outcome<PathBuf> {
    if let Some(told) = std::env::var_os("COMPORTA_BINARY") {
        return Ok(PathBuf::from(told));
    }
    binary::build()?;
    Ok(binary::path())
}
