//! Where this process listens: on sockets that it opens, or on those of whoever started it.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::str::FromStr;

use comporta_gateway::Listeners;

use crate::settings::{Role, Settings};

/// A listener of the program, by what it is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Door {
    /// For partners: `listen`.
    Public,
    /// For operators: `private_listen`.
    Private,
    /// For gateways in other processes: `service_listen`.
    Services,
}

impl Door {
    const ALL: [Self; 3] = [Self::Public, Self::Private, Self::Services];

    /// Its name between processes, `FileDescriptorName=` of systemd.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Services => "services",
        }
    }
}

/// Not the name of a listener.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no listener: expected public, private or services")]
pub struct UnknownDoor(String);

impl FromStr for Door {
    type Err = UnknownDoor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|door| door.name() == text).ok_or_else(|| UnknownDoor(text.to_owned()))
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who opened a socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opened {
    /// This program, in this process or one before, where the settings said.
    ByUs,
    /// Whoever started it, who decides where it listens: the settings do not matter.
    BySupervisor,
}

/// A socket that listens already.
#[derive(Debug)]
pub struct Inherited {
    /// What it is for.
    pub door: Door,
    /// Who opened it.
    pub opened: Opened,
    /// The socket.
    pub socket: TcpListener,
}

/// Why a process cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct Error {
    /// Where.
    address: SocketAddr,
    /// Why not.
    #[source]
    source: io::Error,
}

/// Every socket that the process listens on.
#[derive(Debug)]
pub struct Doors {
    /// Of the gateway, if its role runs.
    pub public: Option<Listeners>,
    /// Of health, metrics and administration.
    pub private: Listeners,
    /// Of services whose gateway runs elsewhere; none if it runs here.
    pub services: Option<Listeners>,
    by_supervisor: BTreeSet<Door>,
}

impl Doors {
    /// Listens where the roles need it: on what was inherited, else anew.
    ///
    /// # Errors
    /// [`Error`] when an address is taken or not this machine's.
    pub fn open(settings: &Settings, inherited: Vec<Inherited>) -> Result<Self, Error> {
        let mut estate = Estate { inherited, by_supervisor: BTreeSet::new() };
        let is_gateway = settings.roles.contains(&Role::Gateway);
        let public = is_gateway.then(|| estate.open(Door::Public, settings.listen, settings.cores()));
        let serves = !is_gateway && settings.serves();
        let services = serves.then(|| estate.open(Door::Services, settings.service_listen, 1));
        let private = estate.open(Door::Private, settings.private_listen, 1)?;
        estate.tell_unneeded();
        let Estate { by_supervisor, .. } = estate;
        Ok(Self { public: public.transpose()?, private, services: services.transpose()?, by_supervisor })
    }

    /// Every socket, for whoever takes over.
    pub fn all(&self) -> impl Iterator<Item = (Door, Opened, &TcpListener)> {
        let public = self.public.iter().map(|listeners| (Door::Public, listeners));
        let services = self.services.iter().map(|listeners| (Door::Services, listeners));
        let doors = public.chain([(Door::Private, &self.private)]).chain(services);
        doors.flat_map(|(door, listeners)| {
            let opened = self.opened(door);
            listeners.sockets().iter().map(move |socket| (door, opened, socket))
        })
    }

    fn opened(&self, door: Door) -> Opened {
        if self.by_supervisor.contains(&door) { Opened::BySupervisor } else { Opened::ByUs }
    }
}

/// What was inherited and nobody has claimed yet.
struct Estate {
    inherited: Vec<Inherited>,
    by_supervisor: BTreeSet<Door>,
}

impl Estate {
    fn open(&mut self, door: Door, address: SocketAddr, cores: usize) -> Result<Listeners, Error> {
        let sockets = self.claim(door, address);
        let listeners = match sockets.is_empty() {
            true => Listeners::open(address, cores),
            false => Listeners::take_over(sockets, cores),
        };
        listeners.map_err(|source| Error { address, source })
    }

    /// The sockets of a listener. One of ours that listens where the settings no longer say is not wanted.
    fn claim(&mut self, door: Door, address: SocketAddr) -> Vec<TcpListener> {
        let of_door: Vec<Inherited> = self.inherited.extract_if(.., |one| one.door == door).collect();
        let by_supervisor = of_door.iter().any(|one| one.opened == Opened::BySupervisor);
        if by_supervisor {
            self.by_supervisor.insert(door);
        }
        let sockets = of_door.into_iter().map(|one| one.socket);
        let (wanted, left): (Vec<_>, Vec<_>) =
            sockets.partition(|socket| by_supervisor || listens_at(socket, address));
        if !left.is_empty() {
            tracing::warn!(%door, %address, "the address has changed: whoever calls the old one is refused from now on");
        }
        wanted
    }

    fn tell_unneeded(&self) {
        for Inherited { door, socket, .. } in &self.inherited {
            let address = socket.local_addr().map(|address| address.to_string()).unwrap_or_default();
            tracing::warn!(%door, address, "no role that runs here needs this socket: it is closed");
        }
    }
}

fn listens_at(socket: &TcpListener, address: SocketAddr) -> bool {
    let at = |found: SocketAddr| found.ip() == address.ip() && [0, found.port()].contains(&address.port());
    socket.local_addr().is_ok_and(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{self, Environment, Sources};

    const ANY: &str = "127.0.0.1:0";

    fn settings(more: &[(&str, &str)]) -> Settings {
        let addresses = ["COMPORTA_LISTEN", "COMPORTA_PRIVATE_LISTEN", "COMPORTA_SERVICE_LISTEN"];
        let environment: Environment =
            addresses.map(|name| (name, ANY)).iter().chain(more).copied().collect();
        settings::load(&Sources { file: None, environment: &environment, flags: &[] }).unwrap()
    }

    fn handed_on(doors: &Doors) -> Vec<Inherited> {
        let duplicate = |(door, opened, socket): (_, _, &TcpListener)| Inherited {
            door,
            opened,
            socket: socket.try_clone().unwrap(),
        };
        doors.all().map(duplicate).collect()
    }

    fn addresses(doors: &Doors) -> BTreeSet<(Door, SocketAddr)> {
        doors.all().map(|(door, _, socket)| (door, socket.local_addr().unwrap())).collect()
    }

    #[test]
    fn every_socket_is_handed_on_and_kept_from_process_to_process() {
        let first = Doors::open(&settings(&[("COMPORTA_WORKERS", "2")]), Vec::new()).unwrap();
        assert_eq!(first.all().count(), 3);
        let second = Doors::open(&settings(&[("COMPORTA_WORKERS", "1")]), handed_on(&first)).unwrap();
        assert_eq!((second.all().count(), addresses(&second)), (3, addresses(&first)));
        let split = [("COMPORTA_ROLES", "ledger,jobs")];
        let third = Doors::open(&settings(&split), handed_on(&second)).unwrap();
        assert!(third.public.is_none() && third.services.is_some());
        assert_eq!(third.private.address(), first.private.address());
    }

    #[test]
    fn a_socket_of_ours_is_left_behind_when_the_settings_name_another_address_but_a_supervisors_is_not() {
        let first = Doors::open(&settings(&[]), Vec::new()).unwrap();
        let elsewhere = [("COMPORTA_PRIVATE_LISTEN", "127.0.0.2:0"), ("COMPORTA_ROLES", "jobs")];
        let moved = Doors::open(&settings(&elsewhere), handed_on(&first)).unwrap();
        assert_eq!(moved.private.address().ip().to_string(), "127.0.0.2");

        let given = Inherited {
            door: Door::Private,
            opened: Opened::BySupervisor,
            socket: TcpListener::bind(ANY).unwrap(),
        };
        let address = given.socket.local_addr().unwrap();
        let kept = Doors::open(&settings(&elsewhere), vec![given]).unwrap();
        assert_eq!(kept.private.address(), address);
        let next = Doors::open(&settings(&elsewhere), handed_on(&kept)).unwrap();
        assert_eq!(next.private.address(), address, "nor by those that come after");
    }
}
