//! The process that is to take over, as the one before sees it.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as Channel;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{BY_SUPERVISOR, BY_US, FAILED, Program, READY, VARIABLE, VERSION, channel};
use crate::doors::{Doors, Opened};
use crate::supervisor;

/// How long a new process may take for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// To be ready.
    pub start: Duration,
    /// To end when it is asked to, having not been ready in time.
    pub end: Duration,
}

/// How long a process that hung up may take to end, before it is asked to.
const MOMENT: Duration = Duration::from_secs(1);

/// What is read of its reasons, in bytes.
const LONGEST: u64 = 16 * 1024;

/// Why nobody took over.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It found that it cannot serve.
    #[error("{0}")]
    Told(String),
    /// It ended without a word.
    #[error("it ended with {0}")]
    Ended(ExitStatus),
    /// It was not ready in time.
    #[error("it was not ready after {0:?}")]
    Late(Duration),
    /// This process is to end itself.
    #[error("this process was told to stop")]
    CalledOff,
    /// It cannot be heard.
    #[error("it cannot be heard: {0}")]
    Channel(#[from] io::Error),
}

/// A process that was started to take over.
#[derive(Debug)]
pub struct Successor {
    child: Child,
    pid: u32,
    channel: UnixStream,
    began: Instant,
    patience: Patience,
}

impl Successor {
    /// Starts the program with all sockets of `doors`.
    ///
    /// # Errors
    /// When there is no such program, or the system does not let it start.
    pub fn start(program: &Program, doors: &Doors, patience: Patience) -> io::Result<Self> {
        let (ours, theirs) = Channel::pair()?;
        send_all(&ours, doors)?;
        ours.set_nonblocking(true)?;
        let channel = UnixStream::from_std(ours)?;
        let mut command = Command::new(program.path());
        command.args(program.arguments()).env(VARIABLE, VERSION).stdin(Stdio::from(OwnedFd::from(theirs)));
        for variable in supervisor::SOCKETS {
            // They were for this process.
            command.env_remove(variable);
        }
        let child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        Ok(Self { child, pid, channel, began: Instant::now(), patience })
    }

    /// Its process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until it serves, and gives how long that took. If it will not, it has ended when this returns.
    ///
    /// # Errors
    /// Why it does not serve.
    pub async fn ready(mut self, call_off: CancellationToken) -> Result<Duration, Failure> {
        let outcome = tokio::select! {
            biased;
            () = call_off.cancelled() => Err(Failure::CalledOff),
            outcome = timeout(self.patience.start, told(&mut self.channel, &mut self.child)) => {
                outcome.unwrap_or(Err(Failure::Late(self.patience.start)))
            }
        };
        match outcome {
            Ok(()) => Ok(self.began.elapsed()),
            Err(failure) => {
                self.end().await?;
                Err(failure)
            }
        }
    }

    /// Asks it to end, which lets whoever it may have accepted be answered, and kills it when it does not.
    async fn end(&mut self) -> io::Result<()> {
        if self.child.id().is_some()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            // It may have ended already.
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(self.patience.end, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

async fn told(channel: &mut UnixStream, child: &mut Child) -> Result<(), Failure> {
    let mut text = Vec::new();
    // It says one thing, and hangs up. One that has not even read what it was sent breaks off, which is an error.
    let heard = channel.take(LONGEST).read_to_end(&mut text).await;
    let text = String::from_utf8_lossy(&text);
    match text.trim_end().split_once('\n') {
        None if text.trim_end() == READY => Ok(()),
        Some((FAILED, why)) => Err(Failure::Told(why.to_owned())),
        // Whoever hangs up without a word has nothing to say but how it ends.
        _ => match timeout(MOMENT, child.wait()).await {
            Ok(ended) => Err(Failure::Ended(ended?)),
            Err(_) => Err(Failure::Channel(heard.err().unwrap_or(io::ErrorKind::UnexpectedEof.into()))),
        },
    }
}

fn send_all(channel: &Channel, doors: &Doors) -> io::Result<()> {
    let sockets = doors.all().map(|(door, opened, socket)| {
        let opened = match opened {
            Opened::ByUs => BY_US,
            Opened::BySupervisor => BY_SUPERVISOR,
        };
        (format!("{door} {opened}"), socket.as_fd())
    });
    channel::send(channel, &sockets.collect::<Vec<(String, BorrowedFd<'_>)>>())
}
