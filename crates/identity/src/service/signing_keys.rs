//! The keys that tokens are signed with, in memory, following the database.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use comporta_db::Db;
use comporta_jwt::{JwkSet, SigningKey, SystemRandom};
use comporta_kernel::{Clock, IdSource, Rng};
use tokio::sync::Mutex;
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::key_set::KeySet;
use crate::model::{KeptKey, Place};
use crate::store::{self, Store};
use crate::{Error, Rotation, SealingKey, SigningAlgorithm, SigningKeyId};

/// A new key is published long before it signs: there is no haste to see it.
const POLL_EVERY: Duration = Duration::from_secs(60);
/// A look that takes longer is given up, and a fresh connection tried.
const POLL_PATIENCE: Duration = Duration::from_secs(5);

/// The signing keys of this installation, one for each algorithm at a time. Cheap to clone; clones share one
/// memory. Any number of processes may use, and rotate, the keys of one database.
#[derive(Clone)]
pub struct SigningKeys(Arc<Shared>);

struct Shared {
    keeper: Keeper,
    held: ArcSwap<KeySet>,
    /// Held while looking at the database, so that an older look never takes a newer one's place.
    looking: Mutex<()>,
}

/// What makes keys and finds them again.
struct Keeper {
    store: Arc<dyn Store>,
    sealing: SealingKey,
    rotation: Rotation,
    clock: Clock,
    rng: Rng,
    ids: IdSource,
}

impl SigningKeys {
    /// Loads the keys; an algorithm that has none yet gets its first.
    ///
    /// # Errors
    /// [`Error::Sealed`] when a key was sealed under another secret, or when the database fails.
    pub async fn open(
        db: &Db,
        sealing: SealingKey,
        rotation: Rotation,
        clock: Clock,
        rng: Rng,
    ) -> Result<Self, Error> {
        let ids = IdSource::new(clock.clone(), rng.clone());
        let keeper = Keeper { store: store::of(db), sealing, rotation, clock, rng, ids };
        keeper.seal_anew().await?;
        let held = ArcSwap::from_pointee(keeper.load().await?);
        Ok(Self(Arc::new(Shared { keeper, held, looking: Mutex::new(()) })))
    }

    /// The key to sign with now, from memory alone. What it signs must live no longer than
    /// [`LONGEST_TOKEN`](crate::LONGEST_TOKEN), or it may outlive the key's publication.
    #[must_use]
    pub fn current(&self, algorithm: SigningAlgorithm) -> Arc<SigningKey> {
        self.0.held.load().current(algorithm, self.0.keeper.clock.now())
    }

    /// The published keys, from memory alone: those to come, those that sign, and those whose last token may
    /// still live. The same ones in the same place until they change.
    #[must_use]
    pub fn jwks(&self) -> Arc<JwkSet> {
        self.0.held.load().jwks()
    }

    /// Looks at the database now. Whoever is led here by strangers' requests must bound how often.
    ///
    /// # Errors
    /// As [`SigningKeys::open`]; the keys held before stay.
    pub async fn refresh(&self) -> Result<(), Error> {
        let _looking = self.0.looking.lock().await;
        let present = self.0.keeper.load().await?;
        // A row never changes: where the public keys are the same, everything is.
        if present.jwks() != self.jwks() {
            self.0.held.store(Arc::new(present));
        }
        Ok(())
    }

    /// Publishes the keys whose turn is near and forgets those that have ended. As often as one likes: it does
    /// only what is due.
    ///
    /// # Errors
    /// As [`SigningKeys::open`].
    pub async fn rotate(&self) -> Result<(), Error> {
        self.0.keeper.rotate().await?;
        self.refresh().await
    }

    /// Follows the database until the shutdown.
    pub async fn follow(&self, shutdown: CancellationToken) {
        let mut ticks = time::interval(POLL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut following = true;
        loop {
            let poll = async {
                ticks.tick().await;
                time::timeout(POLL_PATIENCE, self.refresh()).await
            };
            let Some(outcome) = shutdown.run_until_cancelled(poll).await else { return };
            let failure: Option<&(dyn std::error::Error + 'static)> = match &outcome {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(elapsed) => Some(elapsed),
            };
            // Told when it begins and when it ends, not each minute in between.
            match failure {
                Some(error) if following => tracing::warn!(error, "signing keys cannot be followed"),
                None if !following => tracing::info!("signing keys are followed again"),
                _ => {}
            }
            following = failure.is_none();
        }
    }
}

impl Keeper {
    async fn load(&self) -> Result<KeySet, Error> {
        let mut kept = self.store.signing_keys().await?;
        let mut lacking = SigningAlgorithm::ALL.to_vec();
        lacking.retain(|algorithm| newest(&kept, *algorithm).is_none());
        if !lacking.is_empty() {
            for algorithm in lacking {
                self.make_if_due(algorithm, None).await?;
            }
            // Another process may have been first: what signs is what the database has.
            kept = self.store.signing_keys().await?;
        }
        KeySet::open(&kept, &self.sealing, self.clock.now())
    }

    /// Seals under the present secret what lies under an earlier one, so that this one may go.
    async fn seal_anew(&self) -> Result<(), Error> {
        for key in self.store.signing_keys().await? {
            let kid = key.id.to_string();
            if self.sealing.has_sealed(&kid, &key.sealed) {
                continue;
            }
            let pkcs8 = self.sealing.open(&kid, &key.sealed).map_err(|_| Error::Sealed { id: key.id })?;
            let sealed = self.sealing.seal(&kid, pkcs8, self.rng.bytes()).map_err(|_| Error::Sealing)?;
            self.store.reseal_signing_key(key.id, &key.sealed, &sealed).await?;
            tracing::info!(kid, "a signing key was sealed under the new pepper");
        }
        Ok(())
    }

    async fn rotate(&self) -> Result<(), Error> {
        self.seal_anew().await?;
        let kept = self.store.signing_keys().await?;
        let now = self.clock.now();
        for algorithm in SigningAlgorithm::ALL {
            self.make_if_due(algorithm, newest(&kept, algorithm)).await?;
        }
        let ended = kept.iter().filter(|key| key.has_ended(&kept, now));
        let ended: Vec<SigningKeyId> = ended.map(|key| key.id).collect();
        if !ended.is_empty() {
            self.store.delete_signing_keys(&ended).await?;
            tracing::info!(kids = ?ended, "signing keys were forgotten");
        }
        Ok(())
    }

    async fn make_if_due(&self, algorithm: SigningAlgorithm, newest: Option<&KeptKey>) -> Result<(), Error> {
        let created_at = self.clock.now();
        let Some(Place { generation, signs_from }) = self.rotation.next(newest, created_at) else {
            return Ok(());
        };
        let id: SigningKeyId = self.ids.next();
        let kid = id.to_string();
        let (_, pkcs8) = SigningKey::generate(algorithm.into(), kid.clone(), &SystemRandom::new())?;
        let sealed = self.sealing.seal(&kid, pkcs8, self.rng.bytes()).map_err(|_| Error::Sealing)?;
        let key = KeptKey { id, algorithm, generation, sealed, created_at, signs_from };
        if self.store.insert_signing_key(&key).await? {
            tracing::info!(kid, %algorithm, %signs_from, "a signing key was made");
        }
        Ok(())
    }
}

/// The newest key of an algorithm, of keys that come oldest first.
fn newest(kept: &[KeptKey], algorithm: SigningAlgorithm) -> Option<&KeptKey> {
    kept.iter().rfind(|key| key.algorithm == algorithm)
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("published", &self.jwks().keys.len()).finish_non_exhaustive()
    }
}
