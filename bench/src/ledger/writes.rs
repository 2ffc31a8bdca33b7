//! Fast writes: 64 clients, one hot account, every entry on disk before it is acknowledged.

mod contender;
mod usage;

use super::peer::Peer;
use super::{Engine, Ground};
use crate::Outcome;
use crate::load::Latencies;
use crate::report::{Bar, Figures, Row, Section, median};
use comporta_testkit::Server;
use contender::Contender;
use usage::{Syncs, Usage};

const CLIENTS: usize = 64;
/// The bar: this many times the peer, or this many entries a second, whichever is lower.
const TIMES: f64 = 8.0;
const ENOUGH: f64 = 10_000.0;
const SYNCS_PER_ENTRY: f64 = 0.1;

const DATABASE: &str = "writes";
const RATE: &str = "entries_per_s";
const SYNCS: &str = "fsyncs_per_entry";
const SHARED: &str = "entries_per_commit";

/// Beside a transaction per entry in `pgbench`.
pub(super) async fn postgres(ground: &Ground<'_>) -> Outcome<Section> {
    let mut ours = both(ground.start(Engine::Postgres, DATABASE, &[]).await?).await?;
    let peer = Peer::prepare(&ground.postgres, DATABASE, &ground.folder)?;
    let mut theirs = Vec::new();
    for round in 0..ground.arguments.rounds {
        let figures = run_peer(ground, &peer)?;
        tell("pgbench", round, &figures);
        theirs.push(figures);
        for contender in &mut ours {
            contender.run(ground, Engine::Postgres, round).await?;
        }
    }
    section(ground, Engine::Postgres, ("pgbench", &theirs), ours).await
}

/// Beside one commit per entry through the same door.
pub(super) async fn sqlite(ground: &Ground<'_>) -> Outcome<Section> {
    let alone = ground.start(Engine::Sqlite, "alone", &[("COMPORTA_LEDGER__COMMIT_MAX", "1")]).await?;
    let mut peer = Contender::prepare("one commit per entry", alone, false).await?;
    let mut ours = both(ground.start(Engine::Sqlite, DATABASE, &[]).await?).await?;
    for round in 0..ground.arguments.rounds {
        peer.run(ground, Engine::Sqlite, round).await?;
        for contender in &mut ours {
            contender.run(ground, Engine::Sqlite, round).await?;
        }
    }
    section(ground, Engine::Sqlite, (peer.name(), peer.rounds()), ours).await
}

/// Without and with an idempotency key on each request, on one installation.
async fn both(server: Server) -> Outcome<[Contender; 2]> {
    let beside = server.beside().start().await?;
    let plain = Contender::prepare("comporta", server, false).await?;
    Ok([plain, Contender::prepare("comporta, idempotency keys", beside, true).await?])
}

fn run_peer(ground: &Ground<'_>, peer: &Peer<'_>) -> Outcome<Figures> {
    let syncs = Syncs::begin(ground, Engine::Postgres)?;
    let before = Usage::now(ground, Engine::Postgres, None);
    let told = peer.run(CLIENTS, ground.arguments.seconds)?;
    let used = Usage::now(ground, Engine::Postgres, None).since(&before);
    let done = told.transactions as f64;
    let figures = paced(told.per_second, &told.latencies).with_some(SYNCS, syncs.end(ground, done)?);
    Ok(used.per(done, figures.with(SHARED, 1.0)))
}

/// One round, so that one sees how much they differ.
fn tell(name: &str, round: u64, figures: &Figures) {
    println!("{name}, round {}: {:.0} entries a second", round + 1, figures.get(RATE));
}

fn paced(rate: f64, latencies: &Latencies) -> Figures {
    let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
    Figures::default().with(RATE, rate).with("p50_ms", ms(0.5)).with("p99_ms", ms(0.99))
}

async fn section(
    ground: &Ground<'_>,
    engine: Engine,
    (peer, theirs): (&str, &[Figures]),
    ours: [Contender; 2],
) -> Outcome<Section> {
    let [mut plain, mut keyed] = ours;
    let (lost, refused) =
        (plain.missing().await? + keyed.missing().await?, plain.refused() + keyed.refused());
    let row = |name: &str, rounds: &[Figures]| {
        // Against the same round's peer: what slows the disk for a while slows both.
        let pairs = rounds.iter().zip(theirs);
        let times = median(pairs.map(|(ours, theirs)| ours.get(RATE) / theirs.get(RATE)).collect());
        Row::new(name, Figures::median(rounds).with("times_peer", times))
    };
    let rows = vec![row(peer, theirs), row(plain.name(), plain.rounds()), row(keyed.name(), keyed.rounds())];
    let (rate, times) = (rows[1].figures.get(RATE), rows[1].figures.get("times_peer"));
    let mut bars = vec![match rate >= ENOUGH {
        true => Bar::at_least("entries a second", ENOUGH, rate),
        false => Bar::at_least("entries a second, times the peer's of the same round", TIMES, times),
    }];
    if engine == Engine::Postgres {
        bars.push(Bar::at_most("fsyncs per entry", SYNCS_PER_ENTRY, rows[1].figures.get(SYNCS)));
    }
    bars.push(Bar::at_most("entries refused", 0.0, refused as f64));
    bars.push(Bar::at_most("entries acknowledged but not in the balance", 0.0, lost as f64));
    let (rounds, seconds) = (ground.arguments.rounds, ground.arguments.seconds);
    let how = format!("{CLIENTS} clients, one hot account, {rounds} rounds of {seconds} s in turn, medians");
    Ok(Section { name: format!("fast writes, {}", engine.name()), how, rows, bars })
}
