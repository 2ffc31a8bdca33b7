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
    peers: Vec<String>,
    #[serde(flatten)]
    disk: Option<Disk>,
}

/// Time of overwriting 8 KiB and `fdatasync`, in milliseconds.
#[derive(Serialize)]
struct Disk {
    fsync_ms_p50: f64,
    fsync_ms_p99: f64,
}

impl Machine {
    /// Looks at this machine; each of `peers` is a program and the word that makes it tell its version.
    pub(crate) fn look(comporta: &Path, peers: &[(&Path, &str)]) -> Outcome<Self> {
        let memory = line("/proc/meminfo", "MemTotal").split(' ').next().and_then(|kib| kib.parse().ok());
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            processor: line("/proc/cpuinfo", "model name"),
            memory_mib: memory.unwrap_or(0_u64) / 1024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            comporta: version(comporta, "--version")?,
            peers: peers.iter().map(|(program, word)| version(program, word)).collect::<Outcome<_>>()?,
            disk: None,
        })
    }

    /// Measures the disk too, where the databases lie.
    pub(crate) fn with_disk(self, folder: &Path) -> Outcome<Self> {
        Ok(Self { disk: Some(Disk::measure(&folder.join("fsync"))?), ..self })
    }
}

impl Disk {
    fn measure(path: &Path) -> Outcome<Self> {
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
        let ms = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
        Ok(Self { fsync_ms_p50: ms(0.5), fsync_ms_p99: ms(0.99) })
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cores, processor, memory_mib, kernel, comporta, peers, disk } = self;
        write!(out, "{cores} cores of {processor}, {memory_mib} MiB, Linux {kernel}; {comporta}")?;
        peers.iter().try_for_each(|peer| write!(out, "; {peer}"))?;
        let Some(Disk { fsync_ms_p50, fsync_ms_p99 }) = disk else { return Ok(()) };
        write!(out, "\n8 KiB and fdatasync: median {fsync_ms_p50:.2} ms, 99 % within {fsync_ms_p99:.2} ms")
    }
}

/// The first line it tells, on whichever of the two outputs.
fn version(program: &Path, word: &str) -> Outcome<String> {
    let output = Command::new(program).arg(word).output()?;
    let told = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&told).lines().next().unwrap_or_default().trim().to_owned())
}

/// The value of the first line of that name in a file of `name : value` lines.
fn line(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
