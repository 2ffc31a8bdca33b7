//! Where a request's time goes in each proxy: system calls by `strace`, instructions and allocations by `callgrind`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Ground;
use super::contender::{Contender, Running};
use super::process::signal;
use super::rounds::{CONNECTIONS, WARM_UP};
use super::scenario::Scenario;
use crate::Outcome;
use crate::load::closed;
use crate::report::{Figures, Row, Section};

const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(20);
const CALLGRIND: &str = "callgrind.out";
/// Calls of these are allocations: the C library's, mimalloc's and Rust's own.
const ALLOCATORS: [&str; 6] = ["malloc", "calloc", "realloc", "posix_memalign", "memalign", "aligned_alloc"];
const RUST_ALLOCATORS: [&str; 3] = ["__rust_alloc", "__rust_alloc_zeroed", "__rust_realloc"];

/// Rarer than this per request, it is left out.
const RARE: f64 = 0.01;

/// What one contender does per request, by name.
type Counts = BTreeMap<String, f64>;

/// Per request at saturation, each contender once under each tool.
pub(super) async fn measure(ground: &Ground<'_>, scenario: Scenario) -> Outcome<Section> {
    let mut columns = Vec::new();
    for contender in ground.contenders(scenario) {
        println!("{} under strace", contender.name());
        let mut counts = system_calls(ground, scenario, contender).await?;
        println!("{} under callgrind", contender.name());
        let (instructions, allocations) = instructions(ground, scenario, contender).await?;
        counts.insert("~ instructions".to_owned(), instructions);
        counts.insert("~ allocations".to_owned(), allocations);
        columns.push((contender, counts));
    }
    let how = "per request at saturation; system calls by name, then the rest".to_owned();
    let name = format!("where it goes, {}", scenario.name());
    Ok(Section { name, how, rows: rows(&columns), bars: Vec::new() })
}

/// A row for each name, a column for each contender.
fn rows(columns: &[(Contender, Counts)]) -> Vec<Row> {
    let often = columns.iter().flat_map(|(_, counts)| counts.iter()).filter(|(_, count)| **count >= RARE);
    let names: BTreeSet<&String> = often.map(|(name, _)| name).collect();
    let row = |name: &String| {
        let count = |counts: &Counts| counts.get(name).copied().unwrap_or_default();
        let add = |figures: Figures, (contender, counts): &(Contender, Counts)| {
            figures.with(contender.name(), count(counts))
        };
        Row::new(name.as_str(), columns.iter().fold(Figures::default(), add))
    };
    names.into_iter().map(row).collect()
}

/// System calls per request, by name.
async fn system_calls(ground: &Ground<'_>, scenario: Scenario, contender: Contender) -> Outcome<Counts> {
    let running = contender.start(ground, scenario, &[]).await?;
    load(&running, WARM_UP).await?;
    let told = ground.folder.join("strace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-o"]).arg(&told).stderr(Stdio::null());
    for pid in running.process.pids() {
        strace.args(["-p", &pid.to_string()]);
    }
    let mut strace = strace.spawn()?;
    wait_until(|| running.process.pids().iter().all(|&pid| is_traced(pid))).await?;
    let done = load(&running, ground.length()).await?;
    interrupt(&mut strace)?;
    running.process.stop().await?;
    let text = fs::read_to_string(told)?;
    Ok(text.lines().filter_map(read_call).map(|(name, count)| (name, count / done)).collect())
}

/// A line of `strace -c`: share, seconds, microseconds per call, calls, errors if any, name.
fn read_call(line: &str) -> Option<(String, f64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    fields.first()?.parse::<f64>().ok()?;
    let name = fields.last().filter(|name| **name != "total")?;
    Some(((*name).to_owned(), fields.get(3)?.parse().ok()?))
}

fn is_traced(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() != "0"))
}

fn interrupt(child: &mut Child) -> Outcome {
    signal("INT", child.id())?;
    child.wait()?;
    Ok(())
}

/// Instructions and allocations per request.
async fn instructions(ground: &Ground<'_>, scenario: Scenario, contender: Contender) -> Outcome<(f64, f64)> {
    let out = ground.folder.join(format!("{CALLGRIND}.{}.%p", contender.name()));
    let out = format!("--callgrind-out-file={}", out.display());
    let tool = ["valgrind", "--tool=callgrind", "--trace-children=yes", "--instr-atstart=no", &out];
    let running = contender.start(ground, scenario, &tool).await?;
    load(&running, WARM_UP * 4).await?;
    let pids = running.process.pids();
    control(&pids, "--instr=on")?;
    let done = load(&running, ground.length()).await?;
    control(&pids, "--instr=off")?;
    running.process.stop().await?;
    let (mut instructions, mut allocations) = (0.0, 0.0);
    for path in profiles(&ground.folder, contender)? {
        let profile = fs::read_to_string(path)?;
        instructions += total(&profile);
        allocations += calls(&profile);
    }
    Ok((instructions / done, allocations / done))
}

fn control(pids: &[u32], word: &str) -> Outcome {
    for pid in pids {
        let output = Command::new("callgrind_control").args([word, &pid.to_string()]).output()?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("callgrind_control: {complaint}").into());
        }
    }
    Ok(())
}

fn profiles(folder: &Path, contender: Contender) -> Outcome<Vec<PathBuf>> {
    let prefix = format!("{CALLGRIND}.{}.", contender.name());
    let all = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let paths = all.into_iter().map(|entry| entry.path());
    let is_ours =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    Ok(paths.filter(is_ours).collect())
}

/// Instructions of a profile (callgrind's format: `totals: N`).
fn total(profile: &str) -> f64 {
    let totals = profile.lines().filter_map(|line| line.strip_prefix("totals: "));
    totals.filter_map(|total| total.trim().parse::<f64>().ok()).sum()
}

/// Calls of allocators. A function's name is written once, `(number) name`, and then by its number; what calls it
/// says `cfn=` and then `calls=COUNT`.
fn calls(profile: &str) -> f64 {
    let mut allocators: Vec<&str> = Vec::new();
    let (mut called, mut count) = ("", 0.0);
    for line in profile.lines() {
        if let Some(function) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
            let (number, name) = function.split_once(' ').unwrap_or((function, ""));
            if is_allocator(name) {
                allocators.push(number);
            }
            called = number;
        } else if let Some(calls) = line.strip_prefix("calls=")
            && allocators.contains(&called)
        {
            count += calls.split(' ').next().and_then(|calls| calls.parse::<f64>().ok()).unwrap_or_default();
        }
    }
    count
}

fn is_allocator(name: &str) -> bool {
    ALLOCATORS.contains(&name) || RUST_ALLOCATORS.iter().any(|allocator| name.ends_with(allocator))
}

/// Requests that were answered.
async fn load(running: &Running, length: Duration) -> Outcome<f64> {
    let seen = closed(&running.door, &running.requests, running.wanted, CONNECTIONS, length).await?;
    if seen.refused > 0 {
        return Err(format!("{} answers were not the ones wanted", seen.refused).into());
    }
    Ok(seen.done() as f64)
}

async fn wait_until(met: impl Fn() -> bool) -> Outcome {
    let begun = Instant::now();
    while !met() {
        if begun.elapsed() > PATIENCE {
            return Err("strace did not attach".into());
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_with_and_without_errors() {
        let with = " 28.03    0.221310           2    100321       117 recvfrom";
        let without = " 60.11    0.474588           4    100205           writev";
        assert_eq!(read_call(with), Some(("recvfrom".to_owned(), 100_321.0)));
        assert_eq!(read_call(without), Some(("writev".to_owned(), 100_205.0)));
        assert_eq!(read_call("100.00    0.789526           3    200526       117 total"), None);
        assert_eq!(read_call("% time     seconds  usecs/call     calls    errors syscall"), None);
    }

    #[test]
    fn allocations_are_the_calls_of_allocators() {
        let profile = "fn=(1) serve\n5 10\ncfn=(2) malloc\ncalls=3 0\n5 90\ncfn=(3) free\ncalls=9 0\n5 9\n\
                       fn=(4) other\ncfn=(2)\ncalls=4 0\n1 1\ntotals: 110\n";
        assert_eq!((calls(profile), total(profile)), (7.0, 110.0));
    }
}
