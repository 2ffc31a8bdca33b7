//! Fast reads: a month of days of an account with three years behind it, while entries arrive.

mod requests;

use std::time::{Duration, Instant};

use comporta_testkit::Server;
use futures_util::future::try_join;

use super::accounts::{self, DAYS};
use super::{Engine, Ground, metric};
use crate::load::{Door, Latencies, Open, Stream, Wanted, closed, open};
use crate::report::{Bar, Figures, Row, Section, median};
use crate::{Outcome, cpu};

/// Reads a second, and entries a second.
const PACE: u32 = 500;
const WINDOWS: u32 = 5;
const CONNECTIONS: usize = 64;
const P99_MS: f64 = 20.0;
/// Noise aside, a read costs the same however many entries lie behind it.
const FLAT: f64 = 1.25;

const DATABASE: &str = "reads";
/// Told by the server: entries not yet rolled up.
const PENDING: &str = "comporta_ledger_pending_deltas";
const PATIENCE: Duration = Duration::from_secs(300);

const P50: &str = "p50_ms";
const P99: &str = "p99_ms";

/// An account and how many entries were loaded into it.
struct Loaded {
    account: String,
    entries: u64,
}

/// On one engine.
pub(super) async fn measure(ground: &Ground<'_>, engine: Engine) -> Outcome<Section> {
    let mut server = ground.start(engine, DATABASE, &[]).await?;
    let (mut rows, mut accounts) = (Vec::new(), Vec::new());
    for share in [100, 10, 1] {
        let (row, loaded) = load(&server, ground.arguments.entries / share).await?;
        rows.push(row);
        accounts.push(loaded);
    }
    settle(ground, engine)?;
    let mut costs = Vec::new();
    for loaded in &accounts {
        costs.push(cost(ground, engine, &server, loaded).await?);
    }
    let growth = costs[2].figures.get(P50) / costs[0].figures.get(P50);
    rows.extend(costs);
    let (reads, entries) = under_load(ground, &server, &accounts[2].account).await?;
    let everything = (accounts::day(0), accounts::day(DAYS));
    let found = accounts::count(&server, &accounts[2].account, Some(everything)).await?;
    server.stop().await?;
    let lost = (accounts[2].entries + entries.done()).abs_diff(found);
    let p99 = median(reads.windows.iter().map(|window| ms(window, 0.99)).collect());
    let bars = vec![
        Bar::at_most("p99 of reads, ms, median of the windows", P99_MS, p99),
        Bar::at_most("reads and entries lost or refused", 0.0, (trouble(&reads) + trouble(&entries)) as f64),
        Bar::at_most("entries acknowledged but not in the balance", 0.0, lost as f64),
        Bar::at_most("median read of the largest account over the smallest's", FLAT, growth),
    ];
    rows.extend([paced("reads while entries arrive", &reads), paced("entries while reads arrive", &entries)]);
    let window = ground.arguments.window;
    let how =
        format!("31 days of three years; {PACE} reads and {PACE} entries a second, {WINDOWS} x {window} s");
    Ok(Section { name: format!("fast reads, {}", engine.name()), how, rows, bars })
}

/// Fills an account of its own through the door, and waits until the consolidator has caught up.
async fn load(server: &Server, entries: u64) -> Outcome<(Row, Loaded)> {
    let account = accounts::create(server, &format!("{entries} entries")).await?;
    let begun = Instant::now();
    accounts::fill(server, &account, entries).await?;
    let acknowledged = begun.elapsed().as_secs_f64();
    wait_until_consolidated(server).await?;
    let figures = Figures::default()
        .with("acknowledged_s", acknowledged)
        .with("entries_per_s", entries as f64 / acknowledged)
        .with("consolidated_s", begun.elapsed().as_secs_f64());
    Ok((Row::new(format!("load {entries} in batches"), figures), Loaded { account, entries }))
}

/// Does now what autovacuum and the next checkpoint would do at some moment of the measurement.
fn settle(ground: &Ground<'_>, engine: Engine) -> Outcome {
    if engine == Engine::Postgres {
        ground.postgres.psql(DATABASE, "VACUUM (ANALYZE)")?;
        ground.postgres.psql(DATABASE, "CHECKPOINT")?;
    }
    Ok(())
}

/// What a read costs one reader who asks for nothing else.
async fn cost(ground: &Ground<'_>, engine: Engine, server: &Server, loaded: &Loaded) -> Outcome<Row> {
    let reads = requests::reads(server, &loaded.account)?;
    let used = || (cpu::of(server.pid()), ground.database_pid(engine).map(cpu::of_family));
    let before = used();
    let seen = closed(&Door::Plain(server.public()), &reads, Wanted::status(200), 1, ground.round()).await?;
    let after = used();
    if seen.refused > 0 {
        return Err(format!("{} reads were refused", seen.refused).into());
    }
    let each = |used: Duration| used.as_secs_f64() * 1e6 / seen.done() as f64;
    let figures = Figures::default()
        .with(P50, ms(&seen.latencies, 0.5))
        .with(P99, ms(&seen.latencies, 0.99))
        .with("server_cpu_us", each(after.0 - before.0))
        .with_some("database_cpu_us", after.1.zip(before.1).map(|(after, before)| each(after - before)));
    Ok(Row::new(format!("one reader, {} entries", loaded.entries), figures))
}

async fn under_load(ground: &Ground<'_>, server: &Server, account: &str) -> Outcome<(Open, Open)> {
    let (reads, entries) = (requests::reads(server, account)?, requests::entries(server, account)?);
    let door = Door::Plain(server.public());
    let stream = |requests, status| {
        let wanted = Wanted::status(status);
        Stream { door: &door, requests, wanted, pace: PACE, connections: CONNECTIONS }
    };
    let (reads, entries) = (stream(&reads, 200), stream(&entries, 201));
    let window = Duration::from_secs(ground.arguments.window);
    try_join(open(&reads, WINDOWS, window), open(&entries, WINDOWS, window)).await
}

fn paced(name: &str, seen: &Open) -> Row {
    let over = |quantile| median(seen.windows.iter().map(|window| ms(window, quantile)).collect());
    let worst = seen.windows.iter().map(Latencies::max).max().unwrap_or_default();
    let figures = Figures::default()
        .with("sent", seen.sent as f64)
        .with("refused", seen.refused as f64)
        .with("lost", seen.lost as f64)
        .with(P50, over(0.5))
        .with(P99, over(0.99))
        .with("worst_ms", worst as f64 / 1e3);
    Row::new(name, figures)
}

fn trouble(seen: &Open) -> u64 {
    seen.sent - seen.done()
}

fn ms(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1e3
}

async fn wait_until_consolidated(server: &Server) -> Outcome {
    let begun = Instant::now();
    let mut quiet = 0;
    // Twice: the first look may have come before the consolidator's.
    while quiet < 2 {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{PENDING} on the private listener did not reach 0").into());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        quiet = if metric(server, PENDING).await? == Some(0.0) { quiet + 1 } else { 0 };
    }
    Ok(())
}
