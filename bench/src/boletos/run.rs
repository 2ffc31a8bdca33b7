//! One import by a server of its own.

use std::time::{Duration, Instant};

use comporta_testkit::{Client, Server, Setup};
use tokio::task::JoinHandle;

use super::file::DebtFile;
use super::peer::Peer;
use super::{Engine, Ground};
use crate::report::Figures;
use crate::{Outcome, cpu, memory};

pub(super) const SECONDS: &str = "seconds";
pub(super) const MEMORY_MIB: &str = "peak_mib";
pub(super) const ENTRY_MS: &str = "entry_max_ms";
const ENTRY_P99_MS: &str = "entry_p99_ms";
const GLANCE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(600);
const ENTRY: &str = r#"{"kind": "credit", "amount": "1.00", "description": "meanwhile"}"#;

/// A server on a new database.
pub(super) struct Run {
    engine: Engine,
    database: String,
    url: String,
    server: Server,
}

impl Run {
    pub(super) async fn start(ground: &Ground, engine: Engine, name: &str) -> Outcome<Self> {
        let url = match engine {
            Engine::Postgres => {
                ground.postgres.create_database(name)?;
                ground.postgres.psql("postgres", "CHECKPOINT")?;
                ground.postgres.url(name)
            }
            Engine::Sqlite => format!("sqlite:{}/{name}.db", ground.folder.display()),
        };
        let server = Setup::new(&url).binary(ground.binary.clone()).start().await?;
        Ok(Self { engine, database: name.to_owned(), url, server })
    }

    /// Sends the file and waits until every row is accounted for.
    pub(super) async fn import(&self, file: &DebtFile) -> Outcome<Figures> {
        let mut client = self.server.client()?;
        let entries = post_entries(self.server.client()?);
        let begun = Instant::now();
        let answer =
            client.post("/v1/boleto-imports", &[("content-type", "text/csv")], file.bytes.clone()).await?;
        let taken = begun.elapsed();
        if answer.status != 202 {
            return Err(answer.text().into());
        }
        let path = format!("/v1/boleto-imports/{}", answer.json()["id"].as_str().unwrap_or_default());
        let done = loop {
            let import = client.get(&path).await?.json();
            match import["status"].as_str() {
                Some("completed") => break import,
                Some("running") if begun.elapsed() < PATIENCE => tokio::time::sleep(GLANCE).await,
                _ => return Err(import.to_string().into()),
            }
        };
        let seconds = begun.elapsed().as_secs_f64();
        let waits = entries.finish().await?;
        let count = |name: &str| done[name].as_u64();
        let expected = [file.rows, file.issued, file.rows - file.issued - file.rejected, file.rejected];
        if [count("rows_read"), count("issued"), count("duplicates"), count("rejected")] != expected.map(Some)
        {
            return Err(format!("expected {expected:?}: {done}").into());
        }
        let figures = Figures::default().with(SECONDS, seconds).with("upload_seconds", taken.as_secs_f64());
        let figures = figures.with("rows_per_second", file.rows as f64 / seconds);
        let figures = figures.with("cpu_seconds", cpu::of(self.server.pid()).as_secs_f64());
        let figures = figures.with(MEMORY_MIB, memory::peak(self.server.pid())?);
        let wait = |share: usize| {
            waits.get((waits.len() - 1) * share / 100).map_or(0.0, |wait| wait.as_secs_f64() * 1e3)
        };
        Ok(figures.with("entry_p50_ms", wait(50)).with(ENTRY_P99_MS, wait(99)).with(ENTRY_MS, wait(100)))
    }

    /// Stops the server; what it wrote is left for the tool to load.
    pub(super) fn finish(self) -> Outcome<Peer> {
        let Self { engine, database, url, server } = self;
        drop(server);
        Ok(Peer::new(engine, database, &url))
    }
}

/// Entries one after the other until told to stop.
struct Entries {
    stop: tokio::sync::watch::Sender<bool>,
    task: JoinHandle<Result<Vec<Duration>, String>>,
}

fn post_entries(mut client: Client) -> Entries {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let task = tokio::spawn(async move {
        let mut waits = Vec::new();
        while !*stopped.borrow() {
            let begun = Instant::now();
            let answer = client.post("/v1/entries", &[], ENTRY).await.map_err(|error| error.to_string())?;
            if answer.status != 201 {
                return Err(answer.text());
            }
            waits.push(begun.elapsed());
            tokio::time::sleep(GLANCE).await;
        }
        waits.sort();
        Ok(waits)
    });
    Entries { stop, task }
}

impl Entries {
    /// How long each took, the slowest last.
    async fn finish(self) -> Outcome<Vec<Duration>> {
        self.stop.send_replace(true);
        Ok(self.task.await??)
    }
}
