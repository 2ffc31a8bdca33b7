//! `cargo xtask drill`: a recovery drill of what is shipped.

use comporta_neighbours::{POSTGRESQL, install};

use crate::failure::Outcome;
use crate::process::{cargo, run as run_command};

/// Installs, builds, and hands `arguments` to the drill. `COMPORTA_DRILL_BINARY` names another program, which is then
/// not built.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    install(&[POSTGRESQL])?;
    if std::env::var_os("COMPORTA_DRILL_BINARY").is_none() {
        run_command(&mut cargo(&["build", "--profile", "dist", "--package", "comporta"]))?;
    }
    run_command(cargo(&["run", "--release", "--package", "comporta-bench", "--", "drill"]).args(arguments))
}
