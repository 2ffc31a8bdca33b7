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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::time::{Duration, Instant};

    use super::*;

    fn sleeper() -> Process {
        Process::spawn(Command::new("sleep").arg("600")).unwrap()
    }

    fn is_gone(pid: u32) -> bool {
        let begun = Instant::now();
        while !has_ended(pid) && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        has_ended(pid)
    }

    #[test]
    fn a_process_is_asked_to_end_or_killed() {
        let mut asked = sleeper();
        assert!(asked.ended().unwrap().is_none());
        asked.signal("TERM").unwrap();
        assert!(is_gone(asked.pid()));
        assert!(asked.ended().unwrap().is_some_and(|status| !status.success()));
        let mut killed = sleeper();
        killed.kill().unwrap();
        killed.kill().unwrap();
        let dropped = sleeper().pid();
        assert!(is_gone(killed.pid()) && is_gone(dropped));
    }

    #[test]
    fn an_owner_killed_with_sigkill_takes_its_process_along() {
        if std::env::var_os("OWN_A_PROCESS").is_some() {
            // The second process of this test, which owns one until it is killed.
            println!("\nowned {}", sleeper_kept());
            loop {
                std::thread::park();
            }
        }
        let name = "server::process::tests::an_owner_killed_with_sigkill_takes_its_process_along";
        let mut owner = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", name])
            .env("OWN_A_PROCESS", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
        let owned = lines.find_map(|line| line.strip_prefix("owned ").map(str::to_owned)).unwrap();
        owner.kill().unwrap();
        owner.wait().unwrap();
        assert!(is_gone(owned.parse().unwrap()));
    }

    fn sleeper_kept() -> u32 {
        let process = Box::leak(Box::new(sleeper()));
        process.pid()
    }
}
