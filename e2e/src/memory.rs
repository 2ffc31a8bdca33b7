//! How much memory a process holds, as the kernel counts it (proc(5)).

use std::fs;

/// Bytes resident now.
#[must_use]
pub fn resident(pid: u32) -> u64 {
    status(pid, "VmRSS:")
}

/// The most bytes that were resident since the peak was forgotten.
#[must_use]
pub fn peak(pid: u32) -> u64 {
    status(pid, "VmHWM:")
}

/// Lets the peak be what is resident now.
pub fn forget_peak(pid: u32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

/// Bytes in MiB, to be printed.
#[must_use]
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn status(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}
