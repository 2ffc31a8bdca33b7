//! A timer that wakes on time: the runtime's own counts in milliseconds.

use std::io;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;

/// A timer of the kernel's (timerfd_create(2)), for one waiter at a time.
pub(super) struct Pace {
    /// It is read as a pipe is: the runtime has no type of its own for it.
    timer: Receiver,
}

impl Pace {
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { timer: Receiver::from_owned_fd_unchecked(timer)? })
    }

    /// Waits until a time; not at all if it is past.
    pub(super) async fn until(&mut self, due: Instant) -> io::Result<()> {
        let wait = due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        // Once, and relative: it cannot fire before `due`. Setting it forgets what it fired before.
        let once = Itimerspec { it_interval: spec(Duration::ZERO)?, it_value: spec(wait)? };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        // Eight bytes come. Room for more tells the runtime that there are no others to look for.
        self.timer.read(&mut [0; 16]).await.map(drop)
    }
}

fn spec(duration: Duration) -> io::Result<Timespec> {
    let tv_sec = duration.as_secs().try_into().map_err(io::Error::other)?;
    Ok(Timespec { tv_sec, tv_nsec: duration.subsec_nanos().into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn short_waits_end_when_due_and_not_before() {
        let mut pace = Pace::new().unwrap();
        let mut shortest = Duration::MAX;
        // A busy machine may spoil a try; ten waits on a timer of whole milliseconds take ten of them always.
        for _ in 0..100 {
            let begun = Instant::now();
            for _ in 0..10 {
                let due = Instant::now() + Duration::from_micros(100);
                pace.until(due).await.unwrap();
                assert!(Instant::now() >= due);
            }
            shortest = shortest.min(begun.elapsed());
        }
        assert!(shortest < Duration::from_millis(5), "{shortest:?}");
    }
}
