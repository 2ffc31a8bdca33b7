//! The Dockerfile by hadolint, and its own little program by the compiler that the image is built with.

use super::linters;
use super::tools::scratch;
use crate::failure::Outcome;
use crate::process::{command, run};

const HEALTH: &str = "deploy/docker/health.rs";

pub(super) fn check() -> Outcome {
    let hadolint = linters::bin()?.join("hadolint");
    run(&mut command(hadolint, &["--failure-threshold", "style", "deploy/docker/Dockerfile"]))?;
    run(&mut command("rustfmt", &["--edition", "2024", "--check", HEALTH]))?;
    let output = scratch("docker")?.join("comporta-health");
    run(command("rustc", &["--edition", "2024", "-D", "warnings", HEALTH, "-o"]).arg(output))
}
