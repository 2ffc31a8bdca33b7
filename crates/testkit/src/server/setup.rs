//! What a server is to run with, and how it is started.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use comporta_neighbours::{free_port, target};
use tempfile::TempDir;

use super::Server;
use super::member::Place;
use super::split::Split;

/// Set to 1, it has every server on PostgreSQL that holds the gateway's role and another one run split.
const SPLIT: &str = "COMPORTA_E2E_SPLIT";
const ROLES: &str = "gateway,ledger,boletos,catalogue,partners,jobs,console";

/// What a server is to run with.
#[derive(Clone, Debug)]
pub struct Setup {
    binary: PathBuf,
    variables: Vec<(String, String)>,
    folder: Option<Arc<TempDir>>,
    split: bool,
    /// Whether others of the installation run already.
    pub(super) is_beside: bool,
}

/// Where a process listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) public: SocketAddr,
    pub(super) private: SocketAddr,
    pub(super) services: SocketAddr,
}

impl Addresses {
    /// On free ports.
    pub(super) fn free() -> io::Result<Self> {
        let [public, private, services] = [free_port()?, free_port()?, free_port()?]
            .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Ok(Self { public, private, services })
    }

    /// For what listens nowhere.
    fn none() -> Self {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { public: nowhere, private: nowhere, services: nowhere }
    }
}

impl Setup {
    /// All roles on a database. The binary is the one `COMPORTA_BINARY` names, else the workspace's own: the
    /// debug build, or the release build if `COMPORTA_PROFILE` is `release`.
    #[must_use]
    pub fn new(database_url: &str) -> Self {
        let profile = std::env::var("COMPORTA_PROFILE").unwrap_or_else(|_| "debug".to_owned());
        let binary = std::env::var_os("COMPORTA_BINARY").map(PathBuf::from);
        let binary = binary.unwrap_or_else(|| target().join(profile).join("comporta"));
        let split = std::env::var(SPLIT).is_ok_and(|text| text == "1");
        Self { binary, variables: Vec::new(), folder: None, split, is_beside: false }
            .with("COMPORTA_DATABASE__URL", database_url)
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

    /// Each role in processes of its own, two of those that partners' calls pass through, as in a cluster: see
    /// [`Server::members`]. For PostgreSQL; an SQLite file is for one machine and, but for helpers, one process.
    #[must_use]
    pub fn split(self) -> Self {
        Self { split: true, ..self }
    }

    /// All roles in one process, for a story of what one process does, though every story is to be told of a split one.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { split: false, ..self }
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
        let split = if self.is_split() { Some(Split::plan(&self, &folder)?) } else { None };
        let members = match &split {
            Some(split) => split.members(&self, &folder)?,
            None => vec![Place::new("comporta", self.clone(), &folder, Addresses::free()?).member()],
        };
        let mut server = Server { setup: self, folder, members, split, took: Default::default() };
        server.start_members().await?;
        Ok(server)
    }

    /// Runs another command of the program to its end before any server is started, in the folder that a server of
    /// this setup will have.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn run(&mut self, arguments: &[&str]) -> io::Result<Output> {
        let folder = match &self.folder {
            Some(folder) => Arc::clone(folder),
            None => TempDir::with_prefix("comporta-").map(Arc::new)?,
        };
        self.folder = Some(Arc::clone(&folder));
        self.command(folder.path(), Addresses::none(), arguments).output()
    }

    /// The same for more processes of an installation that runs, in its folder.
    pub(super) fn beside(&self, folder: Arc<TempDir>) -> Self {
        Self { folder: Some(folder), is_beside: true, ..self.clone() }
    }

    /// The last value of a variable, if there is one.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The roles of all of its processes.
    pub(super) fn all_roles(&self) -> Vec<&str> {
        self.variable("COMPORTA_ROLES").unwrap_or(ROLES).split(',').collect()
    }

    fn is_split(&self) -> bool {
        let roles = self.all_roles();
        let on_a_server =
            self.variable("COMPORTA_DATABASE__URL").is_some_and(|url| url.starts_with("postgres"));
        self.split && on_a_server && roles.contains(&"gateway") && roles.len() > 1
    }

    /// Variables of ours around us must not reach it, nor a settings file in the folder we happen to be in.
    pub(super) fn command(&self, folder: &Path, addresses: Addresses, arguments: &[&str]) -> Command {
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
            .env("COMPORTA_LISTEN", addresses.public.to_string())
            .env("COMPORTA_PRIVATE_LISTEN", addresses.private.to_string())
            .env("COMPORTA_SERVICE_LISTEN", addresses.services.to_string());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}
