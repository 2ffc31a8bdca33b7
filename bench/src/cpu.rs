//! Processor time of processes, from `/proc` (proc(5)).

use std::fs;
use std::time::Duration;

/// Clock ticks in a second as `/proc` counts them: 100 on every architecture Linux still builds for but Alpha.
const TICKS: u64 = 100;

/// Fields 14 to 17 of `/proc/PID/stat`, and 4.
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that ended and were waited for.
    children: u64,
}

/// What a process has used, with its threads.
pub(crate) fn of(pid: u32) -> Duration {
    read(pid).map_or(Duration::ZERO, |stat| ticks(stat.own))
}

/// What the children of this process that have ended have used.
pub(crate) fn of_ended_children() -> Duration {
    read(std::process::id()).map_or(Duration::ZERO, |stat| ticks(stat.children))
}

/// What a process has used, its children, and those of its children that have ended.
pub(crate) fn of_family(pid: u32) -> Duration {
    let children = children(pid).into_iter().filter_map(read).map(|stat| stat.own);
    let own = read(pid).map_or(0, |stat| stat.own + stat.children);
    ticks(own + children.sum::<u64>())
}

/// The processes whose parent is `pid`.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&candidate| read(candidate).is_some_and(|stat| stat.parent == pid)).collect()
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 1000 / TICKS)
}

fn read(pid: u32) -> Option<Stat> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, field 2, may itself hold blanks and parentheses.
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let parent = u32::try_from(field(4)?).ok()?;
    Some(Stat { parent, own: field(14)? + field(15)?, children: field(16)? + field(17)? })
}
