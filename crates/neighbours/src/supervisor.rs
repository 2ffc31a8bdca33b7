//! The shell that keeps a server for us and outlives us just long enough to put it away.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::processes::wait_within;
use crate::{free_port, processes};

/// Some of them read hundreds of Python's modules first.
const START: Duration = Duration::from_secs(180);

const SCRIPT: &str = include_str!("supervisor.sh");

#[derive(Debug)]
pub(crate) struct Supervisor {
    child: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// The server's directory; its `log` is in it.
    pub(crate) home: PathBuf,
}

impl Supervisor {
    /// Makes the directory of a server, not yet started, by a recipe. `shell` says whose `sh` it is.
    pub(crate) fn start(mut shell: Command, recipe: &str, programs: &Path) -> io::Result<Self> {
        let mut child = shell
            .args(["-c", &[recipe, SCRIPT].concat(), "supervisor"])
            .arg(programs)
            .current_dir("/") // ours may be closed to the server's user
            .process_group(0) // a signal to our group, even SIGKILL, must not reach it
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let words = child.stdin.take();
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut supervisor = Self { child, words, answers: BufReader::new(output), home: PathBuf::new() };
        let answer = supervisor.answer()?;
        match answer.strip_prefix("ready ") {
            Some(home) => supervisor.home = PathBuf::from(home),
            None => {
                let mut complaint = answer + "\n";
                supervisor.answers.read_to_string(&mut complaint)?;
                return Err(io::Error::other(complaint.trim().to_owned()));
            }
        }
        Ok(supervisor)
    }

    /// Makes and starts a server that listens on the port of 127.0.0.1 that its recipe finds in the file `port`, and
    /// waits until it does. Its recipe finds the links, too, by their names.
    pub(crate) fn serve_on_a_free_port(
        recipe: &str,
        programs: &Path,
        name: &str,
        links: &[(&str, &Path)],
    ) -> io::Result<(Self, u16)> {
        let mut supervisor = Self::start(Command::new("sh"), recipe, programs)?;
        let port = free_port()?;
        fs::write(supervisor.home.join("port"), port.to_string())?;
        for (link, path) in links {
            symlink(path, supervisor.home.join(link))?;
        }
        let server = supervisor.start_server()?;
        let up = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        wait_within(START, || up() || !processes::is_alive(server))?;
        if !up() {
            supervisor.reap()?;
            return Err(supervisor.failure(name));
        }
        Ok((supervisor, port))
    }

    /// Starts the server and gives its process.
    pub(crate) fn start_server(&mut self) -> io::Result<u32> {
        self.ask("start")?.parse().map_err(|_| io::ErrorKind::InvalidData.into())
    }

    /// Waits until the server's process has ended and is forgotten by the system.
    pub(crate) fn reap(&mut self) -> io::Result<()> {
        self.ask("reap").map(drop)
    }

    /// What to tell of a server that did not come up: the end of its log.
    pub(crate) fn failure(&self, server: &str) -> io::Error {
        let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        let kind = if end.contains("Address already in use") {
            io::ErrorKind::AddrInUse
        } else {
            io::ErrorKind::Other
        };
        io::Error::new(kind, format!("{server} did not start:\n{end}"))
    }

    fn ask(&mut self, word: &str) -> io::Result<String> {
        let mut words = self.words.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(words, "{word}")?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.words.take());
        // It ends by itself once its input does; if waiting fails there is nobody left to tell.
        let _ = self.child.wait();
    }
}
