//! A file of debts becomes one boleto for each, whatever happens on the way.
#![cfg(test)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use comporta_e2e::memory::peak;
use comporta_e2e::sizes::{bad_rows, endless_line, import_kills};
use comporta_e2e::{Chance, Engine, Oracle};
use comporta_testkit::{Client, Server, Setup};
use serde_json::Value;

const HEAD: &str = "name,governmentId,email,debtAmount,debtDueDate,debtId\n";
const PATIENCE: Duration = Duration::from_secs(300);
/// What the server may take, whatever the file.
const MEMORY: u64 = 200 << 20;

/// Each story on both engines.
macro_rules! on_both_engines {
    ($($name:ident => $on_sqlite:ident, $on_postgres:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $on_sqlite() {
            $name(Engine::Sqlite).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $on_postgres() {
            $name(Engine::Postgres).await;
        }
    )+};
}

on_both_engines! {
    tell_every_row => every_row_is_accounted_for_on_sqlite, every_row_is_accounted_for_on_postgres;
    go_on_after_kills => an_import_goes_on_after_each_kill_on_sqlite, an_import_goes_on_after_each_kill_on_postgres;
    issue_once => the_same_file_from_two_clients_at_once_on_sqlite, the_same_file_from_two_clients_at_once_on_postgres;
    refuse_bad_files => bad_files_are_refused_and_leave_nothing_on_sqlite, bad_files_are_refused_and_leave_nothing_on_postgres;
}

async fn tell_every_row(engine: Engine) {
    let server = start(engine).await;
    let mut client = server.client().unwrap();
    let file = format!("{HEAD}{}bad row\nAna,1,,1.00,2027-01-01,debt-3\n", rows(0..500));
    let path = send(&mut client, &file).await;
    let import = done(&mut client, &path).await;
    assert_eq!(counts(&import), [502, 500, 1, 1, 0], "{import}");
    let id = import["id"].as_str().unwrap();
    let report = client.get(&format!("/v1/boleto-imports/{id}/report")).await.unwrap().text();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "line,column,code,message");
    assert!(
        lines[1].starts_with("502,,wrong_field_count,") && lines[2].starts_with("503,debtId,conflict,"),
        "{report}"
    );
    let lines = client.get(&format!("/v1/boleto-imports/{id}/report?format=ndjson")).await.unwrap().text();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((first["line"].as_u64(), first["code"].as_str()), (Some(502), Some("wrong_field_count")));
    let events = client.get(&format!("/v1/boleto-imports/{id}/events")).await.unwrap().text();
    assert!(events.starts_with("data: {") && events.contains("\"status\":\"completed\""), "{events}");
    let found = client.get("/v1/boletos?debt_id=debt-42").await.unwrap().json();
    let boleto = &found["data"][0];
    assert_eq!((boleto["amount"].as_str(), boleto["import_line"].as_u64()), (Some("43.50"), Some(44)));
    assert_eq!(boleto["barcode"].as_str().map(str::len), Some(44));
    assert_eq!(boleto["digitable_line"].as_str().map(str::len), Some(47));
}

/// Rows of a file: more than are issued between two kills.
const MANY: u32 = 60_000;

/// Killed at work each time: when a file is done, the next one is sent.
async fn go_on_after_kills(engine: Engine) {
    let url = engine.fresh_url();
    let mut server = start_on(&url).await;
    let (oracle, chance) = (Oracle::new(&url), Chance::new(7));
    let mut files: Vec<String> = Vec::new();
    for _ in 0..import_kills() {
        let mut client = server.client().unwrap();
        let is_at_work = match files.last() {
            Some(path) => client.get(path).await.unwrap().json()["status"] == "running",
            None => false,
        };
        if !is_at_work {
            let first = u32::try_from(files.len()).unwrap() * MANY;
            files.push(send(&mut client, &format!("{HEAD}{}", rows(first..first + MANY))).await);
        }
        tokio::time::sleep(Duration::from_millis(20 + chance.below(400) as u64)).await;
        server.kill_dash_nine().unwrap();
        // As if the seconds had passed for which a dead process keeps its jobs.
        oracle
            .change("UPDATE job SET due_at = created_at WHERE finished_at IS NULL AND status = 'running'")
            .await;
        server.restart().await.unwrap();
    }
    let mut client = server.client().unwrap();
    for path in &files {
        let import = done(&mut client, path).await;
        assert_eq!(counts(&import), [u64::from(MANY), u64::from(MANY), 0, 0, 0], "{import}");
    }
    println!("{} kills, {} files of {MANY} rows", import_kills(), files.len());
    assert_eq!(issued(&mut client).await, files.len() * MANY as usize, "one for each debt");
}

async fn issue_once(engine: Engine) {
    let server = start(engine).await;
    let file = format!("{HEAD}{}", rows(0..20_000));
    let (mut one, mut other) = (server.client().unwrap(), server.client().unwrap());
    let (first, second) = tokio::join!(send(&mut one, &file), send(&mut other, &file));
    let (first, second) = (done(&mut one, &first).await, done(&mut other, &second).await);
    let both = [counts(&first), counts(&second)];
    assert_eq!(both[0][1] + both[1][1], 20_000, "{first} {second}");
    assert_eq!(both.map(|[read, issued, duplicates, ..]| read - issued - duplicates), [0, 0]);
    assert_eq!(issued(&mut one).await, 20_000);
}

async fn refuse_bad_files(engine: Engine) {
    let server = start(engine).await;
    let mut client = server.client().unwrap();
    let utf16: Vec<u8> = HEAD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (file, told) in [
        (Vec::new(), "empty"),
        (b"id,sum\n1,2\n".to_vec(), "lacks name, governmentId"),
        ([&[0xFF, 0xFE], &utf16[..]].concat(), "UTF-16"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03gone".to_vec(), "gzip"),
        (format!("{HEAD}{}Ana,\"1,,1,2027-01-01,x\n", rows(0..9)).into_bytes(), "line 11 is never closed"),
        ([HEAD.as_bytes(), &vec![b'x'; endless_line()]].concat(), "longer than 64 KiB"),
    ] {
        let answer = client.post("/v1/boleto-imports", &[("content-type", "text/csv")], file).await;
        // A server that refuses early may close before it has read all of a long one.
        let Ok(answer) = answer else {
            assert!(told.starts_with("longer"), "no answer to a file that is {told}");
            continue;
        };
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains(told), "{told}: {}", answer.text());
    }
    let packed = [("content-type", "text/csv"), ("content-encoding", "gzip")];
    assert_eq!(client.post("/v1/boleto-imports", &packed, HEAD).await.unwrap().status, 415);
    assert_eq!(issued(&mut client).await, 0);
    let left = std::fs::read_dir(server.data_dir().join("files/boleto-imports"));
    assert_eq!(left.into_iter().flatten().count(), 0, "nothing is kept");
    let bad = bad_rows();
    let file = format!("{HEAD}{}", "Ana,1,,1.001,2027-01-01,x\n".repeat(bad));
    let path = send(&mut client, &file).await;
    let import = done(&mut client, &path).await;
    assert_eq!(counts(&import), [bad as u64, 0, 0, bad as u64, 0]);
    let report = client.get(&format!("{path}/report")).await.unwrap().text();
    assert_eq!(report.lines().count(), bad + 1);
    let peak = server.pids().into_iter().map(peak).max().unwrap();
    println!("{bad} bad rows, a line of {} bytes: {} MiB at most", endless_line(), peak >> 20);
    assert!(peak < MEMORY, "{peak}");
}

async fn start(engine: Engine) -> Server {
    start_on(&engine.fresh_url()).await
}

/// Without letters, of which these files would make gigabytes.
async fn start_on(url: &str) -> Server {
    Setup::new(url).with("COMPORTA_BOLETOS__MAIL_WHEN", "registered").start().await.unwrap()
}

fn rows(numbers: std::ops::Range<u32>) -> String {
    numbers.fold(String::new(), |mut text, number| {
        let _ =
            writeln!(text, "Ana,{number},a{number}@example.com,{}.50,2027-01-01,debt-{number}", number + 1);
        text
    })
}

/// Sends a file; gives the import's path.
async fn send(client: &mut Client, file: &str) -> String {
    let headers = [("content-type", "text/csv")];
    let answer =
        client.post("/v1/boleto-imports", &headers, Bytes::copy_from_slice(file.as_bytes())).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.header("location").unwrap().to_owned()
}

async fn done(client: &mut Client, path: &str) -> Value {
    let begun = Instant::now();
    loop {
        let import = client.get(path).await.unwrap().json();
        if import["status"] != "running" {
            assert_eq!(import["status"], "completed", "{import}");
            return import;
        }
        assert!(begun.elapsed() < PATIENCE, "{import}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Rows read, issued, duplicates, rejected, warned.
fn counts(import: &Value) -> [u64; 5] {
    ["rows_read", "issued", "duplicates", "rejected", "warned"].map(|name| import[name].as_u64().unwrap())
}

/// How many boletos there are, each with a debt and a number of its own.
async fn issued(client: &mut Client) -> usize {
    let (mut debts, mut numbers) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    let (mut count, mut path) = (0, "/v1/boletos?limit=500".to_owned());
    loop {
        let page = client.get(&path).await.unwrap().json();
        for boleto in page["data"].as_array().unwrap() {
            count += 1;
            assert!(debts.insert(boleto["debt_id"].to_string()), "{boleto}");
            assert!(numbers.insert(boleto["our_number"].to_string()), "{boleto}");
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/boletos?limit=500&cursor={cursor}"),
            None => return count,
        }
    }
}
