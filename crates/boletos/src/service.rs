//! [`Boletos`]: the only door to bank accounts, boletos and imports.

mod bank_accounts;
mod boletos;
mod chunks;
mod deliveries;
mod pix_codes;
mod reports;
mod resend;
mod slip_files;
mod uploads;

use std::sync::Arc;

use comporta_db::{Blobs, Db};
use comporta_http::{Idempotency, Remembered};
use comporta_jobs::Queue;
use comporta_kernel::{BusinessDate, Clock, CompanyId, IdSource, Timestamp, Zone};

use crate::error::Error;
use crate::slip::Slips;
use crate::store::{self, Pace, Store};
use crate::{Beneficiaries, Beneficiary};

pub use bank_accounts::AccountChange;
pub(crate) use boletos::NewBoleto;
pub(crate) use deliveries::{Attempt, Round};
pub use deliveries::{Deliveries, DeliveryOptions, MailWhen};
pub(crate) use pix_codes::PixCodes;
pub(crate) use slip_files::{Selection, SlipFile, SlipLayout};
pub(crate) use uploads::{RefusedField, Upload};

/// Slips of one file at most.
const MOST_SLIPS: usize = 20_000;

/// What came of a request that may have been sent before.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// The work was done now.
    Done(T),
    /// It was done before; this was the answer then.
    Repeated(Remembered),
}

/// What boletos ask of the rest of the program.
#[derive(Debug, Clone)]
pub struct Neighbours {
    /// Where files wait to be worked through.
    pub files: Blobs,
    /// What takes the chunks of imports; their worker should listen to the same.
    pub queue: Queue,
    /// Who is paid.
    pub beneficiaries: Arc<dyn Beneficiaries>,
    /// What draws.
    pub slips: Arc<Slips>,
}

/// Bank accounts, boletos and imports of every company. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Boletos(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    store: Arc<dyn Store>,
    pace: Pace,
    files: Blobs,
    queue: Queue,
    beneficiaries: Arc<dyn Beneficiaries>,
    slips: Arc<Slips>,
    idempotency: Idempotency,
    clock: Clock,
    ids: IdSource,
    /// Whose calendar says which day it is.
    zone: Zone,
    most_slips: usize,
}

impl Boletos {
    /// Opens boletos on a database.
    #[must_use]
    pub fn new(db: &Db, neighbours: Neighbours, clock: Clock, ids: IdSource, zone: Zone) -> Self {
        let (db, store) = (db.clone(), store::open(db));
        let Neighbours { files, queue, beneficiaries, slips } = neighbours;
        let (pace, idempotency) = (store.pace(), Idempotency::new(clock.clone()));
        Self(Arc::new(Inner {
            db,
            store,
            pace,
            files,
            queue,
            beneficiaries,
            slips,
            idempotency,
            clock,
            ids,
            zone,
            most_slips: MOST_SLIPS,
        }))
    }

    /// The same at another pace, so that a small file has many chunks, and with fewer slips to a file.
    #[cfg(test)]
    pub(crate) fn at_pace(self, pace: Pace, most_slips: usize) -> Self {
        let inner = Arc::try_unwrap(self.0).expect("nobody else has it yet");
        Self(Arc::new(Inner { pace, most_slips, ..inner }))
    }

    fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    async fn beneficiary(&self, company: CompanyId) -> Result<Beneficiary, Error> {
        self.0.beneficiaries.beneficiary(company).await.map_err(Error::Beneficiary)
    }

    pub(crate) fn today(&self) -> BusinessDate {
        self.day_of(self.0.clock.now())
    }

    fn day_of(&self, instant: Timestamp) -> BusinessDate {
        self.0.zone.date_of(instant).unwrap_or(BusinessDate::MAX)
    }
}
