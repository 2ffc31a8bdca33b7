//! The process before, as the one that takes over sees it.

use std::fs::File;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{BY_SUPERVISOR, FAILED, READY, VARIABLE, VERSION, channel};
use crate::doors::{Inherited, Opened, UnknownDoor};
use crate::settings::Environment;

/// How long it may take to send what it sent before this process began.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why nothing was taken over.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another version of the program speaks another way.
    #[error(
        "{VARIABLE} is `{0}`, this version expects {VERSION}: stop the running process and start this one"
    )]
    Version(String),
    /// Nobody is there, or what came is no list of sockets.
    #[error("{VARIABLE} is set, but standard input leads to no process that hands its sockets over")]
    Channel(#[from] io::Error),
    /// A socket for what this version does not know.
    #[error(transparent)]
    Door(#[from] UnknownDoor),
}

/// The process that started this one to take its place, and waits.
#[derive(Debug)]
pub struct Predecessor(UnixStream);

impl Predecessor {
    /// Takes the sockets of the process before, if there is one.
    ///
    /// # Errors
    /// When the environment says that there is one, but it hands nothing over.
    pub fn find(environment: &Environment) -> Result<Option<(Self, Vec<Inherited>)>, Error> {
        match environment.get(VARIABLE) {
            None => Ok(None),
            Some(VERSION) => {
                let channel = channel_of_process()?;
                let inherited = channel::receive(&channel)?.into_iter().map(inherited);
                let inherited = inherited.collect::<Result<_, _>>()?;
                Ok(Some((Self(channel), inherited)))
            }
            Some(other) => Err(Error::Version(other.to_owned())),
        }
    }

    /// Tells it to leave: this process serves.
    pub fn ready(self) {
        self.tell(READY);
    }

    /// Tells it to stay, and why.
    pub fn failed(self, why: &str) {
        self.tell(&format!("{FAILED}\n{why}"));
    }

    fn tell(mut self, text: &str) {
        if let Err(error) = self.0.write_all(format!("{text}\n").as_bytes()) {
            tracing::warn!(%error, "the process before cannot be told");
        }
    }
}

/// Standard input, which leads nowhere from now on.
fn channel_of_process() -> io::Result<UnixStream> {
    let channel = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    channel.set_read_timeout(Some(PATIENCE))?;
    Ok(channel)
}

fn inherited((line, socket): (String, OwnedFd)) -> Result<Inherited, UnknownDoor> {
    let (door, opened) = line.split_once(' ').unwrap_or((&line, ""));
    let opened = if opened == BY_SUPERVISOR { Opened::BySupervisor } else { Opened::ByUs };
    Ok(Inherited { door: door.parse()?, opened, socket: TcpListener::from(socket) })
}
