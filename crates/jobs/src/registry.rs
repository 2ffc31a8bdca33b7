//! The one table of every job there is.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::{Context, Job, JobError};

/// Every kind of job that a worker can run, each with what it needs.
#[derive(Default)]
pub struct Registry {
    handlers: BTreeMap<&'static str, Handler>,
}

pub(crate) struct Handler {
    pub(crate) attempts: u32,
    run: Box<Run>,
}

/// Runs a job given as JSON, for the so-many-th time.
type Run = dyn Fn(&str, u32) -> BoxFuture<'static, Result<(), JobError>> + Send + Sync;

impl Registry {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind of job and what it needs; one of the same name is replaced.
    #[must_use]
    pub fn register<J: Job>(mut self, state: J::State) -> Self {
        let run = move |payload: &str, attempt: u32| {
            let job = serde_json::from_str::<J>(payload).map_err(JobError::give_up);
            let context = Context { state: state.clone(), attempt, is_last: attempt >= J::ATTEMPTS };
            async move { job?.run(&context).await }.boxed()
        };
        self.handlers.insert(J::NAME, Handler { attempts: J::ATTEMPTS, run: Box::new(run) });
        self
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.keys().copied()
    }

    pub(crate) fn handler(&self, name: &str) -> Option<&Handler> {
        self.handlers.get(name)
    }
}

impl Handler {
    pub(crate) fn run(&self, payload: &str, attempt: u32) -> BoxFuture<'static, Result<(), JobError>> {
        (self.run)(payload, attempt)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
