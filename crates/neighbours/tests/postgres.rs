//! A server of one's own: started, used, killed, started again, and gone with its owner.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use comporta_neighbours::{Options, Postgres};

#[test]
fn a_database_is_made_and_takes_rows() {
    let postgres = Postgres::start(&Options::fast()).unwrap();
    postgres.create_database("a \"b\"").unwrap();
    assert_eq!(postgres.psql("postgres", "SELECT 1, 2").unwrap(), "1|2\n");
    assert_eq!(postgres.psql("postgres", "SHOW fsync").unwrap(), "off\n");
    assert!(postgres.url("x").ends_with(&format!(":{}/x", postgres.port())));
    assert!(postgres.create_database("postgres").unwrap_err().to_string().contains("already exists"));
}

#[test]
fn what_was_committed_before_a_kill_is_there_after_the_restart() {
    let mut postgres = Postgres::start(&Options::durable().with("max_connections", "33")).unwrap();
    postgres.create_database("kept").unwrap();
    postgres.psql("kept", "CREATE TABLE t (n int); INSERT INTO t VALUES (7)").unwrap();
    let (port, first) = (postgres.port(), postgres.postmaster_pid());

    for _ in 0..3 {
        postgres.kill_dash_nine().unwrap();
        assert!(postgres.psql("kept", "SELECT 1").is_err());
        postgres.restart().unwrap();
    }

    assert_eq!(postgres.psql("kept", "SELECT n FROM t").unwrap(), "7\n");
    assert_eq!(postgres.psql("kept", "SHOW fsync").unwrap(), "on\n");
    assert_eq!(postgres.psql("kept", "SHOW max_connections").unwrap(), "33\n");
    assert_eq!(postgres.port(), port);
    assert_ne!(postgres.postmaster_pid(), first);
}

#[test]
fn a_dropped_server_leaves_nothing_behind() {
    let postgres = Postgres::start(&Options::fast()).unwrap();
    let (data, pid) = (postgres.data_dir(), postgres.postmaster_pid());
    assert!(data.exists());
    drop(postgres);
    assert!(!data.parent().unwrap().exists());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_dropped_server_that_was_killed_leaves_nothing_behind() {
    let mut postgres = Postgres::start(&Options::fast()).unwrap();
    let data = postgres.data_dir();
    postgres.kill_dash_nine().unwrap();
    drop(postgres);
    assert!(!data.parent().unwrap().exists());
}

#[test]
fn a_wrong_setting_is_told_with_the_log() {
    let error = Postgres::start(&Options::fast().with("wal_level", "none")).unwrap_err();
    assert!(error.to_string().contains("wal_level"), "{error}");
}

#[test]
fn an_owner_killed_with_sigkill_takes_its_server_along() {
    if std::env::var_os("OWN_A_SERVER").is_some() {
        // The second process of this test, which owns a server until it is killed.
        let postgres = Postgres::start(&Options::fast()).unwrap();
        println!("\nowned {} {}", postgres.postmaster_pid(), postgres.data_dir().display());
        loop {
            std::thread::park();
        }
    }
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "an_owner_killed_with_sigkill_takes_its_server_along"])
        .env("OWN_A_SERVER", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let owned = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("owned ").map(str::to_owned));
    owner.kill().unwrap();
    owner.wait().unwrap();

    let owned = owned.expect("the owner names its server");
    let (pid, data) = owned.split_once(' ').unwrap();
    let begun = Instant::now();
    while Path::new(data).parent().unwrap().exists() || Path::new(&format!("/proc/{pid}")).exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the server outlived its owner");
        std::thread::sleep(Duration::from_millis(20));
    }
}
