//! A gateway in front of two primaries and a backup, and what is done to its settings file and read in its log.

use std::fs::{self, File};
use std::time::{Duration, Instant};

use comporta_e2e::{Engine, Gateway};
use comporta_testkit::Setup;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use super::target::Target;

/// Between two probes of a target.
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);
/// How long a target may take to answer a request or a probe.
pub(crate) const RESPONSE: Duration = Duration::from_millis(500);
/// How long anything may take that is not measured.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Two primaries and a backup.
pub(crate) struct Targets {
    pub(crate) primaries: [Target; 2],
    pub(crate) backup: Target,
}

impl Targets {
    pub(crate) async fn start() -> Self {
        let primaries = [Target::start("a").await, Target::start("b").await];
        Self { primaries, backup: Target::start("backup").await }
    }

    /// Settings under which `/load` leads to them.
    pub(crate) fn settings(&self) -> Value {
        let [a, b] = self.primaries.each_ref().map(|target| json!({"url": target.url()}));
        let backup = json!({"url": self.backup.url(), "backup": true});
        let load = json!({
            "targets": [a, b, backup],
            "health": {"path": "/healthz", "every": format!("{INTERVAL:?}"), "timeout": format!("{RESPONSE:?}")},
            "timeouts": {"response": format!("{RESPONSE:?}")},
        });
        let route = json!({"name": "load", "match": {"path": "/load/**"}, "upstream": "load"});
        json!({"upstreams": {"load": load}, "routes": [route]})
    }

    /// Every POST that any of them has ever seen.
    pub(crate) fn posts(&self) -> Vec<String> {
        self.primaries.iter().chain([&self.backup]).flat_map(Target::posts).collect()
    }
}

/// Waits for a turn: stories under load run one after another, so that none spoils the figures of another.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// Starts a gateway. Its access lines go to a file of their own, so that its log stays short enough to be read.
pub(crate) async fn start(settings: &Value) -> Gateway {
    let setup = Setup::new(&Engine::Sqlite.fresh_url()).with("COMPORTA_LOG__ACCESS", "access.log");
    Gateway::start_as(setup, settings).await
}

/// Puts other settings in place of the file, in one step and with a new time: who watches it sees the change.
pub(crate) fn change(gateway: &Gateway, settings: &str) {
    let (file, next) = (gateway.settings_file(), gateway.settings_file().with_extension("next"));
    fs::write(&next, settings).unwrap();
    fs::rename(next, file).unwrap();
}

/// The same, but with the time of the file that was there: nobody who watches it sees a change.
pub(crate) fn change_unseen(gateway: &Gateway, settings: &str) {
    let (file, next) = (gateway.settings_file(), gateway.settings_file().with_extension("next"));
    fs::write(&next, settings).unwrap();
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    File::options().append(true).open(&next).unwrap().set_modified(modified).unwrap();
    fs::rename(next, file).unwrap();
}

/// Waits until the log says something more often than before.
pub(crate) async fn logs(gateway: &Gateway, text: &str, before: usize) {
    let begun = Instant::now();
    while logged(gateway, text) <= before {
        assert!(begun.elapsed() < PATIENCE, "{text:?} is not logged");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many lines of the log say something.
pub(crate) fn logged(gateway: &Gateway, text: &str) -> usize {
    gateway.server.log().lines().filter(|line| line.contains(text)).count()
}
