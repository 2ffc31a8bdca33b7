//! A pick: one request's place at a target, given back when it is dropped.

use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;

use super::{Cluster, Target};

/// How a request to a target ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It answered with a status. 502, 503 and 504 are failures.
    Answered(StatusCode),
    /// No connection came about, in time or at all.
    ConnectFailed,
    /// The connection ended before the answer did, or the answer was not HTTP. A kept connection that the target
    /// had closed before it saw the request is not this, and not to be reported.
    Broke,
    /// The answer's head did not come in time.
    TimedOut,
}

impl Outcome {
    /// Whether it counts towards ejection.
    pub(super) fn is_failure(self) -> bool {
        match self {
            Self::Answered(status) => matches!(status.as_u16(), 502..=504),
            Self::ConnectFailed | Self::Broke | Self::TimedOut => true,
        }
    }
}

/// Why no target is picked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoTarget {
    /// The breaker is open: 503 at once, with `retry-after`.
    #[error("every target is full")]
    Full,
    /// There is none left for another try.
    #[error("every target was tried")]
    AllTried,
    /// DNS has never told an address.
    #[error("no target's name is known to DNS")]
    Unresolved,
}

/// A place at a target. It counts as in flight for as long as it lives, so it must live as long as the answer's body.
#[derive(Debug)]
#[must_use]
pub(crate) struct Pick {
    cluster: Arc<Cluster>,
    index: usize,
    address: SocketAddr,
}

impl Pick {
    /// A place at a target, unless it is full or its address is not known.
    pub(super) fn take(cluster: &Arc<Cluster>, index: usize) -> Option<Self> {
        let target = &cluster.targets[index];
        let address = target.next_address()?;
        let granted = target.state.in_flight.enter(cluster.breaker.max_in_flight);
        granted.then(|| Self { cluster: Arc::clone(cluster), index, address })
    }

    /// Where to connect to.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Another address of the same target, when the one given took no connection; none when all of them failed,
    /// which is to be reported as [`Outcome::ConnectFailed`].
    pub(crate) fn another_address(&mut self) -> Option<SocketAddr> {
        self.address = self.target().address_after_failure_of(self.address)?;
        Some(self.address)
    }

    /// Its place among the upstream's targets, below 64: its bit in `tried`.
    pub(crate) const fn index(&self) -> usize {
        self.index
    }

    /// Who it is.
    pub(crate) fn target(&self) -> &Target {
        &self.cluster.targets[self.index]
    }

    /// Tells how the request ended, at `now` nanoseconds of the clock that picked it, which is asked of failures only.
    /// Once for each pick; a request that the caller gave up is not reported.
    pub(crate) fn report(&self, outcome: Outcome, now: impl FnOnce() -> u64) {
        if !outcome.is_failure() {
            return self.target().state.outlier.succeeded();
        }
        let state = &self.target().state;
        if outcome == Outcome::ConnectFailed {
            let _: Option<SocketAddr> = self.target().address_after_failure_of(self.address);
            state.may_have_moved.notify_one();
        }
        if !matches!(outcome, Outcome::Answered(_)) {
            state.is_suspected.notify_one();
        }
        self.cluster.failed(self.index, outcome, now());
    }
}

impl Drop for Pick {
    fn drop(&mut self) {
        self.target().state.in_flight.leave();
    }
}
