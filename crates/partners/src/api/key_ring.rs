//! Every key and company in memory, following the database: a request's key is answered for without asking anybody.

mod follow;
mod held;
mod sharded;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use comporta_http::Principal;
use comporta_kernel::{Causes, CompanyId, Timestamp};
use tokio::sync::{Mutex, mpsc};
use tokio::time;

use self::held::{Held, ScopeSets};
use self::sharded::Sharded;
use crate::model::{Changes, Holding, Rehash, Standing};
use crate::pepper::Under;
use crate::{ApiKeyText, Error, KeyId, NotAKey, Partners, PlanInForce, PlanName, Refusal};

/// For so long after the database's last answer known keys are trusted.
const TRUST: Duration = Duration::from_secs(60);
/// A request with a key not seen before waits this long for the database.
const ASK_PATIENCE: Duration = Duration::from_secs(1);
/// Questions about unknown keys: fifty at once, then fifty a second. Whoever makes up ids costs no more.
const ASK_EVERY: Duration = Duration::from_millis(20);
const ASK_BURST: Duration = Duration::from_secs(1);
/// New digests that may wait to be written; what is over comes with the key's next use.
const REHASHES: usize = 1024;

/// Every company, and its keys. Clones share one ring.
#[derive(Clone)]
pub struct KeyRing(Arc<Ring>);

struct Ring {
    partners: Partners,
    keys: Sharded<KeyId, Arc<Held>>,
    companies: Sharded<CompanyId, Standing>,
    plans: ArcSwap<HashMap<PlanName, Arc<PlanInForce>>>,
    /// The last epoch followed; held while following, so that two never mix.
    epoch: Mutex<i64>,
    /// Held while asking about one key: of many requests with the same new key only the first asks.
    allowance: Mutex<Allowance>,
    started: Instant,
    /// Milliseconds from `started` to when the last answered poll was sent.
    answered: AtomicU64,
    /// Minutes since 1970, as of the last poll: uses of keys are noted by it.
    minute: AtomicU32,
    /// New digests of keys that came under an old pepper.
    rehashes: (mpsc::Sender<Rehash>, Mutex<mpsc::Receiver<Rehash>>),
    trust: Duration,
}

/// Up to when the questions already asked use up the rate, from when the ring was made.
struct Allowance(Duration);

impl KeyRing {
    /// Loads every key and company.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open(partners: Partners) -> Result<Self, Error> {
        Self::trusting(partners, TRUST).await
    }

    async fn trusting(partners: Partners, trust: Duration) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel(REHASHES);
        let ring = Self(Arc::new(Ring {
            partners,
            keys: Sharded::new(),
            companies: Sharded::new(),
            plans: ArcSwap::default(),
            epoch: Mutex::new(-1),
            allowance: Mutex::new(Allowance(Duration::ZERO)),
            started: Instant::now(),
            answered: AtomicU64::new(0),
            minute: AtomicU32::new(0),
            rehashes: (sender, Mutex::new(receiver)),
            trust,
        }));
        ring.refresh().await?;
        Ok(ring)
    }

    /// Whose key this is, used from an address, from memory alone. Without an address only the key itself is looked at.
    ///
    /// # Errors
    /// Why it does not open the door.
    pub fn authenticate(&self, text: &str, from: Option<IpAddr>) -> Result<Arc<Principal>, Refusal> {
        let key = self.read(text)?;
        let held = self.held(key.id()).ok_or(Refusal::Unknown)?;
        self.admit(&key, &held, from)
    }

    /// The same; a key that is not in memory is asked for in the database, so that a new one works at once.
    ///
    /// # Errors
    /// Why it does not open the door.
    pub async fn authenticate_or_ask(
        &self,
        text: &str,
        from: Option<IpAddr>,
    ) -> Result<Arc<Principal>, Refusal> {
        let key = self.read(text)?;
        let held = match self.held(key.id()) {
            Some(held) => held,
            None => self.ask(key.id()).await?.ok_or(Refusal::Unknown)?,
        };
        self.admit(&key, &held, from)
    }

    /// Loads what has changed since the last time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refresh(&self) -> Result<(), Error> {
        let now = self.0.partners.clock().now();
        self.0.minute.store(minutes(now), Ordering::Relaxed);
        let mut epoch = self.0.epoch.lock().await;
        let sent = self.0.started.elapsed();
        *epoch = self.0.partners.changes_since(*epoch, |changes| self.absorb(changes)).await?;
        self.0.answered.store(sent.as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }

    /// Whether a company is there and not suspended, from memory alone, whether it holds keys or not.
    #[must_use]
    pub fn is_active(&self, company: CompanyId) -> bool {
        let companies = self.0.companies.piece(company);
        self.is_trusted() && companies.get(&company).is_some_and(|standing| !standing.suspended)
    }

    /// The plan that a company is on, from memory alone; `None` for a company without one.
    #[must_use]
    pub fn plan_of(&self, company: CompanyId) -> Option<Arc<PlanInForce>> {
        let companies = self.0.companies.piece(company);
        let name = companies.get(&company)?.plan.as_ref()?;
        self.0.plans.load().get(name).cloned()
    }

    /// Whether anything is known against a key, by its id, used from an address, from memory alone: for who has seen it
    /// already, such as a token issued for it. One made a moment ago is not held here yet; one that was taken back is.
    ///
    /// # Errors
    /// What is known against it.
    pub fn check(&self, key: &str, from: IpAddr) -> Result<(), Refusal> {
        let id = key.parse().map_err(|_| Refusal::Unknown)?;
        if !self.is_trusted() {
            return Err(Refusal::CutOff);
        }
        let Some(held) = self.held(id) else { return Ok(()) };
        held.check(Some(from), || self.0.partners.clock().now())?;
        held.mark.used_in(self.0.minute.load(Ordering::Relaxed));
        Ok(())
    }

    fn read<'a>(&self, text: &'a str) -> Result<ApiKeyText<'a>, Refusal> {
        let key = ApiKeyText::parse(text).map_err(|NotAKey| Refusal::Malformed)?;
        if self.is_trusted() { Ok(key) } else { Err(Refusal::CutOff) }
    }

    /// Whether the database has answered lately enough for what is held to be believed.
    fn is_trusted(&self) -> bool {
        let answered = Duration::from_millis(self.0.answered.load(Ordering::Relaxed));
        self.0.started.elapsed().saturating_sub(answered) <= self.0.trust
    }

    fn held(&self, id: KeyId) -> Option<Arc<Held>> {
        self.0.keys.get(id)
    }

    fn admit(
        &self,
        key: &ApiKeyText<'_>,
        held: &Held,
        from: Option<IpAddr>,
    ) -> Result<Arc<Principal>, Refusal> {
        // The secret first: who does not hold it learns nothing about the key.
        if !self.0.partners.peppers().matches(key, &held.digest, held.under) {
            return Err(Refusal::Unknown);
        }
        held.check(from, || self.0.partners.clock().now())?;
        held.mark.used_in(self.0.minute.load(Ordering::Relaxed));
        if held.under != Under::Place(0) {
            self.rehash(key, held);
        }
        Ok(Arc::clone(&held.principal))
    }

    /// The key's text is known now, and only now: its digest under the new pepper is made, and written elsewhere.
    #[cold]
    fn rehash(&self, key: &ApiKeyText<'_>, held: &Held) {
        if held.mark.rehashing.swap(true, Ordering::Relaxed) {
            return;
        }
        let new = self.0.partners.peppers().current().digest(key);
        if self.0.rehashes.0.try_send(Rehash { id: held.id, old: held.digest, new }).is_err() {
            held.mark.rehashing.store(false, Ordering::Relaxed);
        }
    }

    async fn ask(&self, id: KeyId) -> Result<Option<Arc<Held>>, Refusal> {
        let answer = async {
            let mut allowance = self.0.allowance.lock().await;
            if self.held(id).is_none() && allowance.take(self.0.started.elapsed()) {
                self.absorb_one(self.0.partners.holding(id).await?).await?;
            }
            Ok::<_, Error>(self.held(id))
        };
        match time::timeout(ASK_PATIENCE, answer).await {
            Ok(Ok(held)) => Ok(held),
            Ok(Err(error)) => {
                tracing::warn!(error = %Causes(&error), "a key could not be asked for");
                Err(Refusal::CutOff)
            }
            Err(_) => Err(Refusal::CutOff),
        }
    }

    /// Takes a key that was asked for. If its company's plan is as new, that comes first: nobody is let in unlimited.
    async fn absorb_one(&self, holding: Option<Holding>) -> Result<(), Error> {
        let Some(holding) = holding else { return Ok(()) };
        if holding.plan.as_ref().is_some_and(|plan| !self.0.plans.load().contains_key(plan)) {
            return self.refresh().await;
        }
        self.absorb(Changes { keys: vec![holding], ..Changes::default() });
        Ok(())
    }

    /// Takes what was read, unless something newer is already held: two readers may come in either order.
    fn absorb(&self, changes: Changes) {
        let Changes { mut keys, mut companies, plans } = changes;
        // A key tells of its company too: one that a program of an earlier version has changed.
        companies.extend(keys.iter_mut().map(Holding::take_standing));
        let (peppers, mut sets) = (self.0.partners.peppers(), ScopeSets::new());
        let keys: Vec<Held> = keys.iter().map(|holding| Held::new(holding, peppers, &mut sets)).collect();
        // A company is never seen with a plan that is not.
        self.absorb_plans(plans);
        let newer = |new: &Standing, held: Option<&Standing>| {
            held.is_none_or(|held| held.epoch <= new.epoch).then(|| new.clone())
        };
        self.0.companies.absorb(companies, |new| new.company_id, newer);
        self.0.keys.absorb(
            keys,
            |new| new.id,
            |new, held| match held {
                Some(held) if held.epoch > new.epoch => None,
                Some(held) => Some(Arc::new(new.with_mark(Arc::clone(&held.mark)))),
                None => Some(Arc::new(new.with_mark(Arc::clone(&new.mark)))),
            },
        );
    }

    fn absorb_plans(&self, new: Vec<PlanInForce>) {
        if new.is_empty() {
            return;
        }
        let new: Vec<Arc<PlanInForce>> = new.into_iter().map(Arc::new).collect();
        self.0.plans.rcu(|before| {
            let mut plans = HashMap::clone(before);
            for new in &new {
                if plans.get(&new.name).is_none_or(|held| held.epoch <= new.epoch) {
                    plans.insert(new.name.clone(), Arc::clone(new));
                }
            }
            plans
        });
    }
}

fn minutes(at: Timestamp) -> u32 {
    u32::try_from(at.as_second() / 60).unwrap_or(0)
}

impl Allowance {
    /// Whether one more question may be asked at a moment, which is then counted.
    fn take(&mut self, now: Duration) -> bool {
        let used = self.0.max(now) + ASK_EVERY;
        let allowed = used <= now + ASK_BURST;
        if allowed {
            self.0 = used;
        }
        allowed
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").field("keys", &self.0.keys.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
