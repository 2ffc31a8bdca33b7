//! The order in which processes call the system, as `strace` sees it.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use comporta_neighbours::{STRACE, install};

const CALLS: &str = "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,sendto,sendmsg";

/// Processes being watched.
#[derive(Debug)]
pub struct Trace {
    strace: Child,
    output: PathBuf,
}

/// One call to the system. Calls are ordered by their ends; `began` and `ended` count lines of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Its arguments, descriptors with the files or sockets behind them.
    pub arguments: String,
    /// Where the trace shows its beginning.
    pub began: usize,
    /// Where the trace shows its end.
    pub ended: usize,
}

impl Trace {
    /// Attaches to processes and to those they start from now on.
    ///
    /// # Errors
    /// When there is no strace to be had, or it may not trace here.
    pub fn attach(pids: &[u32], output: PathBuf) -> io::Result<Self> {
        install(&[STRACE])?;
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-s", "64", "-e", CALLS, "-o"]).arg(&output);
        command.args(pids.iter().flat_map(|pid| ["-p".to_owned(), pid.to_string()]));
        let mut strace = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let told = strace.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let trace = Self { strace, output };
        let mut lines = BufReader::new(told).lines();
        for _ in pids {
            // It says that it has attached to each, or why not.
            let line = lines.next().transpose()?.unwrap_or_default();
            if !line.contains("attached") {
                return Err(io::Error::other(line));
            }
        }
        // Nobody else reads what it says of threads that come and go.
        thread::spawn(move || lines.for_each(drop));
        Ok(trace)
    }

    /// Waits until the trace shows `text`, detaches, and gives the calls that ended, in the order they did.
    ///
    /// # Errors
    /// When it does not come within ten seconds.
    pub fn finish(mut self, text: &str) -> io::Result<Vec<Call>> {
        let begun = Instant::now();
        while !fs::read_to_string(&self.output)?.contains(text) {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::other(format!("{text} is not in the trace")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        let pid = self.strace.id().to_string();
        Command::new("sh").args(["-c", "kill -s INT \"$1\"", "kill", &pid]).status()?;
        self.strace.wait()?;
        Ok(calls(&fs::read_to_string(&self.output)?))
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // Ended already, unless the test failed in between.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

/// What was to be traced by; `None` only where somebody said that tracing is forbidden.
///
/// # Panics
/// When it cannot be traced and nobody said so.
#[expect(clippy::print_stdout, reason = "a test says what it did not prove")]
pub fn unless_excused<T>(traced: io::Result<T>) -> Option<T> {
    let error = match traced {
        Ok(traced) => return Some(traced),
        Err(error) => error,
    };
    let excused = std::env::var_os("COMPORTA_E2E_NO_STRACE").is_some();
    assert!(
        excused,
        "{error}; where tracing is forbidden, set COMPORTA_E2E_NO_STRACE=1 to go without this proof"
    );
    println!("skipped: {error}");
    None
}

/// Lines read `PID name(arguments) = result`; a call during which another process called is told in two halves,
/// `PID name(arguments <unfinished ...>` and `PID <... name resumed>rest) = result`.
fn calls(trace: &str) -> Vec<Call> {
    let mut begun: HashMap<&str, (&str, usize)> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((pid, event)) = line.split_once(' ') else { continue };
        let event = event.trim_start();
        if let Some(beginning) = event.strip_suffix(" <unfinished ...>") {
            begun.insert(pid, (beginning, number));
        } else if event.starts_with("<... ") {
            let Some((beginning, began)) = begun.remove(pid) else { continue };
            calls.extend(call(beginning, began, number));
        } else {
            calls.extend(call(event, number, number));
        }
    }
    calls
}

fn call(text: &str, began: usize, ended: usize) -> Option<Call> {
    let (name, arguments) = text.split_once('(')?;
    Some(Call { name: name.to_owned(), arguments: arguments.to_owned(), began, ended })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_told_in_two_halves_is_one() {
        let trace = "12 fdatasync(7</d/db-wal> <unfinished ...>\n\
                     13    write(9<socket:[5]>, \"x\", 1) = 1\n\
                     12 <... fdatasync resumed>)       = 0\n\
                     13 +++ exited with 0 +++\n";
        let found = calls(trace);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].began, found[0].ended), ("write", 1, 1));
        assert_eq!((found[1].name.as_str(), found[1].began, found[1].ended), ("fdatasync", 0, 2));
        assert_eq!(found[1].arguments, "7</d/db-wal>");
    }
}
