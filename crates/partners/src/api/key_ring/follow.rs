//! The ring's way to the database and back: what changed is taken over, what was seen of keys is written down.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::time::error::Elapsed;
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::KeyRing;
use crate::Error;
use crate::model::{Rehash, Use};
use crate::pepper::Under;

/// A revoked key is refused everywhere within a second: four looks at the epoch leave room for a slow one.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// A look that takes longer is given up, and a fresh connection tried.
const POLL_PATIENCE: Duration = Duration::from_secs(5);
/// How often it is written down when keys were used.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Keys written in one transaction: a short turn for SQLite's one writer.
const BATCH: usize = 200;

impl KeyRing {
    /// Follows the database until the shutdown, and tells it what was seen of keys.
    pub async fn follow(&self, shutdown: CancellationToken) {
        let mut ticks = time::interval(POLL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut answering, mut noted) = (true, Instant::now());
        loop {
            let poll = async {
                ticks.tick().await;
                time::timeout(POLL_PATIENCE, self.refresh()).await
            };
            let Some(outcome) = shutdown.run_until_cancelled(poll).await else { break };
            answering = tell(&outcome, answering);
            if answering {
                self.write_rehashes().await;
                if noted.elapsed() >= NOTE_EVERY {
                    self.note_uses().await;
                    noted = Instant::now();
                }
            }
        }
        self.write_rehashes().await;
        self.note_uses().await;
    }

    /// Writes down which keys were used since it was last written. What fails is written the next time.
    pub async fn note_uses(&self) {
        let now = self.0.partners.clock().now();
        let (mut uses, mut old) = (Vec::new(), 0_u32);
        for piece in self.0.keys.pieces() {
            for held in piece.values() {
                uses.extend(held.mark.unheard().map(|minute| Use { id: held.id, minute }));
                old += u32::from(held.under != Under::Place(0) && held.works(now));
            }
        }
        metrics::gauge!("comporta_keys_under_old_pepper").set(f64::from(old));
        // Always in the same order, so that two processes never wait for each other.
        uses.sort_unstable_by_key(|used| used.id);
        for batch in uses.chunks(BATCH) {
            match time::timeout(POLL_PATIENCE, self.0.partners.note_uses(batch)).await {
                Ok(Ok(heard)) => {
                    let heard: BTreeSet<_> = heard.into_iter().collect();
                    let heard = batch.iter().filter(|used| heard.contains(&used.id));
                    for Use { id, minute } in heard {
                        if let Some(held) = self.held(*id) {
                            held.mark.heard(*minute);
                        }
                    }
                }
                Ok(Err(error)) => return tracing::warn!(%error, "when keys were used could not be noted"),
                Err(_) => return tracing::warn!("when keys were used could not be noted in time"),
            }
        }
    }

    /// Writes the new digests of keys that came under an old pepper.
    async fn write_rehashes(&self) {
        let mut waiting = self.0.rehashes.1.lock().await;
        loop {
            let mut batch: Vec<Rehash> = Vec::new();
            while batch.len() < BATCH
                && let Ok(rehash) = waiting.try_recv()
            {
                batch.push(rehash);
            }
            if batch.is_empty() {
                return;
            }
            batch.sort_unstable_by_key(|rehash| rehash.id);
            let written = time::timeout(POLL_PATIENCE, self.0.partners.rehash(&batch)).await;
            if matches!(written, Ok(Ok(()))) {
                tracing::info!(keys = batch.len(), "keys are hashed under the new pepper");
                continue;
            }
            tracing::warn!("keys could not be hashed anew: they are at their next use");
            for rehash in batch {
                if let Some(held) = self.held(rehash.id) {
                    held.mark.rehashing.store(false, Ordering::Relaxed);
                }
            }
            return;
        }
    }
}

/// Whether the database answered. Told when it no longer does and when it does again, not four times a second.
fn tell(outcome: &Result<Result<(), Error>, Elapsed>, answering: bool) -> bool {
    let failure: Option<&dyn std::error::Error> = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(elapsed) => Some(elapsed),
    };
    match failure {
        Some(error) if answering => tracing::warn!(%error, "changes of keys cannot be followed"),
        None if !answering => tracing::info!("changes of keys are followed again"),
        _ => {}
    }
    failure.is_none()
}
