//! A PostgreSQL server whose log the program archives: lost, and brought back to an instant.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use comporta_neighbours::{Options, Postgres};

use crate::Setup;

/// How long a server may take to come to the end of the log.
const RECOVERY: Duration = Duration::from_secs(1800);
const GLANCE: Duration = Duration::from_millis(20);
/// How often the log leaves, though a segment is not full: seconds.
const ARCHIVE_TIMEOUT: &str = "2";

/// A durable server that archives its log into a place for backups. Everything in the place is reached with the same
/// variables, by the server and by whoever restores it.
#[derive(Debug)]
pub struct ArchivingPostgres {
    postgres: Postgres,
    program: PathBuf,
    variables: BTreeMap<String, String>,
}

impl ArchivingPostgres {
    /// Starts a server that runs `program` to archive its log into `place`; `variables` lead there.
    ///
    /// # Errors
    /// When PostgreSQL is missing and cannot be installed, or does not start.
    pub fn start(program: PathBuf, place: &str, mut variables: BTreeMap<String, String>) -> io::Result<Self> {
        variables.insert("COMPORTA_BACKUP__TO".to_owned(), place.to_owned());
        let command = format!("'{}' backup wal push %p %f", program.display());
        let options = Options::durable()
            .with("archive_mode", "on")
            .with("archive_command", &command)
            .with("archive_timeout", ARCHIVE_TIMEOUT);
        let options = variables.iter().fold(options, |options, (name, value)| options.variable(name, value));
        let postgres = Postgres::start(&options)?;
        variables.insert("COMPORTA_DATABASE__URL".to_owned(), postgres.url("postgres"));
        variables.insert(
            "COMPORTA_BACKUP__SCRATCH".to_owned(),
            postgres.home().join("scratch").display().to_string(),
        );
        Ok(Self { postgres, program, variables })
    }

    /// The server.
    #[must_use]
    pub const fn server(&self) -> &Postgres {
        &self.postgres
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.postgres.url("postgres")
    }

    /// The program on this database, with this place for backups.
    #[must_use]
    pub fn setup(&self) -> Setup {
        let setup = Setup::new(&self.url()).binary(self.program.clone());
        let for_it = self.variables.iter().filter(|(name, _)| *name != "COMPORTA_BACKUP__SCRATCH");
        for_it.fold(setup, |setup, (name, value)| setup.with(name, value))
    }

    /// Kills the server, and loses its disk.
    ///
    /// # Errors
    /// When the server cannot be killed, or its folder not be removed.
    pub fn destroy(&mut self) -> io::Result<()> {
        self.postgres.kill_dash_nine()?;
        fs::remove_dir_all(self.postgres.data_dir())
    }

    /// Runs `comporta backup …` as the server's user.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn backup(&self, arguments: &[&str]) -> io::Result<Output> {
        self.command(&self.program)?.arg("backup").args(arguments).output()
    }

    /// Makes the lost folder a cluster again, by `comporta backup restore`.
    ///
    /// # Errors
    /// When that fails: what it said is told.
    pub fn restore(&self, arguments: &[&str]) -> io::Result<()> {
        let cluster = self.postgres.data_dir().display().to_string();
        let output = self.backup(&[&["restore", "--cluster", &cluster], arguments].concat())?;
        if output.status.success() {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    /// Starts the server on the restored cluster, and waits until it has recovered and takes writes.
    ///
    /// # Errors
    /// When it does not: the end of its log is told.
    pub fn recover(&mut self) -> io::Result<()> {
        self.postgres.restart_within(RECOVERY)?;
        // It calls itself ready as soon as it can be read from, in the middle of its log.
        let begun = Instant::now();
        while self.postgres.psql("postgres", "SELECT pg_is_in_recovery()")?.trim() != "f" {
            if begun.elapsed() > RECOVERY {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    fn command(&self, program: &Path) -> io::Result<Command> {
        let mut command = self.postgres.command(program)?;
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COMPORTA_"))
        {
            command.env_remove(name);
        }
        command.current_dir(self.postgres.home()).envs(&self.variables);
        command.env("COMPORTA_DATA_DIR", self.postgres.home().join("comporta"));
        Ok(command)
    }
}
