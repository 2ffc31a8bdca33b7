//! What can be said of Terraform's files without its providers, which no registry of ours has: their form by Terraform itself;
//! arguments, blocks, attributes and references against the provider's schema, as a package of bindings carries it.
//! What is left for `terraform validate` and `plan`: types of values, and the other provider's few arguments.

use std::process::{Command, Stdio};

use super::linters;
use crate::failure::Outcome;
use crate::process::{command, run as run_command};

const FOLDER: &str = "deploy/terraform";

pub(super) fn check() -> Outcome {
    if is_here() {
        run_command(&mut command("terraform", &["fmt", "-check", "-diff", "-recursive", FOLDER]))?;
    }
    let bin = linters::bin()?;
    run_command(&mut command(bin.join("python"), &["xtask/src/deploy/terraform.py", FOLDER]))
}

/// No registry of packages has Terraform, so a bare machine cannot bring it.
pub(super) fn not_checked() -> Option<&'static str> {
    (!is_here())
        .then_some("the form of deploy/terraform: no Terraform here; 1.11 or newer does it (`terraform fmt`)")
}

fn is_here() -> bool {
    let there = Command::new("terraform").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    there.is_ok_and(|status| status.success())
}
