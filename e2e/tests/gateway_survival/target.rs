//! A target as a process, which can be killed, made to hang, and started again on its port.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use comporta_neighbours::free_port;
use tempfile::TempDir;
use tokio::net::TcpStream;

const JOURNAL: &str = "journal";
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on 127.0.0.1 with a name; gone when this is dropped.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    port: u16,
    folder: TempDir,
    process: Child,
}

impl Target {
    pub(crate) async fn start(name: &'static str) -> Self {
        let (port, folder) = (free_port().unwrap(), TempDir::with_prefix("comporta-target-").unwrap());
        let process = launch(name, port, &folder.path().join(JOURNAL));
        let target = Self { name, port, folder, process };
        target.listens().await;
        target
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// As the settings name it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Kills it with SIGKILL, and gives when it was gone: its connections broken, its port closed.
    pub(crate) fn kill(&mut self) -> Instant {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        Instant::now()
    }

    /// Starts it again on its port, and gives since when it takes connections.
    pub(crate) async fn restart(&mut self) -> Instant {
        self.process = launch(self.name, self.port, &self.journal());
        self.listens().await;
        Instant::now()
    }

    /// Lets it hang: its port takes connections, but nothing is answered.
    pub(crate) fn hang(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    /// The path of each POST it has ever seen, as often as it saw it.
    pub(crate) fn posts(&self) -> Vec<String> {
        std::fs::read_to_string(self.journal()).unwrap().lines().map(str::to_owned).collect()
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join(JOURNAL)
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "kill", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    async fn listens(&self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "target {} does not listen", self.name);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may be dead already; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(name: &str, port: u16, journal: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_target"));
    command.args([name, &port.to_string()]).arg(journal).stdin(Stdio::piped());
    command.spawn().unwrap()
}
