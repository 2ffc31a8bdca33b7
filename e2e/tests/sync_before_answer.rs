//! The system calls show it: an entry is synced to disk before its 201 is written to the caller.
#![cfg(test)]

use std::fs;

use comporta_e2e::{Call, Engine, Trace, unless_excused};
use comporta_neighbours::{Options, Postgres};
use comporta_testkit::{EntryBody, Server, Setup};

const CREATED: &str = "HTTP/1.1 201";

#[tokio::test]
async fn sqlite_syncs_its_log_before_the_201() {
    let mut server = Setup::new(&Engine::Sqlite.fresh_url()).roles("gateway,ledger").start().await.unwrap();
    if let Some(calls) = post_traced(&server, &[]).await {
        assert_synced_before_answer("SQLite", &calls, ".db-wal>");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn postgres_syncs_its_log_before_the_201() {
    let postgres = Postgres::start(&Options::durable()).unwrap();
    let url = postgres.url("postgres");
    let mut server = Setup::new(&url).roles("gateway,ledger").start().await.unwrap();
    let postmaster = postgres.postmaster_pid();
    let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap();
    let mut backends = vec![postmaster];
    backends.extend(children.split_whitespace().map(|pid| pid.parse::<u32>().unwrap()));
    if let Some(calls) = post_traced(&server, &backends).await {
        assert_synced_before_answer("PostgreSQL", &calls, "/pg_wal/");
    }
    server.stop().await.unwrap();
}

/// Posts one entry under the eyes of strace; nothing only where somebody said that tracing is forbidden.
async fn post_traced(server: &Server, others: &[u32]) -> Option<Vec<Call>> {
    let mut client = server.client().unwrap();
    let warm = client.post("/v1/entries", &[], &EntryBody::credit(1, "before")).await.unwrap();
    assert_eq!(warm.status, 201, "{}", warm.text());
    let folder = tempfile::tempdir().unwrap();
    let pids = [&server.pids(), others].concat();
    let trace = unless_excused(Trace::attach(&pids, folder.path().join("trace")))?;
    let answer = client.post("/v1/entries", &[], &EntryBody::credit(100, "traced")).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    Some(trace.finish(CREATED).unwrap())
}

/// All that was written to the log before the answer is followed by a sync, which ends before the answer begins.
fn assert_synced_before_answer(engine: &str, calls: &[Call], log: &str) {
    let is_sync = |call: &&Call| ["fsync", "fdatasync"].contains(&call.name.as_str());
    let answer = calls.iter().find(|call| call.arguments.contains(CREATED)).unwrap();
    let before = || calls.iter().filter(|call| call.arguments.contains(log) && call.began < answer.began);
    let written = before().rfind(|call| !is_sync(call)).unwrap_or_else(|| panic!("not written: {calls:#?}"));
    let covers = |call: &&Call| is_sync(call) && written.ended < call.began && call.ended < answer.began;
    let synced = before().find(covers).unwrap_or_else(|| panic!("not synced after {written:?}: {calls:#?}"));
    for (what, call) in [("written", written), ("synced", synced), ("answered", answer)] {
        let arguments: String = call.arguments.chars().take(90).collect();
        println!("{engine} {what}: line {} of the trace, {}({arguments}", call.began, call.name);
    }
}
