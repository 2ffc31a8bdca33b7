//! A PostgreSQL server of one's own: made, started, killed, started again, and gone when its owner is.

mod programs;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::processes::{PATIENCE, wait_until, wait_within};
use crate::supervisor::Supervisor;
use crate::{POSTGRESQL, free_port, install, processes};

const RECIPE: &str = include_str!("postgres/recipe.sh");
const TRIES: usize = 10;

/// Whether the server's programs are on this machine.
pub(crate) fn is_installed() -> bool {
    programs::find().is_some()
}

/// What the server is to run with.
#[derive(Clone, Debug)]
pub struct Options {
    settings: Vec<(String, String)>,
    variables: Vec<(String, String)>,
}

impl Options {
    /// For tests: nothing is synced to disk, so data survives a killed server but not a lost machine.
    #[must_use]
    pub fn fast() -> Self {
        Self::durable().with("fsync", "off").with("synchronous_commit", "off").with("full_page_writes", "off")
    }

    /// For crash tests and benches: PostgreSQL's own defaults, a commit is on disk when acknowledged.
    #[must_use]
    pub fn durable() -> Self {
        Self { settings: Vec::new(), variables: Vec::new() }
            .with("listen_addresses", "127.0.0.1")
            .with("unix_socket_directories", "")
            .with("timezone", "UTC")
    }

    /// Adds a setting of `postgresql.conf`; a later one of the same name wins.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a variable to the environment of the server, and so of what it runs to archive its log.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A running server on 127.0.0.1 with a data directory of its own, both gone when this is dropped or its
/// process ends in any way. Its superuser is `postgres`, without a password.
#[derive(Debug)]
pub struct Postgres {
    supervisor: Supervisor,
    programs: PathBuf,
    port: u16,
    postmaster: u32,
}

impl Postgres {
    /// Makes a cluster and starts it on a free port, installing PostgreSQL first if it is missing.
    ///
    /// # Errors
    /// When PostgreSQL is missing and cannot be installed, or does not start: the end of its log is told.
    pub fn start(options: &Options) -> io::Result<Self> {
        install(&[POSTGRESQL])?;
        let programs = programs::find().ok_or(io::ErrorKind::NotFound)?;
        let mut shell = programs::command_as_server("sh")?;
        // Variables of the program under test that are around us must not reach what the server runs.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COMPORTA_"))
        {
            shell.env_remove(name);
        }
        shell.envs(options.variables.iter().map(|(name, value)| (name, value)));
        let supervisor = Supervisor::start(shell, RECIPE, &programs)?;
        let mut postgres = Self { supervisor, programs, port: 0, postmaster: 0 };
        for (name, value) in &options.settings {
            postgres.configure(name, value)?;
        }
        // A port seen free may be taken before the server gets to it: then another is tried.
        for _ in 1..TRIES {
            postgres.take_port()?;
            match postgres.restart() {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                outcome => return outcome.map(|()| postgres),
            }
        }
        postgres.take_port()?;
        postgres.restart().map(|()| postgres)
    }

    /// The URL of one of its databases; `postgres` is there from the start.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port it listens on, the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's first process, another one after a restart.
    #[must_use]
    pub fn postmaster_pid(&self) -> u32 {
        self.postmaster
    }

    /// The cluster's data directory; it belongs to the server's user.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.supervisor.home.join("data")
    }

    /// A command for a program that is run by the server's user, who owns the cluster: as we are, or as `postgres`
    /// when we are root.
    ///
    /// # Errors
    /// When that user cannot be made.
    pub fn command(&self, program: &std::path::Path) -> io::Result<Command> {
        programs::command_as_server(program)
    }

    /// A folder of the server's user, gone with the server.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.supervisor.home.clone()
    }

    /// The folder of PostgreSQL's programs (`psql`, `pgbench`, …) of the server's version.
    #[must_use]
    pub fn programs(&self) -> &std::path::Path {
        &self.programs
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// When the server is down or has a database of that name.
    pub fn create_database(&self, name: &str) -> io::Result<()> {
        self.psql("postgres", &format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""))).map(drop)
    }

    /// Runs statements in a database through `psql` and gives the rows, a line each, columns parted by `|`.
    ///
    /// # Errors
    /// When the server is down or refuses a statement: what it said is told.
    pub fn psql(&self, database: &str, statements: &str) -> io::Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--dbname", &format!("{}?sslmode=disable", self.url(database)), "--command", statements]);
        processes::finish(&mut psql)
    }

    /// Kills the server and each of its processes with SIGKILL, as a power cut would but for the disk's cache;
    /// the data stays for [`restart`](Self::restart).
    ///
    /// # Errors
    /// When the processes cannot be listed or signalled.
    pub fn kill_dash_nine(&mut self) -> io::Result<()> {
        processes::signal("STOP", &[self.postmaster])?; // so that it starts no other while we look
        let mut all = processes::children(self.postmaster)?;
        all.push(self.postmaster);
        processes::signal("KILL", &all)?;
        self.supervisor.reap()?;
        // The next server refuses to start while one of these still holds the shared memory.
        wait_until(|| !all.iter().copied().any(processes::is_alive))
    }

    /// Starts the killed server again on the same port and data, and waits until it has recovered.
    ///
    /// # Errors
    /// When it does not come up: the end of its log is told.
    pub fn restart(&mut self) -> io::Result<()> {
        self.restart_within(PATIENCE)
    }

    /// The same, for a server that has much to recover.
    ///
    /// # Errors
    /// When it does not come up in that time: the end of its log is told.
    pub fn restart_within(&mut self, patience: Duration) -> io::Result<()> {
        self.postmaster = self.supervisor.start_server()?;
        wait_within(patience, || self.is_ready() || !processes::is_alive(self.postmaster))?;
        if self.is_ready() {
            return Ok(());
        }
        self.supervisor.reap()?;
        Err(self.supervisor.failure("PostgreSQL"))
    }

    fn take_port(&mut self) -> io::Result<()> {
        self.port = free_port()?;
        self.configure("port", &self.port.to_string())
    }

    fn configure(&self, name: &str, value: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(self.data_dir().join("postgresql.conf"))?;
        writeln!(file, "{name} = '{}'", value.replace('\'', "''"))
    }

    /// Whether the lock file, whose last line tells the state, says so of this very process.
    fn is_ready(&self) -> bool {
        let Ok(lock) = fs::read_to_string(self.data_dir().join("postmaster.pid")) else { return false };
        let mut lines = lock.lines();
        lines.next() == Some(&self.postmaster.to_string()) && lines.nth(6).map(str::trim_end) == Some("ready")
    }
}
