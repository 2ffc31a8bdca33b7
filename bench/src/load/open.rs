//! An open loop: requests go out by the clock, whether or not those before them are answered, and latency
//! counts from the scheduled time, so that a slow server cannot hide behind a client that waited for it.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::sync::Mutex;

use super::connection::Connection;
use super::pace::Pace;
use super::{Door, Latencies, Requests, Wanted, latencies, record};
use crate::Outcome;

/// A stream of requests at a fixed pace.
pub(crate) struct Stream<'a> {
    pub(crate) door: &'a Door,
    pub(crate) requests: &'a Requests,
    pub(crate) wanted: Wanted,
    /// Requests a second.
    pub(crate) pace: u32,
    /// When they are all busy a request waits for one, and the wait counts.
    pub(crate) connections: usize,
}

/// What an open loop saw.
pub(crate) struct Open {
    /// Of the requests scheduled in each window and answered as hoped.
    pub(crate) windows: Vec<Latencies>,
    /// Requests scheduled, which are the requests sent.
    pub(crate) sent: u64,
    /// Requests answered otherwise.
    pub(crate) refused: u64,
    /// Requests whose connection broke before an answer.
    pub(crate) lost: u64,
}

impl Open {
    /// Requests answered as hoped.
    pub(crate) fn done(&self) -> u64 {
        self.windows.iter().map(Latencies::len).sum()
    }
}

/// Sends a stream for `count` windows of a length of time, from now on.
pub(crate) async fn open(stream: &Stream<'_>, count: u32, window: Duration) -> Outcome<Open> {
    let connections = stream.door.open(stream.connections).await?;
    let windows = (0..count).map(|_| latencies()).collect::<Outcome<_>>()?;
    let seen = RefCell::new(Open { windows, sent: 0, refused: 0, lost: 0 });
    let schedule = Schedule::new(stream.pace, window * count);
    // One at a time waits for the next request's time; the others stand in line behind it.
    let turn = Mutex::new(Pace::new()?);
    let send = async |mut connection: Connection| -> std::io::Result<()> {
        let mut scratch = Vec::new();
        loop {
            let mut pace = turn.lock().await;
            let Some(due) = schedule.next() else { return Ok(()) };
            pace.until(due).await?;
            drop(pace);
            let answered = connection.exchange(stream.requests.next(&mut scratch)).await;
            if answered.is_err() {
                connection = stream.door.open(1).await?.pop().unwrap_or(connection);
            }
            let mut seen = seen.borrow_mut();
            seen.sent += 1;
            match answered {
                Ok(answered) if stream.wanted.is(answered) => {
                    let place = (due - schedule.begun).as_nanos() / window.as_nanos();
                    record(&mut seen.windows[place as usize], due.elapsed());
                }
                Ok(_) => seen.refused += 1,
                Err(_) => seen.lost += 1,
            }
        }
    };
    try_join_all(connections.into_iter().map(send)).await?;
    Ok(seen.into_inner())
}

/// The times at which requests are due; each is given out once.
struct Schedule {
    begun: Instant,
    length: Duration,
    pace: u32,
    given: Cell<u32>,
}

impl Schedule {
    fn new(pace: u32, length: Duration) -> Self {
        Self { begun: Instant::now(), length, pace, given: Cell::new(0) }
    }

    fn next(&self) -> Option<Instant> {
        let number = self.given.replace(self.given.get() + 1);
        let offset = Duration::from_secs(u64::from(number)) / self.pace;
        (offset < self.length).then(|| self.begun + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_gives_each_time_once_and_ends() {
        let schedule = Schedule::new(4, Duration::from_secs(1));
        let offsets: Vec<u128> =
            std::iter::from_fn(|| schedule.next()).map(|due| (due - schedule.begun).as_millis()).collect();
        assert_eq!(offsets, [0, 250, 500, 750]);
    }
}
