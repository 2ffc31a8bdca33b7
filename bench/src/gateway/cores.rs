//! Two cores: one for the proxy alone, one for everything around it.

use std::ffi::OsStr;
use std::process::{Command, id};

use crate::Outcome;

/// The processor cores of a run, by the kernel's numbers.
pub(super) struct Cores {
    proxy: usize,
}

impl Cores {
    /// Moves this process to the second core it may use; what it starts stays there too, unless told.
    pub(super) fn take() -> Outcome<Self> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let cores = list.and_then(read).unwrap_or_default();
        let [proxy, load, ..] = cores[..] else { return Err("two processor cores are needed".into()) };
        let own = id().to_string();
        let output = Command::new("taskset").args(["-a", "-c", "-p", &load.to_string(), &own]).output()?;
        if !output.status.success() {
            return Err(format!("taskset: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        Ok(Self { proxy })
    }

    /// A program on the proxy's core; `taskset` becomes it, so the process is its own.
    pub(super) fn proxy(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", &self.proxy.to_string()]).arg(program);
        command
    }
}

/// The cores of a list such as `0-3,6`.
fn read(list: &str) -> Option<Vec<usize>> {
    let mut cores = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        cores.extend(first.parse::<usize>().ok()?..=last.parse().ok()?);
    }
    Some(cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores_are_ranges_and_single_ones() {
        assert_eq!(read("\t0-2,5\n"), Some(vec![0, 1, 2, 5]));
        assert_eq!(read("none"), None);
    }
}
