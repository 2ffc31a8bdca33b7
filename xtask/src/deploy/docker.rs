//! The Dockerfile by hadolint, and its own little program by the compiler that the image is built with.

use std::fs;

use comporta_neighbours::workspace;

use super::linters;
use super::tools::scratch;
use crate::failure::{Failure, Outcome};
use crate::process::{command, run};

const DOCKERFILE: &str = "deploy/docker/Dockerfile";
const HEALTH: &str = "deploy/docker/health.rs";
const REGION: &str = "deploy/cloudformation/region.yaml";

pub(super) fn check() -> Outcome {
    let hadolint = linters::bin()?.join("hadolint");
    run(&mut command(hadolint, &["--failure-threshold", "style", DOCKERFILE]))?;
    same_postgres()?;
    run(&mut command("rustfmt", &["--edition", "2024", "--check", HEALTH]))?;
    let output = scratch("docker")?.join("comporta-health");
    run(command("rustc", &["--edition", "2024", "-D", "warnings", HEALTH, "-o"]).arg(output))
}

/// What dumps and restores is of the version of the server that the stack makes.
fn same_postgres() -> Outcome {
    let image = number_after(DOCKERFILE, "ARG POSTGRES=docker.io/library/postgres:")?;
    let server = number_after(REGION, "PostgresVersion:\n    Type: String\n    Default: '")?;
    println!("PostgreSQL {server} in the stack, {image} in the image for backups");
    if image == server {
        Ok(())
    } else {
        Err(Failure::Found(format!("{DOCKERFILE}: not the server's version")))
    }
}

/// The whole number that follows certain words in a file.
fn number_after(path: &str, words: &str) -> Outcome<u32> {
    let text = fs::read_to_string(workspace().join(path))?;
    let rest = text.split_once(words).map_or("", |(_, rest)| rest);
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().map_err(|_| Failure::Found(format!("{path}: no version of PostgreSQL where it was")))
}
