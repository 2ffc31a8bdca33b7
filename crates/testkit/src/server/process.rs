//! A child process that cannot outlive its parent, however that one ends.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Waits for the end of its standard input, which comes with the end of whoever holds the other side.
const GUARDIAN: &str = r#"trap '' HUP INT TERM; read -r _; kill -s KILL "$1""#;

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    guardian: Child,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "guardian", &child.id().to_string()])
            .process_group(0) // a signal to our group, even SIGKILL, must not reach it
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match guardian {
            Ok(guardian) => Ok(Self { child, guardian }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) -> io::Result<()> {
        let pid = self.pid().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "kill", name, &pid]).status()?;
        if sent.success() { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// How it ended, if it did. Its guardian goes first: once waited for, its number may become another's.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if !has_ended(self.pid()) {
            return Ok(None);
        }
        self.dismiss_guardian()?;
        self.child.wait().map(Some)
    }

    /// Ends it with SIGKILL, unless it ended by itself.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.dismiss_guardian()?;
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    fn dismiss_guardian(&mut self) -> io::Result<()> {
        self.guardian.kill()?;
        self.guardian.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // If it cannot be killed there is nobody left to tell.
        let _ = self.kill();
    }
}

/// Whether a child runs no more, though not yet waited for (field 3 of `/proc/PID/stat`, proc(5)).
fn has_ended(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}
