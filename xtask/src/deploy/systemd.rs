//! The units by systemd itself: whether it understands them, and how exposed it finds the service.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use super::tools::{SYSTEMD, need, scratch};
use crate::failure::{Failure, Outcome};
use crate::process::{command, judge, show};

const UNITS: [&str; 3] = ["comporta.service", "comporta.socket", "private/comporta-private.socket"];

/// Ten times the highest exposure that is allowed, where 100 is a service without any fence.
const EXPOSURE: &str = "--threshold=15";

pub(super) fn check() -> Outcome {
    need(&[SYSTEMD])?;
    let units = installed()?;
    // What it does not know it only mentions: a word of it is a fault.
    let mut verify = command("systemd-analyze", &["verify"]);
    show(verify.args(&units));
    let output = verify.stdin(Stdio::null()).output()?;
    let said = [output.stdout, output.stderr].concat();
    print!("{}", String::from_utf8_lossy(&said));
    if !output.status.success() || !said.is_empty() {
        return Err(Failure::Found("systemd does not understand the units".to_owned()));
    }
    let mut security = command("systemd-analyze", &["security", "--offline=true", "--no-pager", EXPOSURE]);
    let shown = show(security.args(units.first()));
    let output = security.stdin(Stdio::null()).output()?;
    // Of dozens of fences, those that are open, and the score.
    let told = String::from_utf8_lossy(&output.stdout);
    told.lines().filter(|line| line.starts_with(['✗', '→'])).for_each(|line| println!("{line}"));
    judge(shown, output.status)
}

/// Copies of the units that name a program which stands here too.
fn installed() -> Outcome<Vec<PathBuf>> {
    let folder = scratch("systemd")?;
    let copy = |name: &&str| {
        let text = fs::read_to_string(comporta_neighbours::workspace().join("deploy/systemd").join(name))?;
        let copy = folder.join(name.rsplit('/').next().unwrap_or(name));
        fs::write(&copy, text.replace("/usr/bin/comporta ", "/bin/true "))?;
        Ok(copy)
    };
    UNITS.iter().map(copy).collect()
}
