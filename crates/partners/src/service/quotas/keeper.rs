//! The keeper: the one task that asks the database for units, for all companies and all requests that want some.
//!
//! A lease is about a second's need, and ever less towards the quota's end; it is filled up before it is empty, and
//! returned when nobody has spent of it for two seconds, or the process ends. So that is what a `kill -9` costs.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use comporta_kernel::{Causes, Timestamp};
use tokio_util::sync::CancellationToken;

use super::account::{Account, Books, Spent};
use super::lease::Lease;
use super::{Inner, Quotas};
use crate::Quota;
use crate::model::{Ask, Grant, Period};

/// How long the database may take for one round.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks at leases that nobody spends.
const SWEEP: Duration = Duration::from_millis(500);
/// After which a lease that nobody spends is returned.
const IDLE: Duration = Duration::from_secs(2);
/// After which those who were told that a quota is used up have it asked for again.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two tries while the database is away.
const PAUSE: Duration = Duration::from_millis(100);
/// Failures in a row after which nobody is made to wait any more.
const FAILURES: u32 = 2;
/// Companies asked for in one transaction.
const BATCH: usize = 256;
/// How long the last returns may take.
const LAST: Duration = Duration::from_secs(2);

/// An ask, and what to do with its answer.
struct Asking {
    account: Arc<Account>,
    ask: Ask,
    /// When the period ends, in nanoseconds of this process.
    ends: u64,
    /// The quota that it is for; `None` returns and wants nothing.
    quota: Option<Quota>,
    size: u64,
}

/// The database's time, and the latest moment of this process at which that can have been.
#[derive(Clone, Copy)]
struct Dated {
    now: Timestamp,
    /// From before the question was sent: whoever counts from here is never late.
    sent: u64,
}

impl Quotas {
    /// Asks the database for whoever wants units, until told to stop; then returns what is left of every lease.
    pub async fn keep(&self, stop: CancellationToken) {
        let (mut swept, mut failures) = (Instant::now(), 0);
        while !stop.is_cancelled() {
            let pause = if failures > 0 { PAUSE } else { SWEEP };
            let woken = tokio::time::timeout(pause, async {
                // While the database is away its pace is the pause's, not that of those who ask.
                if failures > 0 { std::future::pending().await } else { self.0.wake.notified().await }
            });
            if stop.run_until_cancelled(woken).await.is_none() {
                break;
            }
            let mut outcome = self.ask_for_those_who_want(failures > 0).await;
            if outcome.is_ok() && swept.elapsed() >= SWEEP {
                swept = Instant::now();
                outcome = self.return_what_nobody_spends().await;
            }
            failures = if outcome.is_ok() { 0 } else { failures + 1 };
            self.0.tell_of(failures);
        }
        if tokio::time::timeout(LAST, self.return_all()).await.is_err() {
            tracing::warn!("units of quotas could not be returned: they count as used");
        }
    }

    /// Asks for everybody in the queue, once each. `probe` asks for a sign of life where nobody is.
    pub(super) async fn ask_for_those_who_want(&self, probe: bool) -> Result<(), ()> {
        loop {
            let accounts: Vec<Arc<Account>> = {
                let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
                let count = queue.len().min(BATCH);
                queue.drain(..count).collect()
            };
            if accounts.is_empty() && !probe {
                return Ok(());
            }
            // Whoever wants units from here on is for the next round: this one may be too late for it.
            accounts.iter().for_each(|account| account.queued.store(false, Relaxed));
            let outcome = self.0.round(&accounts, false).await;
            if outcome.is_err() {
                for account in &accounts {
                    let wanted = *account.wanted.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(quota) = wanted {
                        self.0.ask(account, quota);
                    }
                }
            }
            if outcome.is_err() || accounts.len() < BATCH {
                return outcome;
            }
        }
    }

    /// Returns leases that are idle, and forgets what is over.
    pub(super) async fn return_what_nobody_spends(&self) -> Result<(), ()> {
        let now = self.0.nanos(Instant::now());
        let idle: Vec<Arc<Account>> =
            self.0.accounts().into_iter().filter(|account| account.is_to_be_returned(now)).collect();
        for accounts in idle.chunks(BATCH) {
            self.0.round(accounts, true).await?;
        }
        self.0.forget(now);
        Ok(())
    }

    pub(super) async fn return_all(&self) {
        let owes = |account: &Arc<Account>| {
            let now = self.0.nanos(Instant::now());
            account.lease.load().as_ref().is_some_and(|lease| lease.left() > 0)
                || lock(account).owing(now).next().is_some()
        };
        let mut is_last = false;
        loop {
            let owing: Vec<Arc<Account>> = self.0.accounts().into_iter().filter(owes).collect();
            if owing.is_empty() && is_last {
                return;
            }
            if owing.is_empty() {
                // Nobody owes anything, as far as is known: a message may have been done after it was given up.
                self.0.accounts().iter().for_each(|account| lock(account).open());
                is_last = true;
            }
            for accounts in owing.chunks(BATCH) {
                while self.0.round(accounts, true).await.is_err() {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

impl Inner {
    /// Asks the database once for these accounts, or only returns what they hold.
    async fn round(&self, accounts: &[Arc<Account>], only_return: bool) -> Result<(), ()> {
        let began = Instant::now();
        let outcome = tokio::time::timeout(PATIENCE, self.exchange(accounts, only_return)).await;
        metrics::histogram!("comporta_quota_round_seconds").record(began.elapsed());
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(error = %Causes(&error), "quotas cannot be asked for");
                Err(())
            }
            Err(elapsed) => {
                tracing::debug!(%elapsed, "quotas cannot be asked for");
                Err(())
            }
        }
    }

    async fn exchange(&self, accounts: &[Arc<Account>], only_return: bool) -> Result<(), comporta_db::Error> {
        let sent = self.nanos(Instant::now());
        let dated = Dated { now: self.store.now().await?, sent };
        let mut asking: Vec<Asking> = Vec::new();
        for account in accounts {
            self.prepare(account, dated, only_return, &mut asking);
        }
        asking.sort_by(|a, b| a.place().cmp(&b.place()));
        let asks: Vec<Ask> = asking.iter().map(|asking| asking.ask.clone()).collect();
        if !asks.is_empty() {
            let grants = self.store.settle(self.instance, &asks).await?;
            for (asking, grant) in asking.iter().zip(grants) {
                self.apply(asking, grant);
            }
        }
        // Also those for whom nothing was to be asked: somebody else's answer has served them.
        accounts.iter().for_each(|account| account.told.notify_waiters());
        Ok(())
    }

    /// Writes down what an account has to say.
    fn prepare(&self, account: &Arc<Account>, dated: Dated, only_return: bool, asking: &mut Vec<Asking>) {
        let now = self.nanos(Instant::now());
        let wanted = *account.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = wanted.filter(|_| !only_return);
        let period = wanted.and_then(|quota| quota.period(&self.zone, dated.now));
        let mut books = lock(account);
        let mut lease = account.lease.load_full();
        if let Some(held) =
            lease.take_if(|held| period.as_ref().is_none_or(|period| *held.period.name != *period.name))
        {
            // What is emptied here is nobody's to spend any more: only now may it be returned.
            books.page(&held.period.name, held.ends, now).returned += held.empty();
            if !only_return {
                account.lease.store(None);
            }
        }
        if let Some((quota, period)) = wanted.zip(period) {
            let ends = dated.until(period.ends_at);
            let page = books.page(&period.name, ends, now);
            // Another plan's units are not spent under this one.
            page.returned += lease.as_ref().filter(|held| !held.is_of(quota)).map_or(0, |held| held.empty());
            let (left, waiting) = (lease.as_ref().map_or(0, |held| held.left()), account.waiting());
            let spent = page.spent(left);
            let is_enough = lease.as_ref().is_some_and(|held| held.is_of(quota) && held.is_enough());
            if !is_enough || waiting > 0 {
                let size = books.size(spent, now);
                let page = books.page(&period.name, ends, now);
                page.is_open = true;
                let want = size.saturating_sub(left).max(waiting).max(1);
                let ask = Ask {
                    company_id: account.company,
                    quota: quota.requests(),
                    want,
                    waiting,
                    received: page.granted,
                    returned: page.returned,
                    period,
                };
                asking.push(Asking { account: Arc::clone(account), ask, ends, quota: Some(quota), size });
            }
        }
        let asked = asking.last().filter(|last| last.ask.company_id == account.company);
        let asked = asked.map(|last| last.ask.period.name.clone());
        for page in books.owing(now).filter(|page| asked.as_ref() != Some(&page.name)) {
            // Its row is there: only what was granted is returned, so its end is not written.
            let period = Period { name: page.name.clone(), ends_at: dated.now };
            let (received, returned) = (page.granted, page.returned);
            let company_id = account.company;
            let ask = Ask { company_id, period, quota: 0, want: 0, waiting: 0, received, returned };
            asking.push(Asking { account: Arc::clone(account), ask, ends: page.ends, quota: None, size: 0 });
        }
    }

    /// Takes what was granted.
    fn apply(&self, asking: &Asking, grant: Grant) {
        let Asking { account, ask, ends, quota, size } = asking;
        let now = self.nanos(Instant::now());
        let mut books = lock(account);
        let page = books.page(&ask.period.name, *ends, now);
        page.told = page.told.max(ask.returned);
        page.is_open = false;
        let fresh = grant.granted.saturating_sub(page.granted);
        page.granted = grant.granted;
        let Some(quota) = *quota else {
            // Granted once in an answer that was lost, and not wanted any more.
            page.returned += fresh;
            return;
        };
        let lease = match account.lease.load_full().filter(|held| *held.period.name == *ask.period.name) {
            Some(held) => held,
            None => {
                let id = self.next_lease.fetch_add(1, Relaxed);
                let lease = Arc::new(Lease::new(id, ask.period.clone(), *ends));
                account.lease.store(Some(Arc::clone(&lease)));
                lease
            }
        };
        lease.fill(fresh, quota, grant.rest, *size);
        let is_spent = fresh == 0 && grant.rest == 0 && lease.left() == 0;
        let again = now.saturating_add(u64::try_from(AGAIN.as_nanos()).unwrap_or(u64::MAX));
        account.spent.store(is_spent.then(|| Arc::new(Spent { quota, ends: *ends, again })));
    }

    /// Lets everybody know whether it is worth waiting.
    fn tell_of(&self, failures: u32) {
        let away = failures >= FAILURES;
        if self.away.swap(away, Relaxed) != away {
            metrics::gauge!("comporta_quota_database_away").set(f64::from(u8::from(away)));
            if away {
                tracing::warn!(
                    "quotas cannot be asked for: leases are spent, then calls under a quota are refused"
                );
            } else {
                tracing::info!("quotas can be asked for again");
            }
        }
        if away {
            self.accounts().iter().for_each(|account| account.told.notify_waiters());
        }
    }

    fn accounts(&self) -> Vec<Arc<Account>> {
        let parts = self.parts.iter();
        let accounts = parts.flat_map(|part| {
            let part = part.read().unwrap_or_else(PoisonError::into_inner);
            part.values().cloned().collect::<Vec<_>>()
        });
        accounts.collect()
    }

    /// Forgets accounts of which nothing is worth remembering.
    fn forget(&self, now: u64) {
        for part in &self.parts {
            let mut part = part.write().unwrap_or_else(PoisonError::into_inner);
            // With the table locked nobody else can come by one that only the table holds.
            part.retain(|_, account| {
                let remembers = lock(account).tear_out(now);
                remembers || Arc::strong_count(account) > 1
            });
        }
    }
}

impl Account {
    /// Whether the lease is idle or over, or a return is still to be told.
    fn is_to_be_returned(&self, now: u64) -> bool {
        let mut books = lock(self);
        let Some(lease) = self.lease.load_full() else { return books.owing(now).next().is_some() };
        if lease.is_over(now) {
            self.lease.store(None);
            return false;
        }
        let left = lease.left();
        let spent = books.page(&lease.period.name, lease.ends, now).spent(left);
        (books.is_idle(spent, now, IDLE) && left > 0) || books.owing(now).next().is_some()
    }
}

impl Asking {
    fn place(&self) -> (comporta_kernel::CompanyId, &str) {
        (self.ask.company_id, &self.ask.period.name)
    }
}

impl Dated {
    /// When an instant of the database's clock will have come, at the latest that is certain not to be late.
    fn until(self, instant: Timestamp) -> u64 {
        let length = instant.duration_since(self.now).unsigned_abs();
        let length = if instant > self.now { length } else { Duration::ZERO };
        self.sent.saturating_add(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX))
    }
}

fn lock(account: &Account) -> MutexGuard<'_, Books> {
    account.books.lock().unwrap_or_else(PoisonError::into_inner)
}
