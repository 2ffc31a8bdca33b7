//! The shipped binary as child processes: one with every role, or each role in its own; started, killed, stopped, and
//! gone when their owner is.

mod member;
mod process;
mod setup;
mod split;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;

pub use member::Member;
pub use setup::Setup;

use crate::Client;
use split::Split;

/// A running server on free ports with a data folder of its own: one process, or those of a split installation, which
/// are then killed, stopped and started together unless a test asks for one of its [`members`](Self::members).
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    folder: Arc<TempDir>,
    /// Gateways first, at least one process.
    members: Vec<Member>,
    split: Option<Split>,
    took: Duration,
}

/// What the first start on an empty database leaves in `first-run.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstRun {
    /// The company's id.
    pub company_id: String,
    /// A key that holds every scope.
    pub api_key: String,
    /// The staff user.
    pub admin_email: String,
    /// The staff user's password.
    pub admin_password: String,
    /// A bearer token for `/admin/v1`.
    pub admin_token: String,
}

impl Server {
    /// A setup for another process of the same installation: the same binary, settings and data folder.
    #[must_use]
    pub fn beside(&self) -> Setup {
        self.setup.beside(Arc::clone(&self.folder))
    }

    /// Its processes, gateways first.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The same, each to be killed and started by itself.
    pub fn members_mut(&mut self) -> &mut [Member] {
        &mut self.members
    }

    /// Where partners call; of several gateways the first.
    #[must_use]
    pub fn public(&self) -> SocketAddr {
        self.members[0].public()
    }

    /// Where operators look; of several processes the first gateway's.
    #[must_use]
    pub fn private(&self) -> SocketAddr {
        self.members[0].private()
    }

    /// The process, another one after a restart; of several the first gateway's.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.members[0].pid()
    }

    /// Every process.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.members.iter().map(Member::pid).collect()
    }

    /// From the last start to the first answer that it can serve.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The data folder.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Everything that its processes and their predecessors printed, one after the other.
    #[must_use]
    pub fn log(&self) -> String {
        self.members.iter().map(Member::log).collect()
    }

    /// What the first start wrote down.
    ///
    /// # Errors
    /// When the file is not there or does not hold what it should.
    pub fn first_run(&self) -> io::Result<FirstRun> {
        let text = fs::read(self.data_dir().join("first-run.json"))?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    /// A caller with the first run's key.
    ///
    /// # Errors
    /// When there was no first run in this data folder.
    pub fn client(&self) -> io::Result<Client> {
        self.first_run().map(|first| Client::new(self.public(), Some(&first.api_key)))
    }

    /// Another command of the program on this installation.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.members[0].command(arguments)
    }

    /// Tells a split installation that its settings file has changed, which its processes do not read themselves.
    ///
    /// # Errors
    /// When the file cannot be read, or is not JSON.
    pub fn pass_on_settings(&self) -> io::Result<()> {
        self.split.as_ref().map_or(Ok(()), |split| split.write_settings(&self.setup))
    }

    /// Kills it with SIGKILL; gateways before those whom they call, as nobody sees who loses the whole machine.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill_dash_nine(&mut self) -> io::Result<()> {
        self.members.iter_mut().try_for_each(Member::kill_dash_nine)
    }

    /// Starts it again on the same ports, data folder and database.
    ///
    /// # Errors
    /// When it ends, or does not serve within a minute: the end of its log is told.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.kill_dash_nine()?;
        self.start_members().await
    }

    /// Asks it with SIGUSR2 to start its program again and to leave, and gives how it ended. The new process is this
    /// server's from then on, whoever started it. Of several processes it is the first gateway.
    ///
    /// # Errors
    /// When nobody takes over, or it has not ended within a minute: the end of its log is told.
    pub async fn hand_over(&mut self) -> io::Result<ExitStatus> {
        self.members[0].hand_over().await
    }

    /// Sends it a signal, named as `kill` names it.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        self.members.iter().try_for_each(|member| member.signal(name))
    }

    /// Asks it to end with SIGTERM and gives how it ended; of several processes how the first that did not end well
    /// did. Gateways go first: what they have in flight needs the others.
    ///
    /// # Errors
    /// When it has not ended within a minute.
    pub async fn terminate(&mut self) -> io::Result<ExitStatus> {
        let mut all: Option<ExitStatus> = None;
        for gateways in [true, false] {
            let (late, these) =
                ("did not end when asked to", |member: &&mut Member| member.is_gateway() == gateways);
            self.members
                .iter()
                .filter(|member| member.is_gateway() == gateways)
                .try_for_each(|member| member.signal("TERM"))?;
            for member in self.members.iter_mut().filter(these) {
                let status = member.wait_for_the_end(late).await?;
                all = all.filter(|all| !all.success()).or(Some(status));
            }
        }
        all.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Asks it to end with SIGTERM.
    ///
    /// # Errors
    /// When it has not ended within a minute, or not with exit code 0.
    pub async fn stop(&mut self) -> io::Result<()> {
        let status = self.terminate().await?;
        if status.success() { Ok(()) } else { Err(self.members[0].failure(&format!("ended with {status}"))) }
    }

    /// Services before gateways, which would leave out for a while whom they do not find.
    async fn start_members(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        for gateways in [false, true] {
            let these = |member: &&mut Member| member.is_gateway() == gateways;
            self.members.iter_mut().filter(these).try_for_each(Member::launch)?;
            for member in self.members.iter_mut().filter(these) {
                member.wait_until_ready().await?;
            }
        }
        self.took = begun.elapsed();
        Ok(())
    }
}
