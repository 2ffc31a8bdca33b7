//! What quotas ask of a database.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Connection, Db, Tx};
use comporta_jobs::{EnqueueError, EnqueueOptions, Queue};
use comporta_kernel::{Causes, Clock, CompanyId, Timestamp, Uuid};
use jiff::SignedDuration;

use super::{postgres, sqlite};
use crate::jobs::WarnOfQuota;
use crate::model::{Ask, Grant, LeaseTally, PeriodTally};

/// Where grants are kept, for all gateways.
#[async_trait]
pub(crate) trait QuotaStore: Send + Sync {
    /// The time by which periods begin and end: the same for every gateway.
    async fn now(&self) -> Result<Timestamp, comporta_db::Error>;

    /// Answers one gateway's asks, all in one transaction, with the warnings that they cause. The asks are of different
    /// periods, and sorted by company and period: whoever locks several does so in one order.
    async fn settle(&self, instance: Uuid, asks: &[Ask]) -> Result<Vec<Grant>, comporta_db::Error>;
}

/// Periods of a company that ended so many days ago are forgotten when a new one begins.
const KEPT_DAYS: i64 = 62;

struct Quotas {
    db: Db,
    clock: Clock,
    queue: Queue,
}

/// A period by its company and its name.
type Place<'a> = (CompanyId, &'a str);

/// The rows that asks are about.
#[derive(Default)]
pub(super) struct Rows {
    periods: HashMap<(CompanyId, Box<str>), PeriodTally>,
    leases: HashMap<(CompanyId, Box<str>), LeaseTally>,
}

/// An ask with its rows as they are to be from now on.
pub(super) struct Settled<'a> {
    pub(super) ask: &'a Ask,
    pub(super) period: PeriodTally,
    pub(super) lease: LeaseTally,
}

pub(crate) fn of(db: &Db, clock: Clock, queue: Queue) -> Arc<dyn QuotaStore> {
    Arc::new(Quotas { db: db.clone(), clock, queue })
}

#[async_trait]
impl QuotaStore for Quotas {
    async fn now(&self) -> Result<Timestamp, comporta_db::Error> {
        match self.db.engine() {
            comporta_db::Engine::Postgres(db) => postgres::quotas::now(db).await,
            // A file has one machine, and so one clock.
            comporta_db::Engine::Sqlite(_) => Ok(self.clock.now()),
        }
    }

    async fn settle(&self, instance: Uuid, asks: &[Ask]) -> Result<Vec<Grant>, comporta_db::Error> {
        let mut tx = self.db.begin().await?;
        let mut rows = lock(&mut tx, instance, asks).await?;
        if asks.iter().any(|ask| !rows.periods.contains_key(&place(ask))) {
            // In a transaction of its own: to wait for who begins the same one, with others locked, could be for ever.
            drop(tx);
            self.begin(asks, &rows).await?;
            tx = self.db.begin().await?;
            rows = lock(&mut tx, instance, asks).await?;
        }
        let (mut settled, mut grants) = (Vec::new(), Vec::new());
        for ask in asks {
            let mut period = *rows.periods.get(&place(ask)).ok_or(GONE)?;
            let mut lease = rows.leases.get(&place(ask)).copied().unwrap_or_default();
            let (grant, crossed) = ask.settle(&mut period, &mut lease);
            for percent in crossed {
                self.warn(&mut tx, ask, percent).await?;
            }
            grants.push(grant);
            settled.push(Settled { ask, period, lease });
        }
        write(&mut tx, instance, &settled).await?;
        tx.commit().await?;
        Ok(grants)
    }
}

const GONE: comporta_db::Error = comporta_db::Error::Corrupt { column: "quota_period.period" };

impl Quotas {
    /// Begins periods that nobody has asked about before, and forgets old ones of the same companies.
    async fn begin(&self, asks: &[Ask], known: &Rows) -> Result<(), comporta_db::Error> {
        let missing: Vec<&Ask> = asks.iter().filter(|ask| !known.periods.contains_key(&place(ask))).collect();
        let kept = |ask: &Ask| ask.period.ends_at - SignedDuration::from_hours(24 * KEPT_DAYS);
        let mut tx = self.db.begin().await?;
        match tx.connection() {
            Connection::Postgres(db) => postgres::quotas::begin(db, &missing, kept).await?,
            Connection::Sqlite(db) => sqlite::quotas::begin(db, &missing, kept).await?,
        }
        tx.commit().await
    }

    async fn warn(&self, tx: &mut Tx, ask: &Ask, percent: u8) -> Result<(), comporta_db::Error> {
        let job = WarnOfQuota::of(ask, percent);
        let unique_key = Some(format!("{}@{}@{percent}", ask.company_id, ask.period.name));
        let options = EnqueueOptions { unique_key, run_at: None };
        match self.queue.enqueue_in(tx, &job, options).await {
            Ok(_) => Ok(()),
            Err(EnqueueError::Db(error)) => Err(error),
            Err(error @ EnqueueError::Encode { .. }) => {
                // A warning that cannot be written down must not stop the calls.
                tracing::error!(error = %Causes(&error), "a company cannot be warned");
                Ok(())
            }
        }
    }
}

fn place(ask: &Ask) -> (CompanyId, Box<str>) {
    (ask.company_id, ask.period.name.clone())
}

impl Rows {
    pub(super) fn period(&mut self, place: Place<'_>, granted: i64, warned: i64) {
        let tally =
            PeriodTally { granted: granted.unsigned_abs(), warned: u8::try_from(warned).unwrap_or(u8::MAX) };
        self.periods.insert((place.0, place.1.into()), tally);
    }

    pub(super) fn lease(&mut self, place: Place<'_>, granted: i64, returned: i64) {
        let tally = LeaseTally { granted: granted.unsigned_abs(), returned: returned.unsigned_abs() };
        self.leases.insert((place.0, place.1.into()), tally);
    }
}

/// A sum as its column has it: no quota comes near the end of 63 bits.
pub(super) fn column(sum: u64) -> i64 {
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// Locks the periods and reads the leases: in this order, for a lease changes only under its period's lock.
async fn lock(tx: &mut Tx, instance: Uuid, asks: &[Ask]) -> Result<Rows, comporta_db::Error> {
    match tx.connection() {
        Connection::Postgres(db) => postgres::quotas::lock(db, instance, asks).await,
        Connection::Sqlite(db) => sqlite::quotas::lock(db, instance, asks).await,
    }
}

async fn write(tx: &mut Tx, instance: Uuid, settled: &[Settled<'_>]) -> Result<(), comporta_db::Error> {
    match tx.connection() {
        Connection::Postgres(db) => postgres::quotas::write(db, instance, settled).await,
        Connection::Sqlite(db) => sqlite::quotas::write(db, instance, settled).await,
    }
}
