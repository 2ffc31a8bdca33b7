//! One process of a server: where it is, and what becomes of it.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::process::Process;
use super::setup::{Addresses, Setup};
use crate::Client;

const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(2);

/// One process of a server, killed when this is dropped or our own process ends in any way.
#[derive(Debug)]
pub struct Member {
    place: Place,
    /// None until it was started first.
    process: Option<Process>,
}

/// What a process runs with, and where.
#[derive(Debug)]
pub(super) struct Place {
    name: String,
    setup: Setup,
    folder: Arc<TempDir>,
    log: PathBuf,
    addresses: Addresses,
}

impl Place {
    pub(super) fn new(name: &str, setup: Setup, folder: &Arc<TempDir>, addresses: Addresses) -> Self {
        let log = folder.path().join(format!("log-{}", addresses.public.port()));
        Self { name: name.to_owned(), setup, folder: Arc::clone(folder), log, addresses }
    }

    /// The process, not started yet.
    pub(super) fn member(self) -> Member {
        Member { place: self, process: None }
    }
}

impl Member {
    /// `comporta` of a server that is one process, else what it runs and its number, such as `ledger-2`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.place.name
    }

    /// Where partners call, if the gateway runs here.
    #[must_use]
    pub fn public(&self) -> SocketAddr {
        self.place.addresses.public
    }

    /// Where operators look.
    #[must_use]
    pub fn private(&self) -> SocketAddr {
        self.place.addresses.private
    }

    /// Its id, another one after a restart; 0 of one that never started.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Process::pid)
    }

    /// Everything it and its predecessors printed.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read(&self.place.log);
        log.map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    /// Kills it with SIGKILL.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill_dash_nine(&mut self) -> io::Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::kill)
    }

    /// Starts it again on the same ports, data folder and database, and waits until it says that it can serve.
    ///
    /// # Errors
    /// When it ends, or does not serve within a minute: the end of its log is told.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.kill_dash_nine()?;
        self.launch()?;
        self.wait_until_ready().await
    }

    pub(super) fn is_gateway(&self) -> bool {
        self.place.setup.all_roles().contains(&"gateway")
    }

    /// Another command of the program, with the settings of this process.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let Place { setup, folder, addresses, .. } = &self.place;
        setup.command(folder.path(), *addresses, arguments)
    }

    pub(super) fn launch(&mut self) -> io::Result<()> {
        let log = File::options().create(true).append(true).open(&self.place.log)?;
        let mut command = self.command(&["serve"]);
        self.process = Some(Process::spawn(command.stdout(log.try_clone()?).stderr(log))?);
        Ok(())
    }

    pub(super) async fn wait_until_ready(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        let mut client = Client::new(self.private(), None);
        loop {
            if client.get("/readyz").await.is_ok_and(|answer| answer.status.is_success()) {
                return Ok(());
            }
            if let Some(status) = self.ended()? {
                return Err(self.failure(&format!("ended with {status}")));
            }
            self.within(begun, "is not ready to serve")?;
            tokio::time::sleep(GLANCE).await;
        }
    }

    pub(super) async fn hand_over(&mut self) -> io::Result<ExitStatus> {
        let before = self.log().len();
        self.signal("USR2")?;
        let begun = Instant::now();
        let successor = loop {
            let log = self.log().split_off(before);
            if let Some(pid) = log.lines().find_map(started) {
                break pid;
            }
            self.within(begun, "did not start its program again")?;
            tokio::time::sleep(GLANCE).await;
        };
        let status = self.wait_for_the_end("did not leave").await?;
        self.process.as_mut().map_or(Ok(()), |process| process.becomes(successor))?;
        Ok(status)
    }

    pub(super) fn signal(&self, name: &str) -> io::Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(name))
    }

    pub(super) async fn wait_for_the_end(&mut self, late: &str) -> io::Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            self.within(begun, late)?;
            tokio::time::sleep(GLANCE).await;
        }
    }

    pub(super) fn failure(&self, what: &str) -> io::Error {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        io::Error::other(format!("{} {what}:\n{end}", self.name()))
    }

    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.as_mut().map_or(Ok(None), Process::ended)
    }

    fn within(&self, begun: Instant, what: &str) -> io::Result<()> {
        if begun.elapsed() > PATIENCE { Err(self.failure(what)) } else { Ok(()) }
    }
}

/// The process that a line of the log says was started to take over.
fn started(line: &str) -> Option<u32> {
    let event: Value = serde_json::from_str(line).ok()?;
    let started = event["message"] == "the new process was started";
    started.then(|| event["child"].as_u64()?.try_into().ok())?
}
