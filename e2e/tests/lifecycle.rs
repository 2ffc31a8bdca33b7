//! The first start, the starts after it, signals, and the answers of `comporta check`.
#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use comporta_e2e::{Engine, Fate, Load, Oracle};
use comporta_neighbours::{Options, Postgres};
use comporta_testkit::{Client, EntryBody, Server, Setup};
use hyper::Method;
use serde_json::Value;

#[tokio::test]
async fn the_first_start_leaves_its_secrets_in_a_file_for_its_owner_alone() {
    let mut server = Setup::new(&Engine::Sqlite.fresh_url()).start().await.unwrap();
    let file = server.data_dir().join("first-run.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let first = server.first_run().unwrap();
    assert!(first.company_id.starts_with("cmp_") && first.api_key.starts_with("cpt_live_"), "{first:?}");
    let answer = server.client().unwrap().get("/v1/accounts").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    server.stop().await.unwrap();

    let log = server.log();
    let secret = first.api_key.rsplit('_').next().unwrap();
    for secret in [secret, &first.admin_password, &first.admin_token] {
        assert!(!log.contains(secret), "a secret was printed:\n{log}");
    }
    assert!(
        log.lines().all(|line| line.starts_with('{') && line.ends_with('}')),
        "one JSON line per event:\n{log}"
    );
}

#[tokio::test]
async fn a_second_start_keeps_the_key_and_makes_no_other_on_sqlite() {
    start_twice(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_second_start_keeps_the_key_and_makes_no_other_on_postgres() {
    start_twice(Engine::Postgres).await;
}

async fn start_twice(engine: Engine) {
    let mut server = Setup::new(&engine.fresh_url()).start().await.unwrap();
    let mut client = server.client().unwrap();
    let first = server.took();
    let posted = client.post("/v1/entries", &[], &EntryBody::credit(100, "kept")).await.unwrap();
    server.stop().await.unwrap();
    fs::remove_file(server.data_dir().join("first-run.json")).unwrap();
    server.restart().await.unwrap();
    let again = client.get(posted.header("location").unwrap()).await.unwrap();
    assert_eq!((again.status.as_u16(), again.json()), (200, posted.json()));
    assert!(!server.data_dir().join("first-run.json").exists(), "the database was not empty");
    println!("{engine:?}: ready {first:?} after the first start, {:?} after the second", server.took());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_commands_do_to_staff_is_in_the_trail_and_no_secret_with_it() {
    let mut server = Setup::new(&Engine::Sqlite.fresh_url()).start().await.unwrap();
    let added = server.command(&["user", "add", "ana@example.com", "--json"]).output().unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let added: Value = serde_json::from_slice(&added.stdout).unwrap();
    let changed = server.command(&["user", "password", "ana@example.com"]).output().unwrap();
    assert!(changed.status.success(), "{}", String::from_utf8_lossy(&changed.stderr));
    let bearer = format!("Bearer {}", added["admin_token"].as_str().unwrap());
    let mut client = Client::new(server.private(), None);
    let headers = [("authorization", bearer.as_str())];
    let trail = client.request(Method::GET, "/admin/v1/audit?actor=cli", &headers, "".into()).await.unwrap();
    let acts: Vec<_> = trail.json()["data"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(acts, ["staff.password_changed ana@example.com", "staff.added ana@example.com"]);
    for secret in [&added["admin_token"], &added["password"]] {
        assert!(!trail.text().contains(secret.as_str().unwrap()), "{}", trail.text());
    }
    server.stop().await.unwrap();
}

fn told(entry: &Value) -> String {
    format!("{} {}", entry["action"].as_str().unwrap(), entry["subject"].as_str().unwrap())
}

#[tokio::test]
async fn without_a_first_run_the_database_stays_empty() {
    let setup = Setup::new(&Engine::Sqlite.fresh_url()).with("COMPORTA_FIRST_RUN", "false");
    let mut server = setup.start().await.unwrap();
    assert!(!server.data_dir().join("first-run.json").exists());
    let answer = Client::new(server.public(), None).get("/v1/accounts").await.unwrap();
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").is_some());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_requests_in_flight_end_on_sqlite() {
    let url = Engine::Sqlite.fresh_url();
    end_under_load(&url, Setup::new(&url).start().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_requests_in_flight_end_on_postgres() {
    let postgres = Postgres::start(&Options::durable()).unwrap();
    let url = postgres.url("postgres");
    end_under_load(&url, Setup::new(&url).start().await.unwrap()).await;
}

async fn end_under_load(url: &str, mut server: Server) {
    let load = Load::start(server.public(), &server.first_run().unwrap().api_key, 0);
    tokio::time::sleep(Duration::from_millis(800)).await;
    let begun = Instant::now();
    let status = server.terminate().await.unwrap();
    let took = begun.elapsed();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    let all = load.stop().await;

    server.restart().await.unwrap();
    let found = Oracle::new(url).described().await;
    for sent in &all {
        // One that was cut off must not have begun: had it been recorded, its answer would have been sent.
        let expected = if sent.fate == Fate::Unknown { 0 } else { sent.entries };
        assert_eq!(found.get(&sent.key).copied().unwrap_or_default(), expected, "{sent:?}");
    }
    let cut_off = all.iter().filter(|sent| sent.fate == Fate::Unknown).count();
    println!("{} requests, ended {took:?} after SIGTERM, {cut_off} arrived too late", all.len());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_bad_settings_file_is_told_with_its_line_and_the_running_server_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("comporta.yaml");
    fs::write(&file, "ledger:\n  consolidate_every: 100ms\n").unwrap();
    let setup = Setup::new(&Engine::Sqlite.fresh_url()).with("COMPORTA_CONFIG", file.to_str().unwrap());
    let mut server = setup.start().await.unwrap();
    assert_eq!(server.command(&["check"]).status().unwrap().code(), Some(0));

    fs::write(&file, "ledger:\n  consolidate_every: soon\n  que: 5\n").unwrap();
    let checked = server.command(&["check"]).output().unwrap();
    let told = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(2), "{told}");
    for (line, path) in [(2, "ledger.consolidate_every"), (3, "ledger.que")] {
        let start = format!("{}:{line}:", file.display());
        assert!(
            told.lines().any(|fault| fault.starts_with(&start) && fault.contains(path)),
            "{start} {path}: {told}"
        );
    }
    server.signal("HUP").unwrap();
    let begun = Instant::now();
    while !server.log().contains("consolidate_every") {
        assert!(begun.elapsed() < Duration::from_secs(10), "the fault is not logged: {}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.client().unwrap().get("/v1/accounts").await.unwrap().status, 200);
    assert_eq!(server.command(&["serve"]).status().unwrap().code(), Some(2), "and no server starts with it");
    server.stop().await.unwrap();
}
