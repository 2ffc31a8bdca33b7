//! A core's connections to targets that are free for the next request: bounded, and looked after.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use super::http1::Http1;
use super::http2::Http2;
use crate::number_map::NumberMap;

/// Connections idle for longer, in milliseconds, are closed: servers close theirs after a minute or so, and a race with
/// that costs a retry.
const IDLE: u64 = 45_000;

/// Free connections by target. The lock is never waited for: one core alone uses its pool.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    targets: Mutex<NumberMap<Free>>,
    /// Milliseconds of the core's coarse clock, as of the last tick.
    now: AtomicU64,
}

#[derive(Debug, Default)]
struct Free {
    http1: Vec<Http1>,
    http2: Option<Http2>,
    /// How many may be idle; set when a connection is asked for.
    most: usize,
}

/// Where a connection goes back to.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) pool: Arc<Pool>,
    pub(super) key: u64,
}

impl Home {
    pub(super) fn put(&self, connection: Http1) {
        self.pool.put_http1(self.key, connection);
    }
}

impl Pool {
    /// A live connection of HTTP/1.1, the last one used first.
    pub(super) fn take_http1(&self, target: u64, most: u32, cx: &mut Context<'_>) -> Option<Http1> {
        let mut targets = self.lock();
        let free = targets.entry(target).or_default();
        free.most = most as usize;
        while let Some(mut connection) = free.http1.pop() {
            if self.is_fresh(&connection) && connection.is_alive(cx) {
                return Some(connection);
            }
        }
        None
    }

    /// A live connection of HTTP/2, to be shared.
    pub(super) fn http2(&self, target: u64) -> Option<Http2> {
        let mut targets = self.lock();
        let free = targets.get_mut(&target)?;
        free.http2.take_if(|connection| !connection.is_alive());
        free.http2.clone()
    }

    fn put_http1(&self, target: u64, mut connection: Http1) {
        connection.rests_since(self.now.load(Ordering::Relaxed));
        let mut targets = self.lock();
        // A target that was forgotten meanwhile keeps none.
        if let Some(free) = targets.get_mut(&target)
            && free.http1.len() < free.most
        {
            free.http1.push(connection);
        }
    }

    pub(super) fn put_http2(&self, target: u64, connection: &Http2) {
        self.lock().entry(target).or_default().http2 = Some(connection.clone());
    }

    /// Closes what is idle for too long or dead, and forgets targets without connections. Called now and then.
    pub(crate) fn tidy(&self) {
        let mut quiet = Context::from_waker(Waker::noop());
        self.lock().retain(|_, free| {
            free.http1.retain_mut(|connection| {
                connection.rest();
                self.is_fresh(connection) && connection.is_alive(&mut quiet)
            });
            free.http1.shrink_to(free.http1.len() * 2);
            free.http2.take_if(|connection| !connection.is_alive());
            !free.http1.is_empty() || free.http2.is_some()
        });
    }

    /// Moves the clock on.
    pub(crate) fn tick(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
    }

    fn is_fresh(&self, connection: &Http1) -> bool {
        self.now.load(Ordering::Relaxed).saturating_sub(connection.idle_since()) < IDLE
    }

    fn lock(&self) -> MutexGuard<'_, NumberMap<Free>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
