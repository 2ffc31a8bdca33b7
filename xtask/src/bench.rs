//! `cargo xtask bench NAME`: a benchmark against the release binary and real neighbours.

use comporta_neighbours::{POSTGRESQL, install};

use crate::failure::Outcome;
use crate::process::{cargo, run as run_command};

/// Installs, builds, and hands `arguments` to the benches' own program.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    install(&[POSTGRESQL])?;
    run_command(&mut cargo(&["build", "--release", "--package", "comporta"]))?;
    run_command(cargo(&["run", "--release", "--package", "comporta-bench", "--"]).args(arguments))
}
