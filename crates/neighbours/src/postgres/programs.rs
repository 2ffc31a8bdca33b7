//! Where PostgreSQL's programs lie, and as whom its server may run.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::processes;

/// Debian puts each major version's programs in a folder of its own, outside `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The system user that runs the server when we are root, which PostgreSQL refuses to be run by.
const USER: &str = "postgres";

/// The folder of the newest PostgreSQL installed: Debian's, else the one in `PATH`.
pub(crate) fn find() -> Option<PathBuf> {
    debian_versions().into_iter().rev().chain(processes::search_path()).find(|folder| holds_server(folder))
}

/// A command for a program that runs as the server's user: as we are, or as `postgres` when we are root.
pub(crate) fn command_as_server(program: impl AsRef<OsStr>) -> io::Result<Command> {
    if !processes::is_root() {
        return Ok(Command::new(program));
    }
    if !processes::succeeds(Command::new("id").arg(USER)) {
        let arguments =
            ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER];
        processes::finish(Command::new("useradd").args(arguments))?;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
    Ok(command)
}

fn debian_versions() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(DEBIAN) else { return Vec::new() };
    let mut versions: Vec<u32> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable();
    versions.into_iter().map(|version| Path::new(DEBIAN).join(version.to_string()).join("bin")).collect()
}

fn holds_server(folder: &Path) -> bool {
    ["initdb", "postgres", "psql", "pgbench"].iter().all(|program| folder.join(program).is_file())
}
