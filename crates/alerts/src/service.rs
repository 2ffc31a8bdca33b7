//! Looks from time to time, and has people told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use comporta_db::{Db, Error};
use comporta_kernel::{Clock, Timestamp, Uuid};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Channels, begin_counts};
use crate::model::{Alerts, Condition, Notice, Outcome, Round, Seen, Sign, Terms};
use crate::store::Store;

/// How long a look may take before it goes on without it, and the database before it counts as away.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is being told may take so long at the process's end.
const FLUSH: Duration = Duration::from_secs(2);
/// For how many looks a process that spoke for the installation keeps doing so.
const LEASE: i32 = 4;

/// Who says what is wrong now.
#[async_trait]
pub trait Looks: Send + Sync {
    /// Everything that is wrong, as far as this process sees. That the database is away is found without it.
    async fn look(&self) -> Look;
}

/// What a process sees.
#[derive(Debug, Default)]
pub struct Look {
    /// What is wrong.
    pub signs: Vec<Sign>,
    /// What was measured, well or not: of the rest this process knows nothing, and so cannot call it over.
    pub measured: BTreeSet<Condition>,
}

impl Look {
    /// Notes that something was measured, and what is wrong with it, if anything is.
    pub fn note(&mut self, condition: Condition, sign: Option<Sign>) {
        self.measured.insert(condition);
        self.signs.extend(sign);
    }
}

/// A process's watch: one of several perhaps, on one database.
pub struct Watch {
    store: Store,
    clock: Clock,
    instance: Uuid,
    terms: Terms,
    channels: Arc<Channels>,
    /// All who are to be told.
    receivers: BTreeSet<String>,
    /// Since when each condition is seen here.
    since: BTreeMap<Condition, Timestamp>,
    /// What is wrong, as the database had it last, or as it is remembered while that is away.
    alerts: Alerts,
    /// Of those, what only this process knows of: the database was away.
    unwritten: BTreeSet<Condition>,
    outcomes: Vec<Outcome>,
    /// Whether this process speaks for the installation while the database is away.
    keeps: bool,
    /// Since when it looks with the database there.
    with_database: Option<Timestamp>,
}

impl Watch {
    /// A watch that brings what it finds to people by these ways.
    #[must_use]
    pub fn new(db: Db, clock: Clock, instance: Uuid, terms: Terms, channels: Channels) -> Self {
        begin_counts();
        Self {
            store: Store::new(db),
            clock,
            instance,
            terms,
            receivers: channels.receivers(),
            channels: Arc::new(channels),
            since: BTreeMap::new(),
            alerts: Alerts::new(),
            unwritten: BTreeSet::new(),
            outcomes: Vec::new(),
            keeps: false,
            with_database: None,
        }
    }

    /// Watches until told to stop.
    pub async fn run(mut self, looks: impl Looks, stop: CancellationToken) {
        let every = Duration::try_from(self.terms.every).unwrap_or(PATIENCE);
        let (told, mut hears) = mpsc::unbounded_channel();
        let mut telling = JoinSet::new();
        let (mut pause, mut looking) = (Duration::ZERO, None);
        while stop.run_until_cancelled(wait(pause, &mut hears, &mut self.outcomes)).await.is_some() {
            while telling.try_join_next().is_some() {}
            // One at a time: what hangs is waited for again, not begun again.
            let look = match timeout(PATIENCE, looking.get_or_insert_with(|| looks.look())).await {
                Ok(look) => {
                    looking = None;
                    look
                }
                Err(_) => Look::default(),
            };
            for notice in self.round(look).await {
                self.tell(notice, &told, &mut telling);
            }
            pause = every;
        }
        let _ = timeout(FLUSH, async { while telling.join_next().await.is_some() {} }).await;
        while let Ok(outcome) = hears.try_recv() {
            self.outcomes.push(outcome);
        }
        // So that the next process does not tell what this one has told.
        if !self.outcomes.is_empty() {
            let _ = timeout(FLUSH, self.on_database(&[], &BTreeSet::new())).await;
        }
    }

    /// Has everybody told who is to be, each by a task of its own.
    fn tell(&self, notice: Notice, told: &mpsc::UnboundedSender<Outcome>, telling: &mut JoinSet<()>) {
        let notice = Arc::new(notice);
        for receiver in notice.to.clone() {
            let (channels, notice, told) = (Arc::clone(&self.channels), Arc::clone(&notice), told.clone());
            telling.spawn(async move {
                if channels.bring(&notice, &receiver).await {
                    // Nobody listens any more at the process's end.
                    let _ = told.send(notice.reached(&receiver));
                }
            });
        }
    }

    /// A look, with what follows from it.
    async fn round(&mut self, Look { mut signs, measured }: Look) -> Vec<Notice> {
        let seen = self.seen(signs.clone());
        let failure = match timeout(PATIENCE, self.on_database(&seen, &measured)).await {
            Ok(Ok(notices)) => return notices,
            Ok(Err(error)) => error.to_string(),
            Err(slow) => slow.to_string(),
        };
        let now = self.clock.now();
        if self.with_database.take().is_some() {
            tracing::warn!(reason = failure, "what is wrong cannot be written down: it is remembered");
        }
        let away = self.since.get(&Condition::DatabaseAway).copied().unwrap_or(now);
        signs.push(Sign {
            condition: Condition::DatabaseAway,
            measured: format!("{} s", now.duration_since(away).as_secs()),
            allowed: format!("{} s", self.terms.hold.as_secs()),
        });
        let seen = self.seen(signs);
        if self.keeps { self.by_memory(&seen, &measured) } else { Vec::new() }
    }

    /// Notes since when each is there; what is not there any more begins anew another time.
    fn seen(&mut self, signs: Vec<Sign>) -> Vec<Seen> {
        let now = self.clock.now();
        // Whether the database is away is known only after it was asked.
        let asked = self.with_database.is_none().then_some(Condition::DatabaseAway);
        self.since.retain(|condition, _| {
            asked == Some(*condition) || signs.iter().any(|sign| sign.condition == *condition)
        });
        let seen = signs.into_iter().map(|sign| {
            let since = *self.since.entry(sign.condition).or_insert(now);
            Seen { sign, since }
        });
        seen.collect()
    }

    async fn on_database(
        &mut self,
        seen: &[Seen],
        measured: &BTreeSet<Condition>,
    ) -> Result<Vec<Notice>, Error> {
        let mut board = self.store.open().await?;
        let now = self.clock.now();
        for condition in &self.unwritten {
            if let Some(alert) = self.alerts.get(condition) {
                board.alerts.entry(*condition).or_insert_with(|| alert.clone());
            }
        }
        let keeps = board.keep(self.instance, now, now + self.terms.every * LEASE);
        // Others may see what this process does not: it must have been there for as long as they have to look.
        let looked = self.with_database.is_some_and(|since| now.duration_since(since) >= self.terms.quiet());
        let measured = measured.iter().copied().chain([Condition::DatabaseAway]);
        let may_end = &measured.filter(|_| looked).collect();
        let (outcomes, terms, receivers) = (&self.outcomes, self.terms, &self.receivers);
        let round = Round { seen, outcomes, now, terms, receivers, may_end };
        let notices = round.settle(&mut board.alerts);
        self.alerts = board.write().await?;
        self.outcomes.clear();
        self.unwritten.clear();
        self.keeps = keeps;
        self.with_database.get_or_insert(now);
        Ok(notices)
    }

    /// The same while the database is away. What other processes saw is not called over: they may see it still.
    fn by_memory(&mut self, seen: &[Seen], measured: &BTreeSet<Condition>) -> Vec<Notice> {
        let known: BTreeSet<Condition> = self.alerts.keys().copied().collect();
        let round = Round {
            seen,
            outcomes: &self.outcomes,
            now: self.clock.now(),
            terms: self.terms,
            receivers: &self.receivers,
            may_end: &self.unwritten.intersection(measured).copied().collect(),
        };
        let notices = round.settle(&mut self.alerts);
        self.unwritten.extend(self.alerts.keys().filter(|condition| !known.contains(condition)));
        notices
    }
}

/// Waits for the next look, or until people were told of something: that is written down at once.
async fn wait(pause: Duration, hears: &mut mpsc::UnboundedReceiver<Outcome>, outcomes: &mut Vec<Outcome>) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        Some(outcome) = hears.recv() => outcomes.push(outcome),
    }
    while let Ok(outcome) = hears.try_recv() {
        outcomes.push(outcome);
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("instance", &self.instance).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
