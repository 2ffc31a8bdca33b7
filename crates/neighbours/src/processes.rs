//! Other processes: who runs them, whether they live, and how to end them, by way of `/proc` and `kill`.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Whether this process is root's.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Runs a command in silence and tells whether it could be run and succeeded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command to its end and gives what it printed; a failure carries what it complained of.
pub(crate) fn finish(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let program = command.get_program().display();
    Err(io::Error::other(format!("{program}: {}: {}", output.status, complaint.trim())))
}

/// Whether a process still runs; one that has ended but was not yet waited for does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    state_and_parent(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// The processes whose parent is `pid`.
pub(crate) fn children(pid: u32) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(candidate) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if state_and_parent(candidate).is_some_and(|(_, parent)| parent == pid) {
            found.push(candidate);
        }
    }
    Ok(found)
}

/// Sends a signal, named as `kill` names it; processes that are gone already are passed over.
pub(crate) fn signal(name: &str, pids: &[u32]) -> io::Result<()> {
    Command::new("sh")
        .args([
            "-c",
            "signal=$1; shift; for pid; do kill -s \"$signal\" \"$pid\" 2>/dev/null; done; :",
            "kill",
            name,
        ])
        .args(pids.iter().map(u32::to_string))
        .status()
        .map(drop)
}

/// Waits for something, a minute at most.
pub(crate) fn wait_until(met: impl Fn() -> bool) -> io::Result<()> {
    wait_within(PATIENCE, met)
}

/// Waits for something that may take longer.
pub(crate) fn wait_within(patience: Duration, met: impl Fn() -> bool) -> io::Result<()> {
    let begun = Instant::now();
    while !met() {
        if begun.elapsed() > patience {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// The folders in which programs are looked for.
pub(crate) fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

/// Fields 3 and 4 of `/proc/PID/stat` (proc(5)); field 2, the name, may itself hold blanks and parentheses.
fn state_and_parent(pid: u32) -> Option<(String, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
