//! Grafana's dashboards by Grafana's own models of them, and their expressions by promtool.

use std::fs;

use super::linters;
use super::tools::{PROMETHEUS, files, need, scratch};
use crate::failure::Outcome;
use crate::process::{command, read, run};

/// Reads the dashboards, complains of what the models do not know, and prints the expressions as rules.
const SCRIPT: &str = "xtask/src/deploy/dashboards.py";

pub(super) fn check() -> Outcome {
    need(&[PROMETHEUS])?;
    let mut script = command(linters::bin()?.join("python"), &[SCRIPT]);
    let dashboards = files("deploy/monitoring/dashboards", "json")?;
    println!("{} dashboards", dashboards.len());
    let rules = read(script.args(dashboards))?;
    let file = scratch("dashboards")?.join("rules.yaml");
    fs::write(&file, rules)?;
    let mut promtool = command("promtool", &["check", "rules"]);
    run(promtool.arg(file))
}
