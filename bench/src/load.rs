//! Load from one thread, as lean as it can be: what it costs is taken from the server's cores.

mod closed;
mod connection;
mod http1;
mod http2;
mod open;
mod pace;
mod requests;

pub(crate) use closed::closed;
pub(crate) use connection::Door;
pub(crate) use open::{Open, Stream, open};
pub(crate) use requests::{Requests, get, post};

use hdrhistogram::Histogram;

use crate::Outcome;

/// Latencies in microseconds, up to a minute, to three digits.
pub(crate) type Latencies = Histogram<u64>;

/// The answer hoped for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) status: u16,
    /// Bytes of its body, unless they differ from answer to answer.
    pub(crate) length: Option<usize>,
}

/// The answer that came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Answered {
    status: u16,
    length: usize,
}

impl Wanted {
    /// Any body with this status.
    pub(crate) fn status(status: u16) -> Self {
        Self { status, length: None }
    }

    fn is(self, answered: Answered) -> bool {
        answered.status == self.status && self.length.is_none_or(|length| length == answered.length)
    }
}

/// An empty histogram.
pub(crate) fn latencies() -> Outcome<Latencies> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

fn record(latencies: &mut Latencies, latency: std::time::Duration) {
    latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
}
