//! A supervisor that opens the sockets of a program and becomes it, as systemd does: the program that `ACTIVATE`
//! names, with the sockets of `COMPORTA_LISTEN` and `COMPORTA_PRIVATE_LISTEN` (sd_listen_fds(3)).

use std::env;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_setfd};

/// The number of the first socket.
const FIRST: i32 = 3;

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let [public, private] = [
        TcpListener::bind(variable("COMPORTA_LISTEN")?)?,
        TcpListener::bind(variable("COMPORTA_PRIVATE_LISTEN")?)?,
    ];
    for (number, socket) in (FIRST..).zip([&public, &private]) {
        // Nothing else is open yet, so they have the lowest numbers.
        if socket.as_raw_fd() != number {
            return Err(io::Error::other(format!("a socket is {}, not {number}", socket.as_raw_fd())));
        }
        fcntl_setfd(socket, FdFlags::empty())?;
    }
    let mut program = Command::new(variable("ACTIVATE")?);
    program.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", "public:private");
    program.env("LISTEN_PID", std::process::id().to_string());
    Err(program.args(env::args_os().skip(1)).exec())
}
