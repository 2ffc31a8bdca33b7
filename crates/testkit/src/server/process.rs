//! A child process that cannot outlive its parent, however that one ends; nor can whom it starts.

use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process_group, set_child_subreaper, waitpid};

/// Waits for the end of its standard input, which comes with the end of whoever holds the other side.
const GUARDIAN: &str = r#"trap '' HUP INT TERM; read -r _; kill -s KILL -- "-$1""#;

#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    /// The first process's id, which all that follow it have as their group.
    group: u32,
    /// None of one that we did not start ourselves.
    child: Option<Child>,
    guardian: Child,
    status: Option<ExitStatus>,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        // Whom it starts in turn becomes ours when it ends.
        set_child_subreaper(Some(getpid()))?;
        let mut child = command.process_group(0).spawn()?;
        let pid = child.id();
        match guard(pid) {
            Ok(guardian) => Ok(Self { pid, group: pid, child: Some(child), guardian, status: None }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// Is from now on, having ended, one that it has started.
    pub(crate) fn becomes(&mut self, pid: u32) -> io::Result<()> {
        self.guardian = guard(self.group)?;
        (self.pid, self.child, self.status) = (pid, None, None);
        Ok(())
    }

    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn signal(&self, name: &str) -> io::Result<()> {
        let pid = self.pid().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "kill", name, &pid]).status()?;
        if sent.success() { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// How it ended, if it did. Its guardian goes first: once waited for, its number may become another's.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() && !has_ended(self.pid) {
            return Ok(None);
        }
        self.dismiss_guardian()?;
        self.wait().map(Some)
    }

    /// Ends it with SIGKILL, and whom it has started, unless it ended by itself.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.dismiss_guardian()?;
        if self.status.is_none() {
            kill_process_group(number(self.group)?, Signal::KILL)?;
        }
        self.wait().map(drop)
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let status = match &mut self.child {
            Some(child) => child.wait()?,
            None => {
                let ended = waitpid(Some(number(self.pid)?), WaitOptions::empty())?;
                ExitStatus::from_raw(ended.map_or(0, |(_, status)| status.as_raw()))
            }
        };
        self.status = Some(status);
        Ok(status)
    }

    fn dismiss_guardian(&mut self) -> io::Result<()> {
        self.guardian.kill()?;
        self.guardian.wait().map(drop)
    }
}

fn number(pid: u32) -> io::Result<Pid> {
    Ok(i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?)
}

fn guard(group: u32) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", GUARDIAN, "guardian", &group.to_string()])
        .process_group(0) // a signal to our group, even SIGKILL, must not reach it
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
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

    /// Starts another one, tells its id, and ends with its standard input.
    const PARENT: &str = "sleep 600 & echo $!; read -r _; exit 0";

    fn with_child() -> (Process, u32) {
        let mut command = Command::new("sh");
        let command = command.args(["-c", PARENT]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut parent = Process::spawn(command).unwrap();
        let mut line = String::new();
        let stdout = parent.child.as_mut().unwrap().stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        (parent, line.trim().parse().unwrap())
    }

    #[test]
    fn a_process_becomes_the_one_that_it_has_started() {
        let (mut process, child) = with_child();
        drop(process.child.as_mut().unwrap().stdin.take());
        assert!(is_gone(process.pid()) && process.ended().unwrap().is_some_and(|status| status.success()));
        process.becomes(child).unwrap();
        assert!(process.pid() == child && process.ended().unwrap().is_none());
        process.signal("TERM").unwrap();
        assert!(is_gone(child));
        assert_eq!(process.ended().unwrap().and_then(|status| status.signal()), Some(15));
    }

    #[test]
    fn a_process_that_is_killed_takes_along_whom_it_has_started() {
        let (process, child) = with_child();
        drop(process);
        assert!(is_gone(child));
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
