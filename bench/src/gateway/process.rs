//! A proxy's processes: started on its core, measured, and gone when we are, however we end.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, cpu, memory};

/// Waits for the end of its standard input, which comes with ours, then kills the whole group.
const GUARDIAN: &str = r#"trap '' HUP INT TERM; read -r _; kill -s KILL -- "-$1""#;
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(5);

/// A group of processes and the one that leads it.
pub(super) struct Process {
    leader: Child,
    guardian: Child,
}

impl Process {
    /// Starts a command whose outputs go into a file.
    pub(super) fn start(mut command: Command, log: &Path) -> Outcome<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut leader = command.spawn()?;
        let guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "guardian", &leader.id().to_string()])
            .process_group(0) // a signal to our group must not reach it
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match guardian {
            Ok(guardian) => Ok(Self { leader, guardian }),
            Err(error) => {
                leader.kill()?;
                leader.wait()?;
                Err(error.into())
            }
        }
    }

    /// The leader and its children.
    pub(super) fn pids(&self) -> Vec<u32> {
        let leader = self.leader.id();
        let mut pids = cpu::children(leader);
        pids.insert(0, leader);
        pids
    }

    /// Processor time that all have used.
    pub(super) fn used(&self) -> Duration {
        cpu::of_family(self.leader.id())
    }

    /// Mebibytes in memory that are theirs; what several share counts once.
    pub(super) fn resident(&self) -> f64 {
        self.pids().into_iter().filter_map(|pid| memory::proportional(pid).ok()).sum()
    }

    /// Whether the leader runs no more. It is not waited for yet, so its number stays its own (proc(5)).
    pub(super) fn has_ended(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.leader.id())).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
    }

    /// Asks it to end, and waits until it has.
    pub(super) async fn stop(self) -> Outcome {
        signal("TERM", self.leader.id())?;
        let begun = Instant::now();
        while !self.has_ended() {
            if begun.elapsed() > PATIENCE {
                return Err("the proxy did not end when asked to".into());
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its input ends: it kills what is left of the group. If waiting fails there is nobody left to tell.
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
        let _ = self.leader.wait();
    }
}

/// Sends a signal, named as `kill` names it.
pub(super) fn signal(name: &str, pid: u32) -> Outcome {
    let sent =
        Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "kill", name, &pid.to_string()]).status()?;
    if sent.success() { Ok(()) } else { Err(format!("no process {pid} to send {name} to").into()) }
}
