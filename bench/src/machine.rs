//! What the figures were measured on.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde::Serialize;

use crate::Outcome;
use crate::load::latencies;

/// Writes of one database page, each synced; as many as give a steady median.
const SYNCS: u64 = 500;
const PAGE: [u8; 8192] = [7; 8192];

/// A machine and the programs on it.
#[derive(Serialize)]
pub(crate) struct Machine {
    cores: usize,
    processor: String,
    memory_mib: u64,
    kernel: String,
    comporta: String,
    postgres: String,
    /// Time of overwriting 8 KiB and `fdatasync`, in milliseconds.
    fsync_ms_p50: f64,
    fsync_ms_p99: f64,
}

impl Machine {
    /// Looks at this machine; `folder` is where the databases lie.
    pub(crate) fn look(folder: &Path, comporta: &Path, postgres: &Path) -> Outcome<Self> {
        let (fsync_ms_p50, fsync_ms_p99) = fsync(&folder.join("fsync"))?;
        let memory = line("/proc/meminfo", "MemTotal").split(' ').next().and_then(|kib| kib.parse().ok());
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            processor: line("/proc/cpuinfo", "model name"),
            memory_mib: memory.unwrap_or(0_u64) / 1024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            comporta: version(comporta)?,
            postgres: version(&postgres.join("postgres"))?,
            fsync_ms_p50,
            fsync_ms_p99,
        })
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cores, processor, memory_mib, kernel, comporta, postgres, fsync_ms_p50, fsync_ms_p99 } =
            self;
        writeln!(
            out,
            "{cores} cores of {processor}, {memory_mib} MiB, Linux {kernel}; {comporta}; {postgres}"
        )?;
        write!(out, "8 KiB and fdatasync: median {fsync_ms_p50:.2} ms, 99 % within {fsync_ms_p99:.2} ms")
    }
}

fn fsync(path: &Path) -> Outcome<(f64, f64)> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    // As PostgreSQL's log: over pages that are there already, so that only data goes to the disk.
    file.write_all_at(&PAGE, 0)?;
    file.sync_all()?;
    let mut times = latencies()?;
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all_at(&PAGE, 0)?;
        file.sync_data()?;
        times.record(u64::try_from(begun.elapsed().as_micros())?)?;
    }
    fs::remove_file(path)?;
    Ok((times.value_at_quantile(0.5) as f64 / 1e3, times.value_at_quantile(0.99) as f64 / 1e3))
}

fn version(program: &Path) -> Outcome<String> {
    let output = Command::new(program).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The value of the first line of that name in a file of `name : value` lines.
fn line(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
