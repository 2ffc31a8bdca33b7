//! Programs whose output is a backup, or whose input is one. They end with us, and a failure is never taken for an end.

use std::io::{self, Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use crate::Error;

/// Complaints are kept to this many bytes: the first say most.
const COMPLAINTS: u64 = 8 * 1024;

/// What a program prints. Its end is an end only if the program ended well.
pub(crate) struct Output {
    child: Running,
    stdout: ChildStdout,
    ended: bool,
}

/// A child that does not outlive this value.
struct Running {
    child: Child,
    complaints: Option<JoinHandle<String>>,
}

impl Output {
    pub(crate) fn of(command: &mut Command) -> io::Result<Self> {
        let mut child = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let stdout = child.child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, stdout, ended: false })
    }
}

impl Read for Output {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.stdout.read(out)?;
        if read == 0 && !out.is_empty() && !self.ended {
            self.child.end()?;
            self.ended = true;
        }
        Ok(read)
    }
}

/// Feeds a program all that `input` gives; a program whose input fails is killed before it can take that for its end.
pub(crate) fn feed(command: &mut Command, input: &mut impl Read) -> io::Result<()> {
    let mut child = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::null()))?;
    let mut stdin = child.child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    match io::copy(input, &mut stdin).and_then(|_| stdin.flush()) {
        Ok(()) => drop(stdin),
        // It has closed its end: why, it says itself.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => drop(stdin),
        Err(error) => {
            drop(child);
            drop(stdin);
            return Err(error);
        }
    }
    child.end()
}

/// Whether a program ended by itself, and not well.
pub(super) fn refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Other
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> io::Result<()> {
    Running::start(command.stdin(Stdio::null()).stdout(Stdio::null()))?.end()
}

/// Runs what blocks beside the runtime.
pub(super) async fn in_background(
    program: &'static str,
    work: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<(), Error> {
    let ended = tokio::task::spawn_blocking(work).await.map_err(io::Error::other);
    ended.flatten().map_err(|source| Error::Program { program, source })
}

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let complaints = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                // What cannot be read cannot be told either; the rest is only drained.
                let _ = (&mut stderr).take(COMPLAINTS).read_to_end(&mut text);
                let _ = io::copy(&mut stderr, &mut io::sink());
                String::from_utf8_lossy(&text).trim().to_owned()
            })
        });
        Ok(Self { child, complaints })
    }

    fn end(&mut self) -> io::Result<()> {
        let status = self.child.wait()?;
        let said = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        match (status.success(), status.signal()) {
            (true, _) => Ok(()),
            (_, None) => Err(io::Error::other(format!("{status}: {said}"))),
            // Somebody else's doing.
            (_, Some(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, format!("{status}: {said}"))),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is not killed: std remembers that it was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_fails_after_its_last_byte_has_not_ended_well() {
        let mut text = String::new();
        let error = Output::of(&mut sh("echo all; echo why >&2; exit 3"))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap_err();
        assert_eq!(text, "all\n");
        assert!(error.to_string().ends_with("3: why"), "{error}");
        text.clear();
        assert_eq!(Output::of(&mut sh("echo all")).unwrap().read_to_string(&mut text).unwrap(), 4);
    }

    #[test]
    fn a_program_whose_input_breaks_off_does_not_see_its_end() {
        struct Breaks;
        impl Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("changed"))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let script = format!("cat > /dev/null; touch {}", seen.display());
        let mut input = io::Cursor::new(b"some".to_vec()).chain(Breaks);
        assert_eq!(feed(&mut sh(&script), &mut input).unwrap_err().to_string(), "changed");
        assert!(!seen.exists());
        feed(&mut sh(&script), &mut io::Cursor::new(b"all")).unwrap();
        assert!(seen.exists());
    }
}
