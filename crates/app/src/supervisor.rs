//! Whoever started this process and watches it, as systemd does: sockets that it opened (sd_listen_fds(3)), and what it
//! is told (sd_notify(3)).

use std::fmt::Display;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use listenfd::ListenFd;
use rustix::time::{ClockId, clock_gettime};

use crate::doors::{Inherited, Opened, UnknownDoor};
use crate::settings::Environment;

/// The variables that tell of sockets: how many, to whom, and their names.
pub const SOCKETS: [&str; 3] = ["LISTEN_FDS", "LISTEN_PID", NAMES];
const NAMES: &str = "LISTEN_FDNAMES";
const NOTIFY: &str = "NOTIFY_SOCKET";

/// Why sockets that were given cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its name says nothing.
    #[error("a socket that this process was given has no name that it knows (FileDescriptorName=)")]
    Name(#[from] UnknownDoor),
    /// It is no listening TCP socket.
    #[error("the socket `{name}` that this process was given cannot be listened on")]
    Socket {
        /// Its name.
        name: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// The sockets that this process was given. To be called once, before it has threads: the environment is changed.
///
/// # Errors
/// A socket without a name that we know, or of another kind.
pub fn sockets(environment: &Environment) -> Result<Vec<Inherited>, Error> {
    let mut given = ListenFd::from_env();
    let names = environment.get(NAMES).unwrap_or_default().split(':').chain(std::iter::repeat(""));
    let mut sockets = Vec::new();
    for (place, name) in (0..given.len()).zip(names) {
        let door = name.parse()?;
        let socket = given.take_tcp_listener(place);
        let socket = socket.map_err(|source| Error::Socket { name: name.to_owned(), source })?;
        sockets.extend(socket.map(|socket| Inherited { door, opened: Opened::BySupervisor, socket }));
    }
    Ok(sockets)
}

/// Where the supervisor listens, if there is one.
#[derive(Debug)]
pub struct Supervisor(Option<(UnixDatagram, SocketAddr)>);

impl Supervisor {
    /// The one that the environment names.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let address = environment.get(NOTIFY).map(|name| match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name),
            None => SocketAddr::from_pathname(name),
        });
        let heard = address.transpose().and_then(|address| Ok(address.zip(Some(UnixDatagram::unbound()?))));
        let heard = heard.inspect_err(|error| tracing::warn!(%error, "{NOTIFY} names no socket"));
        Self(heard.ok().flatten().map(|(address, socket)| (socket, address)))
    }

    /// This process serves, or serves again after a reload.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// It reads its settings again.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.tell(format_args!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// It ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Another process serves in its place: that one is to be watched.
    pub fn replaced_by(&self, pid: u32) {
        self.tell(format_args!("MAINPID={pid}\nREADY=1"));
    }

    fn tell(&self, state: impl Display) {
        let Some((socket, address)) = &self.0 else { return };
        if let Err(error) = socket.send_to_addr(state.to_string().as_bytes(), address) {
            tracing::warn!(%error, "the supervisor cannot be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn a_supervisor_is_told_what_becomes_of_the_process_by_path_or_by_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let by_path = UnixDatagram::bind(&path).unwrap();
        let supervisor = Supervisor::of(&[(NOTIFY, path.to_str().unwrap())].into_iter().collect());
        supervisor.ready();
        supervisor.reloading();
        supervisor.replaced_by(7);
        assert_eq!(heard(&by_path), "READY=1");
        let reloading = heard(&by_path);
        let since = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(since.parse::<u64>().unwrap() > 0);
        assert_eq!(heard(&by_path), "MAINPID=7\nREADY=1");

        let name = format!("comporta-{}-supervisor", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let abstractly = UnixDatagram::bind_addr(&address).unwrap();
        Supervisor::of(&[(NOTIFY, format!("@{name}"))].into_iter().collect()).stopping();
        assert_eq!(heard(&abstractly), "STOPPING=1");
    }

    #[test]
    fn without_a_supervisor_nobody_is_told_and_nothing_is_given() {
        Supervisor::of(&Environment::default()).ready();
        assert!(sockets(&Environment::default()).unwrap().is_empty());
    }
}
