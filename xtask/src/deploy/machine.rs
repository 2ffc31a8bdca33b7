//! The package on a machine: a Debian with systemd, made of Debian's packages and started in namespaces of its own. The
//! service is started, reloaded, replaced and restarted under load, behind NGINX, and on sockets of systemd with TLS.

use super::package::package;
use super::tools::{MMDEBSTRAP, need, scratch};
use crate::failure::Outcome;
use crate::process::{command, run};

/// Makes the machine, starts it, and runs the story in it.
const SCRIPT: &str = "xtask/src/deploy/machine.sh";
/// What is done on it, as the guide says it.
const STORY: &str = "xtask/src/deploy/machine_story.sh";

pub(super) fn attempt() -> Outcome {
    need(&[MMDEBSTRAP])?;
    let package = package()?;
    let mut script = command("bash", &["-eu", SCRIPT]);
    run(script.arg(scratch("machine")?).arg(package).arg(STORY))
}
