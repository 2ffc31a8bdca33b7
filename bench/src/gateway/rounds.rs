//! A scenario: every contender in turn, as fast as it goes and then at a rate that all can hold.

use std::time::{Duration, Instant};

use super::Ground;
use super::contender::{Contender, Running};
use super::scenario::Scenario;
use crate::load::{Stream, closed, open};
use crate::report::{Bar, Figures, Row, Section};
use crate::{Outcome, cpu};

pub(super) const CONNECTIONS: usize = 64;
/// The offered rate as a share of what the slowest can hold.
const SHARE: f64 = 0.6;
pub(super) const WARM_UP: Duration = Duration::from_millis(500);

const RATE: &str = "req_per_s";
/// Processor time of the proxy per request, in microseconds: at saturation, and at the offered rate.
const CPU: &str = "cpu_us";
const CPU_OFFERED: &str = "offered_cpu_us";

/// A contender and what each round of it gave.
struct Turns {
    contender: Contender,
    rounds: Vec<Figures>,
}

/// All rounds of one scenario.
pub(super) async fn measure(ground: &Ground<'_>, scenario: Scenario) -> Outcome<Section> {
    let contenders = ground.contenders(scenario);
    let offered = offered_rate(ground, scenario, &contenders).await?;
    let mut all: Vec<Turns> =
        contenders.into_iter().map(|contender| Turns { contender, rounds: Vec::new() }).collect();
    for round in 0..ground.arguments.rounds {
        if round > 0 {
            all.rotate_left(1);
        }
        for turns in &mut all {
            let figures = turn(ground, scenario, turns.contender, offered).await?;
            tell(turns.contender, round, &figures);
            turns.rounds.push(figures);
        }
    }
    all.sort_by_key(|turns| turns.contender as usize);
    let how = format!(
        "{CONNECTIONS} connections, one proxy core, {} rounds of {} s at saturation and at {offered} requests a second",
        ground.arguments.rounds, ground.arguments.seconds
    );
    let mut rows: Vec<Row> =
        all.iter().map(|turns| Row::new(turns.contender.name(), Figures::median(&turns.rounds))).collect();
    let (compared, bars) = compare(scenario, &all);
    rows.extend(compared);
    Ok(Section { name: scenario.name().to_owned(), how, rows, bars })
}

/// The same for all: found in the run, from the slowest.
async fn offered_rate(ground: &Ground<'_>, scenario: Scenario, contenders: &[Contender]) -> Outcome<u32> {
    let mut slowest = f64::INFINITY;
    for contender in contenders {
        let running = contender.start(ground, scenario, &[]).await?;
        let figures = saturate(ground, &running, ground.length() / 2).await?;
        running.process.stop().await?;
        println!("{}, to find the rate: {:.0} requests a second", contender.name(), figures.get(RATE));
        slowest = slowest.min(figures.get(RATE));
    }
    let tens = (slowest * SHARE / 10.0).floor();
    if tens.is_finite() && tens >= 1.0 { Ok(tens as u32 * 10) } else { Err("nobody answers".into()) }
}

/// One contender, started afresh.
async fn turn(
    ground: &Ground<'_>,
    scenario: Scenario,
    contender: Contender,
    offered: u32,
) -> Outcome<Figures> {
    let running = contender.start(ground, scenario, &[]).await?;
    closed(&running.door, &running.requests, running.wanted, CONNECTIONS, WARM_UP).await?;
    let saturated = saturate(ground, &running, ground.length()).await?;
    let figures = offer(ground, &running, offered, saturated).await?;
    let figures = figures.with("memory_mib", running.process.resident());
    running.process.stop().await?;
    Ok(figures)
}

/// As fast as it goes. `busy` tells how much of its core it took: if it is not near 1, the load was the limit.
async fn saturate(ground: &Ground<'_>, running: &Running, length: Duration) -> Outcome<Figures> {
    let around = || cpu::of(std::process::id()) + cpu::of(ground.upstream.pid());
    let (used, others) = (running.process.used(), around());
    let seen = closed(&running.door, &running.requests, running.wanted, CONNECTIONS, length).await?;
    let (used, others) = (running.process.used() - used, around() - others);
    if seen.refused > 0 {
        return Err(format!("{} answers were not the ones wanted", seen.refused).into());
    }
    let (elapsed, done) = (seen.elapsed.as_secs_f64(), seen.done() as f64);
    Ok(Figures::default()
        .with(RATE, done / elapsed)
        .with(CPU, used.as_secs_f64() * 1e6 / done)
        .with("busy", used.as_secs_f64() / elapsed)
        .with("load_cpu_us", others.as_secs_f64() * 1e6 / done))
}

/// At a rate that does not depend on the answers.
async fn offer(ground: &Ground<'_>, running: &Running, pace: u32, figures: Figures) -> Outcome<Figures> {
    let (door, requests, wanted) = (&running.door, &running.requests, running.wanted);
    let stream = Stream { door, requests, wanted, pace, connections: CONNECTIONS };
    let (used, begun) = (running.process.used(), Instant::now());
    let seen = open(&stream, 1, ground.length()).await?;
    let (used, elapsed) = (running.process.used() - used, begun.elapsed().as_secs_f64());
    if seen.done() < seen.sent {
        return Err(format!("{} refused, {} lost of {}", seen.refused, seen.lost, seen.sent).into());
    }
    let latency = |quantile| seen.windows[0].value_at_quantile(quantile) as f64;
    Ok(figures
        .with("offered", seen.sent as f64 / elapsed)
        .with(CPU_OFFERED, used.as_secs_f64() * 1e6 / seen.sent as f64)
        .with("p50_us", latency(0.5))
        .with("p99_us", latency(0.99)))
}

/// One round, so that one sees how much they differ.
fn tell(contender: Contender, round: usize, figures: &Figures) {
    println!(
        "{}, round {}: {:.0} requests a second, {:.2} us each; {:.2} us at the offered rate",
        contender.name(),
        round + 1,
        figures.get(RATE),
        figures.get(CPU),
        figures.get(CPU_OFFERED)
    );
}

/// Ours over each peer's of the same round, the median of that, and how it compares with the bars.
fn compare(scenario: Scenario, all: &[Turns]) -> (Vec<Row>, Vec<Bar>) {
    let (mut rows, mut bars) = (Vec::new(), Vec::new());
    let Some(ours) = all.iter().find(|turns| turns.contender == Contender::Comporta) else {
        return (rows, bars);
    };
    for theirs in all {
        let Some(bar) = theirs.contender.bar() else { continue };
        let each = ours.rounds.iter().zip(&theirs.rounds).map(|(ours, theirs)| ours.over(theirs));
        let ratio = Figures::median(&each.collect::<Vec<_>>());
        let name = theirs.contender.name();
        if scenario == Scenario::Get {
            for (figure, when) in [(CPU, "at saturation"), (CPU_OFFERED, "at the offered rate")] {
                let what = format!("processor time per request {when}, times {name}");
                bars.push(Bar::at_most(what, bar, ratio.get(figure)));
            }
        }
        rows.push(Row::new(format!("comporta / {name}"), ratio));
    }
    (rows, bars)
}
