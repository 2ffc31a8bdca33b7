//! The connections of a core: how many, in what state, and which have been silent for too long.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use slab::Slab;

use crate::deadline::Deadlines;

/// How long what still comes of a refused body is read, so that its caller can read the refusal.
const LINGER: Duration = Duration::from_secs(2);
/// When a connection that nothing comes on gives its buffers back.
const REST: Duration = Duration::from_secs(1);

/// How long a caller may take for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between two requests.
    pub idle: Duration,
    /// For the head of a request, from its first byte; for the handshake of TLS.
    pub head: Duration,
    /// Between two pieces of a request's body, or to take a piece of an answer.
    pub stall: Duration,
}

/// Every connection that is open.
#[derive(Debug)]
pub(crate) struct Connections {
    open: Mutex<Slab<Arc<Connection>>>,
    count: AtomicU32,
    draining: AtomicBool,
}

/// What is known of a connection: written by whoever reads and writes it, read by the tick.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    /// When it is closed unless the caller sends more; 0 for never. Milliseconds of the core's coarse clock.
    read_by: AtomicU64,
    /// When it is closed unless the caller takes more; 0 for never.
    write_by: AtomicU64,
    /// When it is closed unless the caller asks for more of a body than it was given; 0 for never. Apart from the
    /// writes, because those of another stream of the connection say nothing of this one.
    body_by: AtomicU64,
    /// Requests that are being answered.
    in_flight: AtomicU32,
    /// Bytes of a head have come that is not whole yet.
    in_head: AtomicBool,
    over: AtomicBool,
    /// When it gives its buffers back unless the caller sends more; 0 for never.
    rest_at: AtomicU64,
    /// It is to do so now.
    rests: AtomicBool,
    /// It is not waited for between two requests.
    closing: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

/// A connection's place among the open ones; given back on drop.
#[derive(Debug)]
pub(crate) struct Open {
    connections: Arc<Connections>,
    key: usize,
    connection: Arc<Connection>,
}

impl Connections {
    pub(crate) fn new() -> Self {
        Self { open: Mutex::default(), count: AtomicU32::new(0), draining: AtomicBool::new(false) }
    }

    pub(crate) fn open(self: &Arc<Self>) -> Open {
        let connection = Arc::new(Connection::default());
        let key = self.lock().insert(Arc::clone(&connection));
        self.count.fetch_add(1, Ordering::Relaxed);
        Open { connections: Arc::clone(self), key, connection }
    }

    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// Closes what has been silent for too long.
    pub(crate) fn tick(&self, now: u64) {
        for (_, connection) in self.lock().iter() {
            let over = |by: &AtomicU64| (1..=now).contains(&by.load(Ordering::Relaxed));
            if [&connection.read_by, &connection.write_by, &connection.body_by].into_iter().any(over) {
                connection.over.store(true, Ordering::Relaxed);
                connection.wake();
            } else if over(&connection.rest_at) {
                connection.rest_at.store(0, Ordering::Relaxed);
                connection.rests.store(true, Ordering::Relaxed);
                connection.wake();
            }
        }
    }

    /// Makes the next answer of each connection its last.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        for (_, connection) in self.lock().iter() {
            connection.wake();
        }
    }

    /// Closes those on which nothing is under way.
    pub(crate) fn close_idle(&self) {
        for (_, connection) in self.lock().iter() {
            connection.closing.store(true, Ordering::Relaxed);
            connection.wake();
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Slab<Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.lock().try_remove(self.key);
        self.connections.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    /// Remembers whom to wake. The task of a connection stays the same: once is enough.
    pub(crate) fn watch(&self, cx: &Context<'_>) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
    }

    /// Whether it has been silent for too long, or is silent and not waited for any more. To be asked after a look at
    /// what has come: a request that is there is answered.
    pub(crate) fn is_over(&self) -> bool {
        let is_idle = || self.in_flight.load(Ordering::Relaxed) == 0 && !self.in_head.load(Ordering::Relaxed);
        self.over.load(Ordering::Relaxed) || (self.closing.load(Ordering::Relaxed) && is_idle())
    }

    /// Nothing is under way: the next request may take its time.
    pub(crate) fn idle(&self, deadlines: &Deadlines, patience: &Patience) {
        self.in_head.store(false, Ordering::Relaxed);
        self.read_by.store(deadlines.after(patience.idle), Ordering::Relaxed);
        self.rest_at.store(deadlines.after(REST), Ordering::Relaxed);
    }

    /// Whether buffers are to be given back: told once.
    pub(crate) fn is_to_rest(&self) -> bool {
        self.rests.load(Ordering::Relaxed) && self.rests.swap(false, Ordering::Relaxed)
    }

    /// Bytes have come: the first ones of a head begin its time.
    pub(crate) fn came(&self, deadlines: &Deadlines, patience: &Patience) {
        let between = self.in_flight.load(Ordering::Relaxed) == 0;
        if between && !self.in_head.swap(true, Ordering::Relaxed) {
            self.read_by.store(deadlines.after(patience.head), Ordering::Relaxed);
        }
    }

    /// A request's head is whole.
    pub(crate) fn begins(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.in_head.store(false, Ordering::Relaxed);
        self.read_by.store(0, Ordering::Relaxed);
        self.rest_at.store(0, Ordering::Relaxed);
    }

    /// A request has been answered.
    pub(crate) fn ends(&self, deadlines: &Deadlines, patience: &Patience) {
        if self.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.idle(deadlines, patience);
        }
    }

    /// Nothing more is written: what still comes is read for so long at most.
    pub(crate) fn lingers(&self, deadlines: &Deadlines) {
        self.read_by.store(deadlines.after(LINGER), Ordering::Relaxed);
    }

    /// The caller does not take what is written: from now on it has so much time.
    pub(crate) fn stalls(&self, deadlines: &Deadlines, patience: &Patience) {
        if self.write_by.load(Ordering::Relaxed) == 0 {
            self.write_by.store(deadlines.after(patience.stall), Ordering::Relaxed);
        }
    }

    /// The caller takes what is written.
    pub(crate) fn flows(&self) {
        if self.write_by.load(Ordering::Relaxed) != 0 {
            self.write_by.store(0, Ordering::Relaxed);
        }
    }

    /// A piece of a body was given, and it was not the last: from now on the caller has so much time to want more.
    pub(crate) fn gives(&self, deadlines: &Deadlines, patience: &Patience) {
        self.body_by.store(deadlines.after(patience.stall), Ordering::Relaxed);
    }

    /// More of a body is wanted, or no more will come.
    pub(crate) fn wants(&self) {
        if self.body_by.load(Ordering::Relaxed) != 0 {
            self.body_by.store(0, Ordering::Relaxed);
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.lock().unwrap_or_else(PoisonError::into_inner) {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        idle: Duration::from_secs(9),
        head: Duration::from_secs(9),
        stall: Duration::from_secs(9),
    };

    #[test]
    fn what_is_under_way_is_waited_for_when_idle_connections_close() {
        let (connections, deadlines) = (Arc::new(Connections::new()), Deadlines::new());
        let [idle, in_head, busy] = [(); 3].map(|()| connections.open());
        in_head.connection().came(&deadlines, &PATIENCE);
        busy.connection().begins();
        let over = || [&idle, &in_head, &busy].map(|open| open.connection().is_over());
        assert_eq!(over(), [false; 3]);
        connections.close_idle();
        assert_eq!(over(), [true, false, false]);
        in_head.connection().begins();
        busy.connection().ends(&deadlines, &PATIENCE);
        assert_eq!(over(), [true, false, true]);
    }
}
