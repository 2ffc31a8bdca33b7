//! A core of the data plane: a thread with a runtime, a listener and connections of its own.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use comporta_kernel::{Clock, IdSource, Rng};
use comporta_meter::Counter;
use tokio::runtime::Handle;

use crate::access::{Access, Line};
use crate::connections::{Connections, Patience};
use crate::counts::Counts;
use crate::deadline::Deadlines;
use crate::forward::Pool;
use crate::limit::Limits;
use crate::metered::Metered;
use crate::plane::Plane;
use crate::ports::{FailureSink, Keys, Plans, Quotas};
use crate::request_log::Logger;
use crate::tracer::Tracer;

/// What all cores share.
pub(crate) struct Shared {
    /// The routes in force: swapped whole, at once.
    pub(crate) plane: ArcSwap<Plane>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) plans: Arc<dyn Plans>,
    pub(crate) quotas: Arc<dyn Quotas>,
    pub(crate) limits: Limits,
    pub(crate) access: Access,
    /// Decides which requests are recorded as spans; `None` for none.
    pub(crate) tracer: Option<Tracer>,
    /// Decides which requests are logged; `None` for none.
    pub(crate) request_log: Option<Logger>,
    /// Who is told of failures of ours.
    pub(crate) failures: Option<Arc<dyn FailureSink>>,
    pub(crate) clock: Clock,
    /// The runtime of the services: whatever may take long is done there.
    pub(crate) services: Handle,
    /// When the process began, by which limits count.
    pub(crate) epoch: Instant,
}

/// A moment as `date` tells it (RFC 9110, 5.6.7): always as long.
pub(crate) type Date = [u8; 29];

/// What belongs to one core.
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared>,
    pub(crate) deadlines: Deadlines,
    pub(crate) connections: Arc<Connections>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) meter: Metered,
    pub(crate) line: Line,
    pub(crate) ids: IdSource,
    pub(crate) rng: Rng,
    random: AtomicU64,
    /// What an answer says in `date`, as of the last tick.
    date: Mutex<Date>,
    patience: Patience,
}

impl Core {
    pub(crate) fn new(shared: Arc<Shared>, patience: Patience, counter: Option<Counter>) -> Self {
        // Its own source of chance: no core waits for another's lock.
        let rng = Rng::system();
        Self {
            deadlines: Deadlines::new(),
            connections: Arc::new(Connections::new()),
            pool: Arc::default(),
            counts: Arc::default(),
            meter: Metered::new(counter, &shared.clock),
            line: Line::default(),
            ids: IdSource::new(shared.clock.clone(), rng.clone()),
            date: Mutex::new(date(&shared.clock)),
            random: AtomicU64::new(u64::from_le_bytes(rng.bytes()) | 1),
            rng,
            patience,
            shared,
        }
    }

    pub(crate) const fn patience(&self) -> Patience {
        self.patience
    }

    /// Nanoseconds since the process's epoch: the time by which limits count.
    pub(crate) fn nanos(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.shared.epoch).as_nanos()).unwrap_or(u64::MAX)
    }

    /// The same for now.
    pub(crate) fn nanos_now(&self) -> u64 {
        self.nanos(Instant::now())
    }

    /// A number to choose a target by (xorshift64): quick, and no secret.
    pub(crate) fn random(&self) -> u64 {
        // Only this core's thread moves it on.
        let mut number = self.random.load(Ordering::Relaxed);
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        self.random.store(number, Ordering::Relaxed);
        number
    }

    /// What an answer says in `date`.
    pub(crate) fn date(&self) -> Date {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ten times a second: deadlines, silent connections. Less often: connections nobody uses.
    pub(crate) fn tick(&self, count: u64) {
        self.deadlines.tick();
        self.connections.tick(self.deadlines.now());
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = date(&self.shared.clock);
        self.meter.tick(&self.shared.clock);
        self.pool.tick(self.deadlines.now());
        if count.is_multiple_of(50) {
            self.pool.tidy();
        }
    }
}

fn date(clock: &Clock) -> Date {
    let text = clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    // In a year of other than four digits.
    text.as_bytes().try_into().unwrap_or(*b"Thu, 01 Jan 1970 00:00:00 GMT")
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
