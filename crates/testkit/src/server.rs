//! The shipped binary as a child process: started, killed, stopped, and gone when its owner is.

mod process;

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use comporta_neighbours::{free_port, target};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::Client;
use process::Process;

const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(2);

/// What a server is to run with.
#[derive(Clone, Debug)]
pub struct Setup {
    binary: PathBuf,
    variables: Vec<(String, String)>,
    folder: Option<Arc<TempDir>>,
}

/// A running server on two free ports with a data folder of its own; killed when this is dropped or its process
/// ends in any way.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    folder: Arc<TempDir>,
    log: PathBuf,
    public: SocketAddr,
    private: SocketAddr,
    process: Process,
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

impl Setup {
    /// All roles on a database. The binary is the one `COMPORTA_BINARY` names, else the workspace's own: the
    /// debug build, or the release build if `COMPORTA_PROFILE` is `release`.
    #[must_use]
    pub fn new(database_url: &str) -> Self {
        let profile = std::env::var("COMPORTA_PROFILE").unwrap_or_else(|_| "debug".to_owned());
        let binary = std::env::var_os("COMPORTA_BINARY").map(PathBuf::from);
        let binary = binary.unwrap_or_else(|| target().join(profile).join("comporta"));
        Self { binary, variables: Vec::new(), folder: None }.with("COMPORTA_DATABASE__URL", database_url)
    }

    /// Another binary.
    #[must_use]
    pub fn binary(self, binary: PathBuf) -> Self {
        Self { binary, ..self }
    }

    /// The binary that it runs.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.binary.clone()
    }

    /// Only these roles, such as `gateway,ledger`.
    #[must_use]
    pub fn roles(self, roles: &str) -> Self {
        self.with("COMPORTA_ROLES", roles)
    }

    /// A setting, by the name of its environment variable; a later one of the same name wins.
    #[must_use]
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// Starts it and waits until it says that it can serve.
    ///
    /// # Errors
    /// When it ends, or does not serve within a minute: the end of its log is told.
    pub async fn start(mut self) -> io::Result<Server> {
        let folder =
            self.folder.take().map_or_else(|| TempDir::with_prefix("comporta-").map(Arc::new), Ok)?;
        let [public, private] =
            [free_port()?, free_port()?].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let log = folder.path().join(format!("log-{}", public.port()));
        let command = self.command(folder.path(), public, private, &["serve"]);
        let process = launch(command, &log)?;
        let mut server = Server { setup: self, folder, log, public, private, process, took: Duration::ZERO };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Variables of ours around us must not reach it, nor a settings file in the folder we happen to be in.
    fn command(&self, folder: &Path, public: SocketAddr, private: SocketAddr, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("COMPORTA_") || name == "DATABASE_URL" || name == "REDIS_URL" {
                command.env_remove(name.as_ref());
            }
        }
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        command.env("COMPORTA_DATA_DIR", folder.join("data"));
        command
            .env("COMPORTA_LISTEN", public.to_string())
            .env("COMPORTA_PRIVATE_LISTEN", private.to_string());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Server {
    /// A setup for another process of the same installation: the same binary, settings and data folder.
    #[must_use]
    pub fn beside(&self) -> Setup {
        Setup { folder: Some(Arc::clone(&self.folder)), ..self.setup.clone() }
    }

    /// Where partners call.
    #[must_use]
    pub fn public(&self) -> SocketAddr {
        self.public
    }

    /// Where operators look.
    #[must_use]
    pub fn private(&self) -> SocketAddr {
        self.private
    }

    /// The process, another one after a restart.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
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

    /// Everything it and its predecessors printed.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
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
        self.first_run().map(|first| Client::new(self.public, Some(&first.api_key)))
    }

    /// Another command of the program on this installation.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.setup.command(self.folder.path(), self.public, self.private, arguments)
    }

    /// Kills it with SIGKILL.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill_dash_nine(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// Starts it again on the same ports, data folder and database.
    ///
    /// # Errors
    /// When it ends, or does not serve within a minute: the end of its log is told.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process = launch(self.command(&["serve"]), &self.log)?;
        self.wait_until_ready().await
    }

    /// Asks it with SIGUSR2 to start its program again and to leave, and gives how it ended. The new process is this
    /// server's from then on, whoever started it.
    ///
    /// # Errors
    /// When nobody takes over, or it has not ended within a minute: the end of its log is told.
    pub async fn hand_over(&mut self) -> io::Result<ExitStatus> {
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
        let status = loop {
            if let Some(status) = self.process.ended()? {
                break status;
            }
            self.within(begun, "did not leave")?;
            tokio::time::sleep(GLANCE).await;
        };
        self.process.becomes(successor)?;
        Ok(status)
    }

    /// Sends it a signal, named as `kill` names it.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        self.process.signal(name)
    }

    /// Asks it to end with SIGTERM and gives how it ended.
    ///
    /// # Errors
    /// When it has not ended within a minute.
    pub async fn terminate(&mut self) -> io::Result<ExitStatus> {
        self.signal("TERM")?;
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.ended()? {
                return Ok(status);
            }
            self.within(begun, "did not end when asked to")?;
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Asks it to end with SIGTERM.
    ///
    /// # Errors
    /// When it has not ended within a minute, or not with exit code 0.
    pub async fn stop(&mut self) -> io::Result<()> {
        let status = self.terminate().await?;
        if status.success() { Ok(()) } else { Err(self.failure(&format!("ended with {status}"))) }
    }

    async fn wait_until_ready(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        let mut client = Client::new(self.private, None);
        loop {
            if client.get("/readyz").await.is_ok_and(|answer| answer.status.is_success()) {
                self.took = begun.elapsed();
                return Ok(());
            }
            if let Some(status) = self.process.ended()? {
                return Err(self.failure(&format!("ended with {status}")));
            }
            self.within(begun, "is not ready to serve")?;
            tokio::time::sleep(GLANCE).await;
        }
    }

    fn within(&self, begun: Instant, what: &str) -> io::Result<()> {
        if begun.elapsed() > PATIENCE { Err(self.failure(what)) } else { Ok(()) }
    }

    fn failure(&self, what: &str) -> io::Error {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        io::Error::other(format!("{} {what}:\n{end}", self.setup.binary.display()))
    }
}

/// The process that a line of the log says was started to take over.
fn started(line: &str) -> Option<u32> {
    let event: Value = serde_json::from_str(line).ok()?;
    let started = event["message"] == "the new process was started";
    started.then(|| event["child"].as_u64()?.try_into().ok())?
}

fn launch(mut command: Command, log: &Path) -> io::Result<Process> {
    let log = File::options().create(true).append(true).open(log)?;
    Process::spawn(command.stdout(log.try_clone()?).stderr(log))
}
