//! What the process itself uses, under the names that Prometheus' client libraries share.

use std::fs;

use super::exposition::Exposition;

/// A process's use, as the kernel tells it; parts that it does not tell are left out.
pub(super) fn tell(lines: &mut Exposition) {
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    if let Some(stat) = Stat::now() {
        lines.single("process_cpu_seconds_total", "counter", stat.ticks / ticks);
        let memory = stat.pages * rustix::param::page_size() as f64;
        lines.single("process_resident_memory_bytes", "gauge", memory);
        if let Some(booted) = booted() {
            lines.single("process_start_time_seconds", "gauge", booted + stat.started / ticks);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // The one by which they are counted is none of them.
        lines.single("process_open_fds", "gauge", open.count().saturating_sub(1) as f64);
    }
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    lines.single("process_max_fds", "gauge", most.map_or(f64::INFINITY, |most| most as f64));
}

/// Of `/proc/self/stat` (proc_pid_stat(5)).
#[derive(Debug, PartialEq)]
struct Stat {
    /// Time on a processor, by the process and for it.
    ticks: f64,
    /// When it was started, since the machine was.
    started: f64,
    /// Memory that is in use.
    pages: f64,
}

impl Stat {
    fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    fn read(line: &str) -> Option<Self> {
        // The program's name stands in parentheses, and may hold any.
        let (_, fields) = line.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // The first of them is the third of all.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self { ticks: field(14)? + field(15)?, started: field(22)?, pages: field(24)? })
    }
}

/// When the machine was started, in seconds since 1970 (proc_stat(5)).
fn booted() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_behind_the_name_whatever_that_is() {
        let line =
            "7 (a) b (c) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 9 0 12345 1000 77 18446744073709551615";
        assert_eq!(Stat::read(line), Some(Stat { ticks: 300.0, started: 12345.0, pages: 77.0 }));
        assert_eq!(Stat::read("7 (a) S 1"), None);
    }
}
