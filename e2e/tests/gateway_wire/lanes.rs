//! A gateway in front of several recording upstreams, each under a path of its own, so that cases run side by side.

use std::fmt::Write as _;
use std::net::SocketAddr;

use comporta_e2e::Engine;
use comporta_testkit::{Server, Setup};
use tempfile::TempDir;

use crate::recorder::Recorder;

/// How many cases run at once.
const LANES: usize = 8;

/// A gateway, and the upstreams of its lanes.
pub struct Lanes {
    pub recorders: Vec<Recorder>,
    server: Server,
    _folder: TempDir,
}

impl Lanes {
    pub async fn start() -> Self {
        let mut recorders = Vec::new();
        for _ in 0..LANES {
            recorders.push(Recorder::start().await);
        }
        let addresses: Vec<SocketAddr> = recorders.iter().map(|recorder| recorder.address).collect();
        let (server, folder) = gateway(&addresses).await;
        Self { recorders, server, _folder: folder }
    }

    pub fn public(&self) -> SocketAddr {
        self.server.public()
    }

    /// The gateway has not stumbled: nothing in its log is an error.
    pub async fn stop(mut self) {
        let log = self.server.log();
        let errors: Vec<&str> =
            log.lines().filter(|line| line.contains("\"ERROR\"") || line.contains("panicked")).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        self.server.stop().await.unwrap();
    }
}

/// A gateway with an upstream and two routes for each address: `/lN/**` for everybody, `/lN/guarded/**` with a key.
pub async fn gateway(addresses: &[SocketAddr]) -> (Server, TempDir) {
    let (mut upstreams, mut routes) = (String::new(), String::new());
    for (lane, address) in addresses.iter().enumerate() {
        writeln!(
            upstreams,
            "  up{lane}: {{targets: [{{url: \"http://{address}\"}}], http: \"1.1\", retry: {{attempts: 0}}, \
             outlier: {{consecutive_failures: 0}}, timeouts: {{response: 2s, idle: 2s}}}}"
        )
        .unwrap();
        let path = path(lane);
        writeln!(
            routes,
            "  - {{name: open{lane}, match: {{path: \"{path}/**\"}}, upstream: up{lane}, auth: {{any_of: [none]}}}}\n  \
             - {{name: guarded{lane}, match: {{path: \"{path}/guarded/**\"}}, upstream: up{lane}}}"
        )
        .unwrap();
    }
    let times = "http: {header_timeout: 2s, idle_timeout: 5s, stall_timeout: 2s}";
    let settings =
        format!("default_routes: false\nworkers: 1\n{times}\nupstreams:\n{upstreams}routes:\n{routes}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("comporta.yaml");
    std::fs::write(&file, settings).unwrap();
    let setup = Setup::new(&Engine::Sqlite.fresh_url()).with("COMPORTA_CONFIG", file.to_str().unwrap());
    (setup.start().await.unwrap(), folder)
}

/// The path of a lane.
pub fn path(lane: usize) -> String {
    format!("/l{lane}")
}
