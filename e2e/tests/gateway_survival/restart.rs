//! The program started again while requests pass, as it was or replaced: none is refused, and none fails; and whoever
//! cannot take over leaves the one that runs alone.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use comporta_e2e::{Engine, Gateway, Oracle, sizes};
use comporta_testkit::Setup;
use serde_json::{Value, json};

use super::house::{self, Targets, change_unseen, logged, logs};
use super::load::{Load, Report};

/// Between two restarts.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a new process may take before it is given up; a good one takes a fraction of it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What passes through while the program is started again: GETs to targets, most on connections that are kept, and to
/// the process's own services; and entries.
struct Loads {
    gets: Load,
    fresh: Load,
    own: Load,
    entries: Load,
}

impl Loads {
    fn start(gateway: &Gateway) -> Self {
        let (server, rate) = (&gateway.server, sizes::rate());
        Self {
            gets: Load::gets(server, "/load/get", rate * 2 / 3),
            fresh: Load::fresh_gets(server, "/load/fresh", rate / 12),
            own: Load::own_gets(server, "/v1/accounts", rate / 4),
            entries: Load::entries(server, "entry", rate / 20),
        }
    }

    /// Ends them, and checks that nothing failed and every entry is there once.
    async fn stop(self, url: &str) {
        let Self { gets, fresh, own, entries } = self;
        let gets = [gets.stop().await, fresh.stop().await, own.stop().await];
        let entries = entries.stop().await;
        for (what, report) in
            ["GET", "GET, new connections", "GET, own", "POST"].iter().zip(gets.iter().chain([&entries]))
        {
            println!("{what}: {}", report.figures());
            assert!(report.failed().is_empty(), "{what}: {:?}", report.failed());
        }
        each_is_there_once(&entries, &Oracle::new(url).described().await);
    }
}

fn each_is_there_once(entries: &Report, found: &HashMap<String, i64>) {
    for sent in &entries.seen {
        assert_eq!(found.get(&sent.path), Some(&1), "{sent:?}");
    }
    assert_eq!(found.len(), entries.seen.len());
}

fn settings(targets: &Targets, workers: u64) -> Value {
    let mut settings = targets.settings();
    settings["workers"] = json!(workers);
    settings["http"] = json!({"restart_timeout": format!("{TIMEOUT:?}")});
    settings
}

fn setup(url: &str) -> Setup {
    Setup::new(url).with("COMPORTA_LOG__ACCESS", "access.log")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_fails_no_request_and_loses_no_entry_whatever_the_number_of_cores() {
    let _alone = house::alone().await;
    let (targets, url) = (Targets::start().await, Engine::Sqlite.fresh_url());
    let mut gateway = Gateway::start_as(setup(&url), &settings(&targets, 2)).await;
    let loads = Loads::start(&gateway);
    let mut slowest = Duration::ZERO;
    for round in 0..sizes::restarts() {
        tokio::time::sleep(PAUSE).await;
        change_unseen(&gateway, &settings(&targets, [1, 3, 2][round as usize % 3]).to_string());
        let (old, begun) = (gateway.server.pid(), Instant::now());
        let status = gateway.server.hand_over().await.unwrap();
        slowest = slowest.max(begun.elapsed());
        assert!(status.success() && gateway.server.pid() != old, "{status}");
        let admin = gateway.admin().post("/admin/v1/reload", &Value::Null).await;
        assert_eq!(admin.status, 200, "the private listener is the new process's: {}", admin.text());
    }
    tokio::time::sleep(PAUSE).await;
    loads.stop(&url).await;
    let restarts = sizes::restarts() as usize;
    for told in ["a restart was asked for", "the new process serves", "\"stopped\""] {
        assert_eq!(logged(&gateway, told), restarts, "{told}");
    }
    println!("{restarts} restarts, each at most {slowest:.1?} from the signal to the end of the old process");
    gateway.server.stop().await.unwrap();
    assert!(gateway.server.command(&["ledger", "verify"]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_take_over_leaves_the_running_process_alone_and_a_replaced_program_takes_over() {
    let _alone = house::alone().await;
    let (targets, url) = (Targets::start().await, Engine::Sqlite.fresh_url());
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("comporta");
    let real = Setup::new("").program();
    place(&program, |next| fs::copy(&real, next).map(drop).unwrap());
    let good = settings(&targets, 2);
    let mut gateway = Gateway::start_as(setup(&url).binary(program.clone()), &good).await;
    let (loads, running) = (Loads::start(&gateway), gateway.server.pid());

    change_unseen(&gateway, "workers: some\n");
    refused(&gateway, "comporta.yaml:1:10: workers").await;
    change_unseen(&gateway, &good.to_string());
    fs::remove_file(&program).unwrap();
    gateway.server.signal("USR2").unwrap();
    logs(&gateway, "the program cannot be started: this process goes on", 0).await;
    place(&program, |next| script(next, "exit 7"));
    refused(&gateway, "it ended with exit status: 7").await;
    place(&program, |next| script(next, "exec sleep 600"));
    refused(&gateway, "it was not ready after 5s").await;
    assert_eq!(gateway.server.pid(), running);

    let marker = folder.path().join("replaced");
    let replaced = format!("echo > '{}'; exec '{}' \"$@\"", marker.display(), real.display());
    place(&program, |next| script(next, &replaced));
    let status = gateway.server.hand_over().await.unwrap();
    assert!(status.success() && marker.exists(), "what stands at the path now was started: {status}");
    loads.stop(&url).await;
    gateway.server.stop().await.unwrap();
}

/// Asks for a restart that comes to nothing, for this reason.
async fn refused(gateway: &Gateway, why: &str) {
    assert_eq!(logged(gateway, why), 0, "{why}");
    gateway.server.signal("USR2").unwrap();
    let began = Instant::now();
    // The new process may have told it too, and before.
    let told = |line: &str| line.contains("the new process does not serve") && line.contains(why);
    while !gateway.server.log().lines().any(told) {
        assert!(began.elapsed() < Duration::from_secs(20), "the running process does not say why: {why}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Puts a program in place of another one, in one step, as packages do.
fn place(program: &Path, make: impl FnOnce(&PathBuf)) {
    let next = program.with_extension("next");
    make(&next);
    fs::rename(next, program).unwrap();
}

fn script(path: &PathBuf, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
