//! Other programs, run from the workspace's root and shown as they would be typed.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use comporta_neighbours::workspace;

use crate::failure::{Failure, Outcome};

/// A command that will run at the workspace's root.
pub(crate) fn command(program: impl AsRef<Path>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(arguments).current_dir(workspace());
    command
}

/// A cargo command that will run at the workspace's root, as if it were typed there. What cargo has told this program
/// about itself would make build scripts run anew that look at such variables, and half of the tree with them.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = command("cargo", arguments);
    let about_us = |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.starts_with(start));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(about_us)) {
        command.env_remove(name);
    }
    command
}

/// Shows a command and runs it to its end.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    let status = command.status().map_err(|error| Failure::Io(shown.clone(), error))?;
    judge(shown, status)
}

/// Runs a command in silence but for its complaints, and gives what it printed.
pub(crate) fn read(command: &mut Command) -> Outcome<Vec<u8>> {
    let typed = typed(command);
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| Failure::Io(typed.clone(), error))?;
    judge(typed, output.status).map(|()| output.stdout)
}

/// Prints a command as it would be typed, and gives that.
pub(crate) fn show(command: &Command) -> String {
    let typed = typed(command);
    println!("$ {typed}");
    typed
}

/// Whether a command ended well.
pub(crate) fn judge(command: String, status: ExitStatus) -> Outcome {
    if status.success() { Ok(()) } else { Err(Failure::Exited { command, status }) }
}

fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
