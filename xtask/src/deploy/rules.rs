//! Prometheus' rules, by promtool: whether they can be read, and whether they do what their tests say.

use super::tools::{PROMETHEUS, files, need};
use crate::failure::Outcome;
use crate::process::{command, run};

pub(super) fn check() -> Outcome {
    need(&[PROMETHEUS])?;
    run(command("promtool", &["check", "rules"]).args(files("deploy/monitoring/rules", "yaml")?))?;
    run(command("promtool", &["test", "rules"]).args(files("deploy/monitoring/tests", "yaml")?))
}
