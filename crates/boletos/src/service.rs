//! [`Boletos`]: the only door to bank accounts, boletos and imports.

mod bank_accounts;
mod boletos;
mod chunks;
mod deliveries;
mod reports;
mod resend;
mod uploads;

use std::sync::Arc;

use comporta_db::{Blobs, Db};
use comporta_http::{Idempotency, Remembered};
use comporta_jobs::Queue;
use comporta_kernel::{BusinessDate, Clock, IdSource, Timestamp, Zone};

use crate::store::{self, Pace, Store};

pub use bank_accounts::AccountChange;
pub(crate) use boletos::NewBoleto;
pub(crate) use deliveries::{Attempt, Round};
pub use deliveries::{Deliveries, DeliveryOptions, MailWhen};
pub(crate) use uploads::Upload;

/// What came of a request that may have been sent before.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// The work was done now.
    Done(T),
    /// It was done before; this was the answer then.
    Repeated(Remembered),
}

/// Bank accounts, boletos and imports of every company. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Boletos(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    store: Arc<dyn Store>,
    pace: Pace,
    /// Where files wait to be worked through.
    files: Blobs,
    queue: Queue,
    idempotency: Idempotency,
    clock: Clock,
    ids: IdSource,
    /// Whose calendar says which day it is.
    zone: Zone,
}

impl Boletos {
    /// Opens boletos on a database. `queue` takes the chunks of imports; their worker should listen to the same.
    #[must_use]
    pub fn new(db: &Db, files: Blobs, queue: Queue, clock: Clock, ids: IdSource, zone: Zone) -> Self {
        let store = store::open(db);
        let (pace, idempotency) = (store.pace(), Idempotency::new(clock.clone()));
        Self(Arc::new(Inner { db: db.clone(), store, pace, files, queue, idempotency, clock, ids, zone }))
    }

    /// The same at another pace, so that a small file has many chunks.
    #[cfg(test)]
    pub(crate) fn at_pace(self, pace: Pace) -> Self {
        let inner = Arc::try_unwrap(self.0).expect("nobody else has it yet");
        Self(Arc::new(Inner { pace, ..inner }))
    }

    fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub(crate) fn today(&self) -> BusinessDate {
        self.day_of(self.0.clock.now())
    }

    fn day_of(&self, instant: Timestamp) -> BusinessDate {
        self.0.zone.date_of(instant).unwrap_or(BusinessDate::MAX)
    }
}
