//! A closed loop: each client asks again as soon as it is answered.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::connection::Connection;
use super::{Door, Latencies, Requests, Wanted, latencies, record};
use crate::Outcome;

/// What a closed loop saw.
pub(crate) struct Closed {
    /// Of the requests that were answered as hoped.
    pub(crate) latencies: Latencies,
    /// Requests answered otherwise.
    pub(crate) refused: u64,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl Closed {
    /// Requests answered as hoped.
    pub(crate) fn done(&self) -> u64 {
        self.latencies.len()
    }
}

/// Asks from `clients` places for a length of time.
pub(crate) async fn closed(
    door: &Door,
    requests: &Requests,
    wanted: Wanted,
    clients: usize,
    duration: Duration,
) -> Outcome<Closed> {
    let connections = door.open(clients).await?;
    let (latencies, refused) = (RefCell::new(latencies()?), Cell::new(0));
    let begun = Instant::now();
    let ask = async |mut connection: Connection| -> std::io::Result<()> {
        let mut scratch = Vec::new();
        let mut sent = begun;
        while sent.duration_since(begun) < duration {
            let answered = connection.exchange(requests.next(&mut scratch)).await?;
            let now = Instant::now();
            match wanted.is(answered) {
                true => record(&mut latencies.borrow_mut(), now.duration_since(sent)),
                false => refused.set(refused.get() + 1),
            }
            sent = now;
        }
        Ok(())
    };
    try_join_all(connections.into_iter().map(ask)).await?;
    let elapsed = begun.elapsed();
    Ok(Closed { latencies: latencies.into_inner(), refused: refused.get(), elapsed })
}
