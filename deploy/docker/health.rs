//! Asks the Comporta of this container whether it can serve: the image has no shell and no curl to do it.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

/// The program's own default, and the variable that the image sets.
const DEFAULT: &str = "127.0.0.1:8081";
const VARIABLE: &str = "COMPORTA_PRIVATE_LISTEN";
/// Under the time that the image's health check is given.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let listener =
        env::args().nth(1).or_else(|| env::var(VARIABLE).ok()).unwrap_or_else(|| DEFAULT.to_owned());
    match ask(&listener) {
        Ok(line) if line.starts_with("HTTP/1.1 200 ") => ExitCode::SUCCESS,
        Ok(line) => complain(&listener, &line),
        Err(error) => complain(&listener, &error.to_string()),
    }
}

fn complain(listener: &str, what: &str) -> ExitCode {
    eprintln!("{listener}: {what}");
    ExitCode::FAILURE
}

/// The first line of the answer to `/readyz`.
fn ask(listener: &str) -> io::Result<String> {
    let address: SocketAddr = listener.parse().map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&within_reach(address), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(16 * 1024).read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or("no answer").to_owned())
}

/// Whoever listens on every address listens on the loopback one too.
fn within_reach(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
