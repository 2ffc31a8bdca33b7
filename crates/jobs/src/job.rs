//! What a job is, and how it fails.

use std::future::Future;

use comporta_kernel::Uuid;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A piece of work kept in the database until it is done. Its fields are kept as JSON: they only grow, with
/// defaults, because a job enqueued by an older version must still read.
///
/// A job runs at least once: a process may die after the work and before that is written down. So it must do
/// no harm when it is run again.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name in the database: it never changes.
    const NAME: &'static str;

    /// How often it is tried before it is given up. With the usual twenty, over about nine hours.
    const ATTEMPTS: u32 = 20;

    /// How many of its kind a worker runs at once, for those that come in crowds: others find room beside them.
    const AT_ONCE: usize = usize::MAX;

    /// What it needs to run, such as its capability's service; given when it is registered.
    type State: Clone + Send + Sync + 'static;

    /// Does the work. It may be dropped at any await when its lease was lost to another process.
    ///
    /// # Errors
    /// [`JobError::Retry`] for what may pass, [`JobError::GiveUp`] for what will not.
    fn run(&self, context: &Context<Self::State>) -> impl Future<Output = Result<(), JobError>> + Send;
}

/// What a job knows of its run.
#[derive(Clone, Debug)]
pub struct Context<S> {
    /// What it was registered with.
    pub state: S,
    /// Which job this is. What it enqueues to go on after it is enqueued once, under a key made of this.
    pub id: Uuid,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Whether a failure now is the end of it.
    pub is_last: bool,
}

/// Why a job did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It may work later: it is tried again after a pause that doubles each time.
    #[error("to be tried again")]
    Retry(#[source] Reason),
    /// It will never work: it is kept as failed.
    #[error("given up")]
    GiveUp(#[source] Reason),
}

type Reason = Box<dyn std::error::Error + Send + Sync>;

impl JobError {
    /// A failure that may pass.
    pub fn retry(reason: impl Into<Reason>) -> Self {
        Self::Retry(reason.into())
    }

    /// A failure that will not.
    pub fn give_up(reason: impl Into<Reason>) -> Self {
        Self::GiveUp(reason.into())
    }

    /// The reason and what lies behind it, in one line.
    pub(crate) fn reason(&self) -> String {
        let (Self::Retry(reason) | Self::GiveUp(reason)) = self;
        let mut text = reason.to_string();
        let mut cause = reason.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

impl From<comporta_db::Error> for JobError {
    /// Whatever ails the database may pass.
    fn from(error: comporta_db::Error) -> Self {
        Self::retry(error)
    }
}
