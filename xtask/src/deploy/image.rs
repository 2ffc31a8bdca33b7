//! The image as the Dockerfile makes it, without an engine and without a registry of images: its bases are made of Debian's
//! packages, and the program in it is the one that was built already. Then it is run as it should be run, and asked; the one for backups
//! makes one of a PostgreSQL on this machine, as the user that AWS' database gives it.

use comporta_neighbours::POSTGRESQL;

use super::settings::program;
use super::tools::{BUILDAH, CARGO_CYCLONEDX, MMDEBSTRAP, PODMAN, RUNC, cargo_tool, need, scratch};
use crate::failure::Outcome;
use crate::process::{command, run};

const SCRIPT: &str = "xtask/src/deploy/image.sh";

pub(super) fn attempt() -> Outcome {
    need(&[MMDEBSTRAP, BUILDAH, PODMAN, RUNC, POSTGRESQL])?;
    let mut script = command("bash", &["-eu", SCRIPT]);
    script.arg(scratch("image")?).arg(program()?).arg(cargo_tool(CARGO_CYCLONEDX)?);
    run(&mut script)
}
