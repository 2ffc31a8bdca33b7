//! An issuer's keys, followed over HTTP: fetched now and again, and when a token names one that is not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::fetch::{FetchError, Fetcher};
use super::key_set::KeySet;
use crate::config;

/// Requests that wait for an issuer's answer at once; whoever makes up tokens holds no more than these.
const WAITING: usize = 256;

/// How often an issuer is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// While it answers.
    pub(super) every: Duration,
    /// For keys that tokens name, at most.
    pub(super) asked_every: Duration,
    /// First after a failure; doubled by each further one.
    pub(super) first_retry: Duration,
    /// Last after failures.
    pub(super) last_retry: Duration,
    /// How long a request waits for the answer.
    pub(super) patience: Duration,
}

impl Pace {
    pub(super) const USUAL: Self = Self {
        every: Duration::from_secs(600),
        asked_every: Duration::from_secs(10),
        first_retry: Duration::from_secs(1),
        last_retry: Duration::from_secs(60),
        patience: Duration::from_secs(5),
    };
}

/// Follows an issuer's keys for as long as it lives.
pub(super) struct Remote {
    shared: Arc<Shared>,
    _end: DropGuard,
}

struct Shared {
    fetcher: Fetcher,
    pace: Pace,
    /// The last good ones; none before the first answer.
    keys: ArcSwap<KeySet>,
    /// Held while asking: of many only one asks, the others wait for its answer.
    turn: Arc<Mutex<Turn>>,
    waiting: Semaphore,
    started: Instant,
    /// Milliseconds from `started` before which no token's key is asked for.
    not_before: AtomicU64,
}

/// What the last answer was, and what follows from it.
struct Turn {
    /// The pause after the last failure, while it fails.
    failing: Option<Duration>,
    /// When the next regular question is due.
    next: Instant,
}

impl Remote {
    pub(super) fn start(fetcher: Fetcher, pace: Pace, runtime: &Handle) -> Arc<Self> {
        let started = Instant::now();
        let shared = Arc::new(Shared {
            fetcher,
            pace,
            keys: ArcSwap::default(),
            turn: Arc::new(Mutex::new(Turn { failing: None, next: started })),
            waiting: Semaphore::new(WAITING),
            started,
            not_before: AtomicU64::new(0),
        });
        let end = CancellationToken::new();
        let (following, ending) = (Arc::clone(&shared), end.clone());
        runtime.spawn(async move { ending.run_until_cancelled(following.follow()).await });
        Arc::new(Self { shared, _end: end.drop_guard() })
    }

    pub(super) fn keys(&self) -> Arc<KeySet> {
        self.shared.keys.load_full()
    }

    /// Whether these are still the keys; cheaper than taking them.
    pub(super) fn holds(&self, keys: &Arc<KeySet>) -> bool {
        Arc::ptr_eq(&self.shared.keys.load(), keys)
    }

    pub(super) fn asks_as(&self, settings: &config::Issuer) -> bool {
        self.shared.fetcher.asks_as(settings)
    }

    /// Whether a key may be asked for now; also while a question is on its way, to wait for its answer.
    pub(super) fn may_ask(&self) -> bool {
        self.shared.may_ask()
    }

    /// Asks, or waits for the answer to somebody else's question.
    pub(super) async fn ask(&self, runtime: &Handle) {
        let shared = &self.shared;
        let Ok(_waiting) = shared.waiting.try_acquire() else { return };
        let answer = async {
            let mut turn = Arc::clone(&shared.turn).lock_owned().await;
            if !shared.may_ask() {
                return;
            }
            // The question outlives the request: others wait for its answer, and it is not a proxy core's work.
            let asking = Arc::clone(shared);
            let _ = runtime.spawn(async move { asking.fetch(&mut turn).await }).await;
        };
        let _ = timeout(shared.pace.patience, answer).await;
    }
}

impl Shared {
    async fn follow(&self) {
        loop {
            let next = {
                let mut turn = self.turn.lock().await;
                if turn.next <= Instant::now() {
                    self.fetch(&mut turn).await;
                }
                turn.next
            };
            sleep_until(next.into()).await;
        }
    }

    async fn fetch(&self, turn: &mut Turn) {
        let answer = self.fetcher.keys().await;
        let pause = self.take_to_account(answer, turn);
        turn.next = Instant::now() + pause;
        let not_before = self.started.elapsed() + self.pace.asked_every;
        self.not_before.store(not_before.as_millis().try_into().unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Keeps new keys; says how long to pause.
    fn take_to_account(&self, answer: Result<KeySet, FetchError>, turn: &mut Turn) -> Duration {
        let issuer = self.fetcher.issuer();
        match answer {
            Ok(keys) => {
                if turn.failing.take().is_some() {
                    tracing::info!(issuer, "the issuer's keys are fetched again");
                }
                if self.keys.load().published() != keys.published() {
                    self.keys.store(Arc::new(keys));
                }
                self.pace.every
            }
            Err(error) => {
                // Told when it begins and when it ends, not with each trial in between.
                if turn.failing.is_none() {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(
                        issuer,
                        error,
                        "the issuer's keys cannot be fetched; the last ones are kept"
                    );
                }
                let pause = turn.failing.map_or(self.pace.first_retry, |pause| pause * 2);
                let pause = pause.min(self.pace.last_retry);
                turn.failing = Some(pause);
                pause
            }
        }
    }

    fn may_ask(&self) -> bool {
        self.started.elapsed() >= Duration::from_millis(self.not_before.load(Ordering::Acquire))
    }
}
