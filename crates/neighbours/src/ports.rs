//! Ports for servers of our own.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Below Linux's ephemeral ports: while a server there is down, a client that keeps trying could be given the
/// very port it calls, meet itself, and keep the server from coming back.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

/// A port on 127.0.0.1 that nobody listens on now, and that the system gives to no client.
///
/// # Errors
/// When none is found.
pub fn free_port() -> io::Result<u16> {
    let random = |_| RandomState::new().build_hasher().finish();
    let candidates = (0..100).map(random).map(|number| PORTS.start + (number % PORTS.len() as u64) as u16);
    for port in candidates {
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrNotAvailable.into())
}
