//! Templates and Terraform's files by Checkov's rules of security; whatever a file asks to be excused from has its reason
//! beside it.

use std::fs;

use comporta_neighbours::workspace;

use super::tools::{CHECKOV, python};
use crate::failure::{Failure, Outcome};
use crate::process::{command, run as run_command};

const FOLDERS: [(&str, &str); 2] =
    [("deploy/cloudformation", "cloudformation"), ("deploy/terraform", "terraform")];
/// Shorter is no reason.
const SHORTEST: usize = 8;

pub(super) fn check() -> Outcome {
    for (folder, _) in FOLDERS {
        every_excuse_has_a_reason(folder)?;
    }
    let bin = python(&[CHECKOV])?;
    for (folder, framework) in FOLDERS {
        // Nothing is asked of its makers' servers.
        let arguments = ["--framework", framework, "--compact", "--quiet", "--skip-download", "-d", folder];
        run_command(&mut command(bin.join("checkov"), &arguments))?;
    }
    Ok(())
}

fn every_excuse_has_a_reason(folder: &str) -> Outcome {
    let mut count = 0;
    for entry in fs::read_dir(workspace().join(folder))? {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        for (index, line) in fs::read_to_string(&path)?.lines().enumerate() {
            let Some((_, excuse)) = line.split_once("checkov:skip=") else { continue };
            if excuse.split_once(':').is_none_or(|(_, reason)| reason.trim().len() < SHORTEST) {
                let place = format!("{}:{}", path.display(), index + 1);
                return Err(Failure::Found(format!("{place}: skipped without a reason")));
            }
            count += 1;
        }
    }
    println!("{folder}: {count} rules excused, each with its reason");
    Ok(())
}
