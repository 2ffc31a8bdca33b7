//! Memory of processes, from `/proc` (proc(5)), in MiB.

use std::fs;

use crate::Outcome;

/// Bytes of a mebibyte.
pub(crate) const MIB: f64 = 1024.0 * 1024.0;

/// What a process has in memory.
pub(crate) fn resident(pid: u32) -> Outcome<f64> {
    of(pid, "status", "VmRSS:")
}

/// What a process has had in memory at most.
pub(crate) fn peak(pid: u32) -> Outcome<f64> {
    of(pid, "status", "VmHWM:")
}

/// What a process has in memory, its part of what several share (proc_pid_smaps(5)).
pub(crate) fn proportional(pid: u32) -> Outcome<f64> {
    of(pid, "smaps_rollup", "Pss:")
}

fn of(pid: u32, file: &str, field: &str) -> Outcome<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.ok_or_else(|| format!("no {field} in /proc/{pid}/{file}"))?;
    Ok(kib.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
