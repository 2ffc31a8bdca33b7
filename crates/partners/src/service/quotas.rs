//! Quotas as a gateway spends them: from memory, out of leases that one keeper asks the database for.
//!
//! A company's quota is exact over any number of processes because the database grants each of its units once. What a
//! process was granted is its own until it returns it or the day or month is over; nobody else ever takes it away. So
//! a process that was stopped for an hour and goes on, one whose answer was lost, or one whose clock is wrong, cannot
//! spend what another one spends too. A process that dies takes with it what it held: see `keeper.rs` for how little.

mod account;
mod keeper;
mod lease;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use comporta_db::Db;
use comporta_jobs::Queue;
use comporta_kernel::{Clock, CompanyId, IdSource, TypedId as _, Uuid, Zone};
use tokio::sync::Notify;

use self::account::Account;
use crate::Quota;
use crate::store::quotas::{self, QuotaStore};

/// How long a request waits for units.
const PATIENCE: Duration = Duration::from_secs(1);
/// Requests that wait for units of one company, and of all.
const WAITERS_OF_ONE: u32 = 1024;
const WAITERS: u32 = 8192;
/// Parts of the table of accounts: two requests meet at a lock only if they are of one part, and only to read it.
const PARTS: usize = 64;

/// The quotas of companies, in this process. Clones share one.
#[derive(Clone)]
pub struct Quotas(Arc<Inner>);

struct Inner {
    store: Arc<dyn QuotaStore>,
    zone: Zone,
    /// This run of this process, as the database knows it.
    instance: Uuid,
    started: Instant,
    parts: [RwLock<HashMap<CompanyId, Arc<Account>>>; PARTS],
    /// Those who want to ask, and what wakes the keeper.
    queue: Mutex<Vec<Arc<Account>>>,
    wake: Notify,
    /// The database does not answer: nobody is made to wait.
    away: AtomicBool,
    waiters: AtomicU32,
    next_lease: AtomicU64,
}

/// What becomes of a call under a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It has its unit.
    Unit {
        /// Which lease the unit is of, for [`Quotas::give_back`].
        lease: u64,
        /// About how many calls are left, of all.
        left: u64,
        /// How long until the day or month is over.
        ends_in: Duration,
    },
    /// The quota is used up.
    UsedUp {
        /// How long until the day or month is over.
        ends_in: Duration,
    },
    /// Memory does not know: [`Quotas::wait`] asks.
    Ask,
    /// The database cannot be asked just now.
    Unknown,
}

impl Quotas {
    /// Quotas kept in a database, by the days and months of a zone.
    #[must_use]
    pub fn new(db: &Db, zone: Zone, clock: Clock, ids: &IdSource, queue: Queue) -> Self {
        Self::on(quotas::of(db, clock, queue), zone, ids.uuid())
    }

    pub(crate) fn on(store: Arc<dyn QuotaStore>, zone: Zone, instance: Uuid) -> Self {
        Self(Arc::new(Inner {
            store,
            zone,
            instance,
            started: Instant::now(),
            parts: std::array::from_fn(|_| RwLock::default()),
            queue: Mutex::default(),
            wake: Notify::new(),
            away: AtomicBool::new(false),
            waiters: AtomicU32::new(0),
            next_lease: AtomicU64::new(1),
        }))
    }

    /// Takes a unit, from memory alone.
    #[must_use]
    pub fn take(&self, company: CompanyId, quota: Quota, now: Instant) -> Taken {
        let account = self.0.account(company);
        self.0.take(&account, quota, self.0.nanos(now))
    }

    /// Takes a unit, waiting a second at most for the keeper to ask for some.
    pub async fn wait(&self, company: CompanyId, quota: Quota) -> Taken {
        let account = self.0.account(company);
        let Some(_waiter) = Waiter::of(&self.0, &account) else { return Taken::Unknown };
        let taken = tokio::time::timeout(PATIENCE, self.0.taken(&account, quota)).await;
        taken.unwrap_or(Taken::Unknown)
    }

    /// Gives back the unit of a call that came to nothing. A unit of a lease that is over is nobody's.
    pub fn give_back(&self, company: CompanyId, lease: u64) {
        let account = self.0.account(company);
        if let Some(held) = &*account.lease.load()
            && held.id == lease
        {
            held.give_back();
        }
    }
}

impl Inner {
    fn nanos(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_nanos()).unwrap_or(u64::MAX)
    }

    fn take(&self, account: &Arc<Account>, quota: Quota, now: u64) -> Taken {
        let ends_in = |ends: u64| Duration::from_nanos(ends.saturating_sub(now));
        if let Some(lease) = &*account.lease.load()
            && lease.holds(quota, now)
            && let Some(left) = lease.take()
        {
            if left.is_low {
                self.ask(account, quota);
            }
            return Taken::Unit { lease: lease.id, left: left.units, ends_in: ends_in(lease.ends) };
        }
        if let Some(spent) = account.is_spent(quota, now) {
            if now >= spent.again {
                self.ask(account, quota);
            }
            return Taken::UsedUp { ends_in: ends_in(spent.ends) };
        }
        self.ask(account, quota);
        if self.away.load(Relaxed) { Taken::Unknown } else { Taken::Ask }
    }

    /// Takes a unit as soon as there is one, or an end to waiting.
    async fn taken(&self, account: &Arc<Account>, quota: Quota) -> Taken {
        loop {
            let mut told = std::pin::pin!(account.told.notified());
            told.as_mut().enable();
            match self.take(account, quota, self.nanos(Instant::now())) {
                Taken::Ask => told.await,
                taken => return taken,
            }
        }
    }

    /// Has the keeper ask, once for all who want it meanwhile.
    fn ask(&self, account: &Arc<Account>, quota: Quota) {
        if !account.queued.swap(true, Relaxed) {
            *account.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(quota);
            self.queue.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(account));
            self.wake.notify_one();
        }
    }

    fn account(&self, company: CompanyId) -> Arc<Account> {
        let part = self.part(company);
        if let Some(account) = part.read().unwrap_or_else(PoisonError::into_inner).get(&company) {
            return Arc::clone(account);
        }
        let mut part = part.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(part.entry(company).or_insert_with(|| Arc::new(Account::new(company))))
    }

    fn part(&self, company: CompanyId) -> &RwLock<HashMap<CompanyId, Arc<Account>>> {
        // The last bits of an id are chance.
        &self.parts[company.uuid().as_u128() as usize % PARTS]
    }
}

/// A request that waits; bounded, so that who cannot be served soon is told so now.
struct Waiter<'a> {
    inner: &'a Inner,
    account: &'a Account,
}

impl<'a> Waiter<'a> {
    fn of(inner: &'a Inner, account: &'a Account) -> Option<Self> {
        let waiter = Self { inner, account };
        let all = inner.waiters.fetch_add(1, Relaxed);
        let of_one = account.waiting.fetch_add(1, Relaxed);
        (all < WAITERS && of_one < WAITERS_OF_ONE).then_some(waiter)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.inner.waiters.fetch_sub(1, Relaxed);
        self.account.waiting.fetch_sub(1, Relaxed);
    }
}

impl std::fmt::Debug for Quotas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quotas").field("instance", &self.0.instance).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
