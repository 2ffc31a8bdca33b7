//! Listening sockets: one per core on the same port, so that the kernel spreads connections and no core waits for
//! another. A process that takes over listens on the very sockets of the one before, with whoever waits in them.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Connections that wait for `accept`, for each core.
const BACKLOG: i32 = 4096;

/// Sockets that listen, and how many cores share them out.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<TcpListener>,
    cores: usize,
    address: SocketAddr,
}

impl Listeners {
    /// Opens a socket per core.
    ///
    /// # Errors
    /// When the address is taken, by this user's processes too: a shared port would take another's connections unseen.
    pub fn open(address: SocketAddr, cores: usize) -> io::Result<Self> {
        // Without the sharing that follows, so that a port in use is an error.
        let probe = socket(address)?;
        probe.bind(&address.into())?;
        let address = probe.local_addr()?.as_socket().unwrap_or(address);
        drop(probe);
        let sockets = (0..cores.max(1)).map(|_| another(address)).collect::<io::Result<_>>()?;
        Ok(Self { sockets, cores: cores.max(1), address })
    }

    /// Listens on sockets that listen already. All are kept, for connections may wait in each of them: where there are
    /// more than cores, a core has several. Where there are fewer, more are opened beside them if the port may be
    /// shared; else cores share sockets.
    ///
    /// # Errors
    /// When there is none, or one does not listen.
    pub fn take_over(mut sockets: Vec<TcpListener>, cores: usize) -> io::Result<Self> {
        let cores = cores.max(1);
        let nothing = || io::Error::new(io::ErrorKind::InvalidInput, "no socket to listen on");
        let address = sockets.first().ok_or_else(nothing)?.local_addr()?;
        let mut grows = true;
        for given in &sockets {
            let socket = SockRef::from(given);
            if !socket.is_listener()? {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket does not listen"));
            }
            socket.set_nonblocking(true)?;
            grows &= socket.reuse_port()? && given.local_addr()? == address;
        }
        while grows && sockets.len() < cores {
            match another(address) {
                Ok(socket) => sockets.push(socket),
                // Whoever opened the others may have been another user.
                Err(error) => {
                    tracing::debug!(%error, %address, "no more sockets can be opened: cores share them");
                    grows = false;
                }
            }
        }
        Ok(Self { sockets, cores, address })
    }

    /// Where they listen; the first of them, if they differ.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many cores accept from them.
    #[must_use]
    pub const fn cores(&self) -> usize {
        self.cores
    }

    /// Every socket, once.
    #[must_use]
    pub fn sockets(&self) -> &[TcpListener] {
        &self.sockets
    }

    /// What a core accepts from. They listen until these and the whole are dropped.
    ///
    /// # Errors
    /// When no descriptor is free.
    pub fn of_core(&self, core: usize) -> io::Result<Vec<TcpListener>> {
        let own = self.sockets.iter().skip(core % self.sockets.len()).step_by(self.cores);
        own.map(TcpListener::try_clone).collect()
    }
}

/// One more socket on a port that may be shared.
fn another(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of a process before that still linger do not keep the port.
    socket.set_reuse_address(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    const ANY: &str = "127.0.0.1:0";

    fn duplicates(of: &Listeners) -> Vec<TcpListener> {
        of.sockets().iter().map(|socket| socket.try_clone().unwrap()).collect()
    }

    /// Accepts with every core until so many have come, and gives who they are.
    fn accepted(listeners: &Listeners, wanted: usize) -> BTreeSet<SocketAddr> {
        let mut peers = BTreeSet::new();
        for _ in 0..500 {
            for core in 0..listeners.cores() {
                for socket in listeners.of_core(core).unwrap() {
                    while let Ok((_, peer)) = socket.accept() {
                        peers.insert(peer);
                    }
                }
            }
            if peers.len() == wanted {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        peers
    }

    #[test]
    fn cores_share_a_port_that_nobody_else_gets() {
        let listeners = Listeners::open(ANY.parse().unwrap(), 2).unwrap();
        let address = listeners.address();
        assert_eq!(listeners.sockets().len(), 2);
        assert_eq!(listeners.of_core(1).unwrap()[0].local_addr().unwrap(), address);
        assert_eq!(Listeners::open(address, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn whoever_waits_is_accepted_by_the_next_process_however_many_cores_it_has() {
        let first = Listeners::open(ANY.parse().unwrap(), 3).unwrap();
        for cores in [1, 2, 3, 5] {
            let waiting: Vec<TcpStream> =
                (0..40).map(|_| TcpStream::connect(first.address()).unwrap()).collect();
            let next = Listeners::take_over(duplicates(&first), cores).unwrap();
            assert_eq!((next.address(), next.sockets().len()), (first.address(), cores.max(3)));
            let came: BTreeSet<_> = waiting.iter().map(|stream| stream.local_addr().unwrap()).collect();
            assert_eq!(accepted(&next, 40), came, "{cores} cores");
        }
    }

    #[test]
    fn cores_share_a_socket_whose_port_is_not_to_be_shared() {
        let given = TcpListener::bind(ANY).unwrap();
        let listeners = Listeners::take_over(vec![given], 2).unwrap();
        assert_eq!(listeners.sockets().len(), 1);
        for core in 0..2 {
            let _waiting = TcpStream::connect(listeners.address()).unwrap();
            let accepted = listeners.of_core(core).unwrap()[0].accept();
            assert!(accepted.is_ok(), "core {core}");
        }
        assert!(Listeners::take_over(Vec::new(), 1).is_err());
    }
}
