//! The compose file by the schema of compose files, and its Prometheus' configuration by promtool.

use super::linters;
use super::tools::{PROMETHEUS, need};
use crate::failure::Outcome;
use crate::process::{command, run};

pub(super) fn check() -> Outcome {
    let schema = linters::bin()?.join("check-jsonschema");
    let file = "deploy/compose/compose.yaml";
    run(&mut command(schema, &["--builtin-schema", "vendor.compose-spec", file]))?;
    need(&[PROMETHEUS])?;
    // The rules lie elsewhere in the container.
    let prometheus = "deploy/compose/prometheus.yaml";
    run(&mut command("promtool", &["check", "config", "--syntax-only", prometheus]))
}
