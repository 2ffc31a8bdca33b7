//! Every key and company in memory, following the database: a request's key is answered for without asking anybody.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use comporta_http::Principal;
use comporta_kernel::CompanyId;
use tokio::sync::Mutex;
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::model::{Changes, Holding, Standing};
use crate::{ApiKeyText, Error, KeyId, KeyMode, NotAKey, Partners, PlanInForce, PlanName, Refusal};

/// A revoked key is refused everywhere within a second: four looks at the epoch leave room for a slow one.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// A look that takes longer is given up, and a fresh connection tried.
const POLL_PATIENCE: Duration = Duration::from_secs(5);
/// For so long after the database's last answer known keys are trusted.
const TRUST: Duration = Duration::from_secs(60);
/// A request with a key not seen before waits this long for the database.
const ASK_PATIENCE: Duration = Duration::from_secs(1);
/// Questions about unknown keys: fifty at once, then fifty a second. Whoever makes up ids costs no more.
const ASK_EVERY: Duration = Duration::from_millis(20);
const ASK_BURST: Duration = Duration::from_secs(1);

/// Every company, and its keys. Clones share one ring.
#[derive(Clone)]
pub struct KeyRing(Arc<Ring>);

struct Ring {
    partners: Partners,
    keys: ArcSwap<HashMap<KeyId, Arc<Held>>>,
    companies: ArcSwap<HashMap<CompanyId, Standing>>,
    plans: ArcSwap<HashMap<PlanName, Arc<PlanInForce>>>,
    /// The last epoch followed; held while following, so that two never mix.
    epoch: Mutex<i64>,
    /// Held while asking about one key: of many requests with the same new key only the first asks.
    allowance: Mutex<Allowance>,
    started: Instant,
    /// Milliseconds from `started` to when the last answered poll was sent.
    answered: AtomicU64,
    trust: Duration,
}

struct Held {
    holding: Holding,
    principal: Arc<Principal>,
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
        let ring = Self(Arc::new(Ring {
            partners,
            keys: ArcSwap::default(),
            companies: ArcSwap::default(),
            plans: ArcSwap::default(),
            epoch: Mutex::new(-1),
            allowance: Mutex::new(Allowance(Duration::ZERO)),
            started: Instant::now(),
            answered: AtomicU64::new(0),
            trust,
        }));
        ring.refresh().await?;
        Ok(ring)
    }

    /// Whose key this is, from memory alone.
    ///
    /// # Errors
    /// Why it does not open the door.
    pub fn authenticate(&self, text: &str) -> Result<Arc<Principal>, Refusal> {
        let key = self.read(text)?;
        let held = self.held(key.id()).ok_or(Refusal::Unknown)?;
        self.admit(&key, &held)
    }

    /// Whose key this is; one not in memory is asked for in the database, so that a new key works at once.
    ///
    /// # Errors
    /// Why it does not open the door.
    pub async fn authenticate_or_ask(&self, text: &str) -> Result<Arc<Principal>, Refusal> {
        let key = self.read(text)?;
        let held = match self.held(key.id()) {
            Some(held) => held,
            None => self.ask(key.id()).await?.ok_or(Refusal::Unknown)?,
        };
        self.admit(&key, &held)
    }

    /// Loads what has changed since the last time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refresh(&self) -> Result<(), Error> {
        let mut epoch = self.0.epoch.lock().await;
        let sent = self.0.started.elapsed();
        let changes = self.0.partners.changes_since(*epoch).await?;
        *epoch = changes.epoch;
        self.absorb(changes);
        self.0.answered.store(sent.as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }

    /// Follows the database until the shutdown.
    pub async fn follow(&self, shutdown: CancellationToken) {
        let mut ticks = time::interval(POLL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut answering = true;
        loop {
            let poll = async {
                ticks.tick().await;
                time::timeout(POLL_PATIENCE, self.refresh()).await
            };
            let Some(outcome) = shutdown.run_until_cancelled(poll).await else { return };
            let failure: Option<&dyn std::error::Error> = match &outcome {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(elapsed) => Some(elapsed),
            };
            // Told when it begins and when it ends, not four times a second in between.
            match failure {
                Some(error) if answering => tracing::warn!(%error, "changes of keys cannot be followed"),
                None if !answering => tracing::info!("changes of keys are followed again"),
                _ => {}
            }
            answering = failure.is_none();
        }
    }

    /// Whether a company is there and not suspended, from memory alone, whether it holds keys or not.
    #[must_use]
    pub fn is_active(&self, company: CompanyId) -> bool {
        let companies = self.0.companies.load();
        self.is_trusted() && companies.get(&company).is_some_and(|standing| !standing.suspended)
    }

    /// The plan that a company is on, from memory alone; `None` for a company without one.
    #[must_use]
    pub fn plan_of(&self, company: CompanyId) -> Option<Arc<PlanInForce>> {
        let companies = self.0.companies.load();
        let name = companies.get(&company)?.plan.as_ref()?;
        self.0.plans.load().get(name).cloned()
    }

    /// Whether nothing is known against a key, by its id, from memory alone: for who has seen it already, such as a
    /// token issued for it. One made a moment ago is not held here yet; one that was taken back is.
    #[must_use]
    pub fn is_good(&self, key: &str) -> bool {
        let Ok(id) = key.parse() else { return false };
        self.is_trusted() && self.held(id).is_none_or(|held| self.check(&held.holding).is_ok())
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

    fn check(&self, holding: &Holding) -> Result<(), Refusal> {
        holding.check(|| self.0.partners.clock().now())
    }

    fn held(&self, id: KeyId) -> Option<Arc<Held>> {
        self.0.keys.load().get(&id).cloned()
    }

    fn admit(&self, key: &ApiKeyText<'_>, held: &Held) -> Result<Arc<Principal>, Refusal> {
        // The secret first: who does not hold it learns nothing about the key.
        if !self.0.partners.pepper().matches(key, &held.holding.digest) {
            return Err(Refusal::Unknown);
        }
        self.check(&held.holding)?;
        Ok(Arc::clone(&held.principal))
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
                tracing::warn!(error = &error as &dyn std::error::Error, "a key could not be asked for");
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
        let Changes { mut keys, mut companies, plans, .. } = changes;
        // A key tells of its company too: one that a program of an earlier version has changed.
        companies.extend(keys.iter_mut().map(Holding::take_standing));
        let keys: Vec<Arc<Held>> = keys.into_iter().map(|holding| Arc::new(holding.into())).collect();
        let plans: Vec<Arc<PlanInForce>> = plans.into_iter().map(Arc::new).collect();
        // A company is never seen with a plan that is not.
        absorb(&self.0.plans, &plans, |new| (new.name.clone(), new.epoch));
        absorb(&self.0.companies, &companies, |new| (new.company_id, new.epoch));
        absorb(&self.0.keys, &keys, |new| (new.holding.id, new.holding.epoch));
    }
}

/// Puts what is newer in a map's place of what is held, each by its id and its epoch.
fn absorb<I: Eq + Hash + Clone, T: Clone>(
    map: &ArcSwap<HashMap<I, T>>,
    new: &[T],
    place: impl Fn(&T) -> (I, i64),
) {
    if new.is_empty() {
        return;
    }
    map.rcu(|before| {
        let mut map = HashMap::clone(before);
        for new in new {
            let (id, epoch) = place(new);
            if map.get(&id).is_none_or(|held| place(held).1 <= epoch) {
                map.insert(id, new.clone());
            }
        }
        map
    });
}

impl From<Holding> for Held {
    fn from(holding: Holding) -> Self {
        let principal = Arc::new(Principal {
            company_id: holding.company_id,
            actor: holding.id.to_string().into(),
            live: holding.mode == KeyMode::Live,
            scopes: holding.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        });
        Self { holding, principal }
    }
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
        f.debug_struct("KeyRing").field("keys", &self.0.keys.load().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
