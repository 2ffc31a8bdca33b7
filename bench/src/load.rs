//! Load over HTTP/1.1 from one thread, as lean as it can be: what it costs is taken from the server's cores.

mod closed;
mod connection;
mod open;
mod requests;

pub(crate) use closed::closed;
pub(crate) use open::{Open, Stream, open};
pub(crate) use requests::{Requests, get, post};

use hdrhistogram::Histogram;

use crate::Outcome;

/// Latencies in microseconds, up to a minute, to three digits.
pub(crate) type Latencies = Histogram<u64>;

/// An empty histogram.
pub(crate) fn latencies() -> Outcome<Latencies> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

fn record(latencies: &mut Latencies, latency: std::time::Duration) {
    latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
}
