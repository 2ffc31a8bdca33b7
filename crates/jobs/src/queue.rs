//! The way into the queue.

use std::sync::Arc;

use comporta_db::{Db, Tx};
use comporta_kernel::{Clock, IdSource, Timestamp};
use tokio::sync::Notify;

use crate::Job;
use crate::store::{self, NewJob, Store};

/// Takes jobs in; cheap to clone. Clones share one wake-up call for the workers of this process.
#[derive(Clone, Debug)]
pub struct Queue {
    clock: Clock,
    ids: IdSource,
    enqueued: Arc<Notify>,
}

/// When and how often a job is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnqueueOptions {
    /// Not before this instant; at once if there is none.
    pub run_at: Option<Timestamp>,
    /// A second job of the same name and key is ignored as long as the first is kept: until seven days after
    /// it was done, for ever if it failed.
    pub unique_key: Option<String>,
}

/// Jobs that are due and that nobody has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many; of more than a hundred thousand, the oldest so many.
    pub waiting: u64,
    /// When the oldest of them was due.
    pub oldest_due: Option<Timestamp>,
}

/// Why a job was not enqueued.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// Its fields cannot be written as JSON.
    #[error("a job {name} cannot be written as JSON")]
    Encode {
        /// The job's name.
        name: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] comporta_db::Error),
}

impl Queue {
    /// A queue that takes time and ids from these.
    #[must_use]
    pub fn new(clock: Clock, ids: IdSource) -> Self {
        Self { clock, ids, enqueued: Arc::new(Notify::new()) }
    }

    /// Enqueues a job in the transaction that causes it: both happen or neither. Gives whether it was new.
    ///
    /// # Errors
    /// [`EnqueueError`]; the transaction is then not to be committed.
    pub async fn enqueue_in<J: Job>(
        &self,
        tx: &mut Tx,
        job: &J,
        options: EnqueueOptions,
    ) -> Result<bool, EnqueueError> {
        let payload = encode(job)?;
        Ok(self.insert(tx, J::NAME, &payload, options).await?)
    }

    /// What waits in a database now: of any queue, whoever is to do it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backlog(&self, db: &Db) -> Result<Backlog, comporta_db::Error> {
        Store::new(db.clone()).backlog(self.clock.now()).await
    }

    pub(crate) async fn insert(
        &self,
        tx: &mut Tx,
        name: &str,
        payload: &str,
        options: EnqueueOptions,
    ) -> Result<bool, comporta_db::Error> {
        let now = self.clock.now();
        let job = NewJob {
            id: self.ids.uuid(),
            name,
            payload,
            unique_key: options.unique_key.as_deref(),
            due_at: options.run_at.unwrap_or(now),
            created_at: now,
        };
        let is_new = store::insert(tx, &job).await?;
        self.enqueued.notify_one();
        Ok(is_new)
    }

    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Ends when a transaction of this process has enqueued something: it may not be committed yet.
    pub(crate) async fn enqueued(&self) {
        self.enqueued.notified().await;
    }
}

pub(crate) fn encode<J: Job>(job: &J) -> Result<String, EnqueueError> {
    serde_json::to_string(job).map_err(|source| EnqueueError::Encode { name: J::NAME, source })
}
