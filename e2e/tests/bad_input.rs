//! Whatever is sent, the answer is one that the document declares, and nothing half done stays behind.
#![cfg(test)]

use std::process::Command;
use std::time::Instant;

use comporta_e2e::{Engine, Oracle, sizes, the_ledger_verifies};
use comporta_neighbours::{python_venv, workspace};
use comporta_testkit::{EntryBody, Setup, batch};
use serde_json::json;

const SCHEMATHESIS: &str = "schemathesis==4.32.5";
/// What the smallest run must have tried, so that a tool that tries nothing does not pass.
const AT_LEAST: u64 = 200;

#[tokio::test]
async fn no_made_up_request_is_answered_otherwise_than_the_document_declares() {
    let bin = python_venv(&[SCHEMATHESIS]).unwrap();
    let mut server = Setup::new(&Engine::Sqlite.fresh_url()).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(bin.join("schemathesis"));
    command.arg("--config-file").arg(workspace().join("e2e/schemathesis.toml"));
    command.args(["--no-color", "run", "--continue-on-failure", "--warnings", "off"]);
    command.args(["--max-examples", &sizes::examples().to_string()]);
    if !sizes::are_full() {
        command.args(["--seed", "1"]); // the same requests each time: a change that breaks nothing never fails
    }
    command.arg(format!("http://{}/openapi.json", server.public()));
    command.env("COMPORTA_KEY", server.first_run().unwrap().api_key).current_dir(&folder);
    let begun = Instant::now();
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let generated = told.lines().find(|line| line.contains(" generated, ")).unwrap().trim();
    println!("schemathesis: {generated}, in {:?}", begun.elapsed());
    let requests: u64 = generated.split(' ').next().unwrap().parse().unwrap();
    assert!(requests >= if sizes::are_full() { 10 * AT_LEAST } else { AT_LEAST });
    the_ledger_verifies(&server);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn one_wrong_amount_among_ten_thousand_rows_is_named_and_nothing_is_written_on_sqlite() {
    refuse_a_batch(Engine::Sqlite).await;
}

#[tokio::test]
async fn one_wrong_amount_among_ten_thousand_rows_is_named_and_nothing_is_written_on_postgres() {
    refuse_a_batch(Engine::Postgres).await;
}

async fn refuse_a_batch(engine: Engine) {
    let url = engine.fresh_url();
    let mut server = Setup::new(&url).start().await.unwrap();
    let mut client = server.client().unwrap();
    let mut rows: Vec<EntryBody> =
        (0..10_000).map(|row| EntryBody::credit(row + 1, &format!("row {row}")).on("2026-03-02")).collect();
    let right = rows[4_711].clone();
    rows[4_711] = right.clone().with("amount", json!("12.345"));
    let refused = client.post("/v1/entries/batch", &[], batch(&rows)).await.unwrap();
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    let errors = json!([{"pointer": "/entries/4711/amount", "detail": "expected at most two decimals"}]);
    assert_eq!(refused.json()["errors"], errors);
    assert_eq!(Oracle::new(&url).entries().await, 0, "nothing is written");

    rows[4_711] = right;
    let begun = Instant::now();
    let taken = client.post("/v1/entries/batch", &[], batch(&rows)).await.unwrap();
    assert_eq!(taken.status, 201, "{}", taken.text());
    println!("{engine:?}: 10000 rows in {:?}", begun.elapsed());
    assert_eq!(Oracle::new(&url).entries().await, 10_000);
    rows.push(EntryBody::credit(1, "one too many"));
    let refused = client.post("/v1/entries/batch", &[], batch(&rows)).await.unwrap();
    assert_eq!(
        (refused.status.as_u16(), refused.json()["errors"][0]["pointer"].as_str()),
        (422, Some("/entries"))
    );
    server.stop().await.unwrap();
}
