//! A Redis or Valkey server of one's own: started, paused, killed, started again, and gone when its owner is.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::processes::wait_until;
use crate::supervisor::Supervisor;
use crate::{REDIS, free_port, install, processes};

const RECIPE: &str = include_str!("redis/recipe.sh");
const TRIES: usize = 10;

/// A running server on 127.0.0.1 that keeps everything in memory; gone when this is dropped or its process ends
/// in any way.
#[derive(Debug)]
pub struct Redis {
    supervisor: Supervisor,
    port: u16,
    server: u32,
}

impl Redis {
    /// Starts a server on a free port, installing Redis first if neither it nor Valkey is there.
    ///
    /// # Errors
    /// When the server is missing and cannot be installed, or does not start: the end of its log is told.
    pub fn start() -> io::Result<Self> {
        install(&[REDIS])?;
        let program = program().ok_or(io::ErrorKind::NotFound)?;
        let supervisor = Supervisor::start(Command::new("sh"), RECIPE, &program)?;
        let mut redis = Self { supervisor, port: 0, server: 0 };
        // A port seen free may be taken before the server gets to it: then another is tried.
        for _ in 1..TRIES {
            redis.take_port()?;
            match redis.restart() {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                outcome => return outcome.map(|()| redis),
            }
        }
        redis.take_port()?;
        redis.restart().map(|()| redis)
    }

    /// The URL of its first database, the same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Kills the server with SIGKILL; what it knew is lost.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill_dash_nine(&mut self) -> io::Result<()> {
        processes::signal("KILL", &[self.server])?;
        self.supervisor.reap()
    }

    /// Starts the killed server again, empty, on the same port, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up: the end of its log is told.
    pub fn restart(&mut self) -> io::Result<()> {
        self.server = self.supervisor.start_server()?;
        wait_until(|| self.is_ready() || !processes::is_alive(self.server))?;
        if self.is_ready() {
            return Ok(());
        }
        self.supervisor.reap()?;
        Err(self.supervisor.failure("Redis"))
    }

    /// Lets the server hang: its port still takes connections, but nothing is answered.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn pause(&self) -> io::Result<()> {
        processes::signal("STOP", &[self.server])
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn resume(&self) -> io::Result<()> {
        processes::signal("CONT", &[self.server])
    }

    /// Adds the port to the settings, the last of which counts.
    fn take_port(&mut self) -> io::Result<()> {
        self.port = free_port()?;
        let mut file = OpenOptions::new().append(true).open(self.supervisor.home.join("server.conf"))?;
        writeln!(file, "port {}", self.port)
    }

    /// Whether a server answers on the port, and is this very process.
    fn is_ready(&self) -> bool {
        let own = format!("process_id:{}\r\n", self.server);
        self.info().is_ok_and(|info| info.contains(&own))
    }

    fn info(&self) -> io::Result<String> {
        let patience = Duration::from_secs(1);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(b"INFO server\r\nQUIT\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// Whether a server's program is on this machine.
pub(crate) fn is_installed() -> bool {
    program().is_some()
}

fn program() -> Option<PathBuf> {
    let folders = processes::search_path();
    let candidates = ["valkey-server", "redis-server"].into_iter();
    candidates
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}
