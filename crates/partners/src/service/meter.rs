//! Empties a meter's segments into the database, those of this process and those that others left.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use comporta_kernel::{Causes, Uuid};
use comporta_meter::{Found, Orphan, Outlet, Sealed, Stock, Tally, orphans};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::usage::Usage;
use crate::Error;
use crate::model::{Amount, CountedSegment, Served};

/// Rows of one transaction, about: a short turn of SQLite's writer. A segment is never divided.
const AT_ONCE: usize = 2_000;
/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// How often it is seen to that segments lie ready.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often processes that have ended are looked for.
const ADOPT_EVERY: Duration = Duration::from_secs(60);
/// How long a process that stops tries to write down what it has left.
const LAST_PATIENCE: Duration = Duration::from_secs(10);

/// Why segments that were found are not counted yet.
#[derive(Debug, thiserror::Error)]
enum AdoptError {
    #[error("the database does not take them")]
    Db(#[from] Error),
    #[error("their files cannot be dealt with")]
    Io(#[from] io::Error),
    #[error("looking for them broke off")]
    Broken(#[from] tokio::task::JoinError),
}

impl Usage {
    /// Empties the segments of this process until told to stop, when every counter is closed; then what is left.
    pub async fn empty_until(self, outlet: Outlet, stop: CancellationToken) {
        let ready = keep_ready(outlet.stock().clone(), stop.clone());
        let emptying = Emptying { usage: self, outlet, waiting: VecDeque::new(), failing: false };
        tokio::join!(ready, emptying.until(stop));
    }

    /// Counts what processes left that have ended, now and every minute, until told to stop. `root` is the folder of
    /// their folders.
    pub async fn adopt_until(self, root: PathBuf, stop: CancellationToken) {
        let work = async {
            loop {
                if let Err(error) = self.adopt(&root).await {
                    tracing::warn!(error = %Causes(&error), "calls that a process left are not counted yet");
                }
                sleep(ADOPT_EVERY).await;
            }
        };
        stop.run_until_cancelled(work).await.unwrap_or(());
    }

    async fn adopt(&self, root: &Path) -> Result<(), AdoptError> {
        let root = root.to_owned();
        for orphan in spawn_blocking(move || orphans(&root)).await?? {
            self.adopt_one(orphan).await?;
        }
        Ok(())
    }

    async fn adopt_one(&self, orphan: Orphan) -> Result<(), AdoptError> {
        let (instance, mut calls) = (orphan.instance(), 0);
        let orphan = Arc::new(orphan);
        for file in orphan.files()? {
            let (reading, path) = (Arc::clone(&orphan), file.clone());
            let why = match spawn_blocking(move || reading.read(&path)).await?? {
                Ok(found) if self.is_forgotten(&found) => {
                    "its calls are so old that they may have been counted".to_owned()
                }
                Ok(Found { sequence, tallies }) => {
                    if !tallies.is_empty() {
                        calls += self.add(&[self.segment(instance, sequence, tallies)]).await?;
                    }
                    orphan.remove(&file)?;
                    continue;
                }
                Err(torn) => torn.to_string(),
            };
            let at = orphan.set_aside(&file)?;
            tracing::error!(file = %at.display(), why, "a meter's file is set aside: its calls are not counted");
        }
        tracing::info!(%instance, calls, "calls that a process left were counted");
        metrics::counter!("comporta_meter_calls_total").increment(u64::try_from(calls).unwrap_or(0));
        if let Some(orphan) = Arc::into_inner(orphan) {
            orphan.end()?;
        }
        Ok(())
    }

    fn is_forgotten(&self, found: &Found) -> bool {
        let newest = found.tallies.iter().map(|tally| tally.minute).max();
        newest.is_some_and(|newest| self.is_too_old(newest))
    }

    fn segment(&self, instance: Uuid, sequence: u64, tallies: Vec<Tally>) -> CountedSegment {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let served = tallies.into_iter().map(|tally| Served {
            company: tally.company,
            minute: tally.minute,
            day: self.day_of(tally.minute),
            // No text in PostgreSQL holds this character.
            route: if tally.route.contains('\0') {
                tally.route.replace('\0', " ").into()
            } else {
                tally.route
            },
            class: tally.class.number().into(),
            live: tally.live,
            amount: Amount {
                requests: whole(tally.requests),
                bytes_in: whole(tally.bytes_in),
                bytes_out: whole(tally.bytes_out),
            },
        });
        CountedSegment { instance, sequence: whole(sequence), served: served.collect() }
    }
}

/// Sees to it that no core runs out of segments while the disk has room.
async fn keep_ready(stock: Stock, stop: CancellationToken) {
    let mut failing = false;
    while stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_some() {
        if !stock.is_low() {
            continue;
        }
        let filling = stock.clone();
        let filled = spawn_blocking(move || filling.replenish()).await;
        let failure = filled.map_err(io::Error::other).flatten().err();
        // Told when it begins, not ten times a second.
        if let Some(error) = failure.as_ref().filter(|_| !failing) {
            tracing::error!(%error, "the meter's disk takes no more: calls are refused once its files are full");
        }
        failing = failure.is_some();
    }
}

/// The segments of this process on their way.
struct Emptying {
    usage: Usage,
    outlet: Outlet,
    /// On the disk and no more: while the database is away there may be many.
    waiting: VecDeque<Sealed>,
    failing: bool,
}

impl Emptying {
    async fn until(mut self, stop: CancellationToken) {
        loop {
            self.take_all();
            self.measure();
            if self.waiting.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => break,
                    Some(sealed) = self.outlet.next() => self.waiting.push_back(sealed),
                }
            } else if !self.write_some().await && stop.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                break;
            }
        }
        self.end().await;
    }

    /// Writes what is left, or leaves it to the next process.
    async fn end(mut self) {
        let all = async {
            self.take_all();
            while !self.waiting.is_empty() {
                if !self.write_some().await {
                    sleep(PAUSE).await;
                }
            }
        };
        if timeout(LAST_PATIENCE, all).await.is_err() {
            let segments = self.waiting.len();
            return tracing::warn!(
                segments,
                "calls that are not in the database are left to the next process"
            );
        }
        self.measure();
        if let Err(error) = self.outlet.end() {
            tracing::warn!(%error, "the meter's folder is left to the next process");
        }
    }

    fn take_all(&mut self) {
        while let Some(sealed) = self.outlet.next_now() {
            self.waiting.push_back(sealed);
        }
    }

    /// What is in the first segments: as much as one transaction takes.
    fn read_some(&mut self) -> Vec<CountedSegment> {
        let (mut rows, mut some) = (0, Vec::new());
        while let Some(sealed) = self.waiting.get(some.len()) {
            match self.outlet.read(sealed) {
                Ok(tallies) if rows > 0 && rows + tallies.len() > AT_ONCE => break,
                Ok(tallies) => {
                    rows += tallies.len();
                    some.push(self.usage.segment(self.outlet.instance(), sealed.sequence(), tallies));
                }
                Err(torn) => {
                    let at = self.outlet.set_aside(sealed);
                    tracing::error!(%torn, ?at, "a meter's file is set aside: its calls are not counted");
                    self.waiting.remove(some.len());
                }
            }
        }
        some
    }

    /// One transaction. False if the database did not take it: what is waiting still is.
    async fn write_some(&mut self) -> bool {
        let some = self.read_some();
        match self.usage.add(&some).await {
            Ok(calls) => {
                metrics::counter!("comporta_meter_calls_total").increment(u64::try_from(calls).unwrap_or(0));
                for sealed in self.waiting.drain(..some.len()) {
                    if let Err(error) = self.outlet.give_back(sealed) {
                        tracing::warn!(%error, "a meter's file that is not needed cannot be deleted");
                    }
                }
                if std::mem::take(&mut self.failing) {
                    tracing::info!("calls are written down again");
                }
                true
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(error = %Causes(&error), "calls cannot be written down: they wait on the disk");
                }
                false
            }
        }
    }

    fn measure(&self) {
        let oldest = self.waiting.front().map_or(Duration::ZERO, Sealed::age);
        metrics::gauge!("comporta_meter_segments_waiting").set(self.waiting.len() as f64);
        metrics::gauge!("comporta_meter_oldest_waiting_seconds").set(oldest.as_secs_f64());
    }
}
