//! Start, idle memory and size.

use std::fs;
use std::time::{Duration, Instant};

use super::{Engine, Ground, accounts};
use crate::memory::MIB;
use crate::report::{Bar, Figures, Row, Section};
use crate::{Outcome, memory};

const STARTS: usize = 5;
const IDLE: Duration = Duration::from_secs(5);
/// Entries in the database on which it starts.
const ENTRIES: u64 = 10_000;

const START_MS: &str = "start_ms";
const IDLE_MIB: &str = "idle_mib";

/// On both engines.
pub(super) async fn measure(ground: &Ground<'_>) -> Outcome<Section> {
    let size = fs::metadata(&ground.binary)?.len() as f64 / MIB;
    let (mut rows, mut bars) = (Vec::new(), vec![Bar::at_most("size of the binary, MiB", 40.0, size)]);
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let figures = starts(ground, engine).await?;
        let what = |what: &str| format!("{what}, {}", engine.name());
        bars.push(Bar::at_most(what("start to first answer, ms"), 100.0, figures.get(START_MS)));
        bars.push(Bar::at_most(what("idle memory, MiB"), 30.0, figures.get(IDLE_MIB)));
        rows.push(Row::new(engine.name(), figures));
    }
    let how = format!(
        "on a database of {ENTRIES} entries, median of {STARTS}; memory after {} s without a request",
        IDLE.as_secs()
    );
    Ok(Section { name: "start and size".to_owned(), how, rows, bars })
}

async fn starts(ground: &Ground<'_>, engine: Engine) -> Outcome<Figures> {
    let mut server = ground.start(engine, "start", &[]).await?;
    let first = server.took();
    let account = accounts::create(&server, "any").await?;
    accounts::fill(&server, &account, ENTRIES).await?;
    let mut rounds = Vec::new();
    for _ in 0..STARTS {
        server.stop().await?;
        let begun = Instant::now();
        server.restart().await?;
        let answer = server.client()?.get("/v1/accounts").await?;
        let start = begun.elapsed();
        if answer.status != 200 {
            return Err(answer.text().into());
        }
        tokio::time::sleep(IDLE).await;
        let figures = Figures::default().with(START_MS, start.as_secs_f64() * 1e3);
        rounds.push(figures.with(IDLE_MIB, memory::resident(server.pid())?));
    }
    server.stop().await?;
    Ok(Figures::median(&rounds).with("first_run_ms", first.as_secs_f64() * 1e3))
}
