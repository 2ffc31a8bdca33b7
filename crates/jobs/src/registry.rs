//! The one table of every job there is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::store::Claimed;
use crate::{Context, Job, JobError};

/// Every kind of job that a worker can run, each with what it needs.
#[derive(Default)]
pub struct Registry {
    handlers: BTreeMap<&'static str, Handler>,
}

pub(crate) struct Handler {
    pub(crate) attempts: u32,
    /// Places for its kind, if they are numbered.
    pub(crate) room: Option<Arc<Semaphore>>,
    run: Box<Run>,
}

/// Kinds of job that share places.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) names: Vec<String>,
    pub(crate) room: Option<Arc<Semaphore>>,
}

/// Runs a job, its fields given as JSON.
type Run = dyn Fn(&Claimed) -> BoxFuture<'static, Result<(), JobError>> + Send + Sync;

impl Registry {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind of job and what it needs; one of the same name is replaced.
    #[must_use]
    pub fn register<J: Job>(mut self, state: J::State) -> Self {
        let run = move |claimed: &Claimed| {
            let job = serde_json::from_str::<J>(&claimed.payload).map_err(JobError::give_up);
            let (id, attempt) = (claimed.id, claimed.attempt);
            let context = Context { state: state.clone(), id, attempt, is_last: attempt >= J::ATTEMPTS };
            async move { job?.run(&context).await }.boxed()
        };
        let room = (J::AT_ONCE <= Semaphore::MAX_PERMITS).then(|| Arc::new(Semaphore::new(J::AT_ONCE)));
        self.handlers.insert(J::NAME, Handler { attempts: J::ATTEMPTS, room, run: Box::new(run) });
        self
    }

    /// The kinds that may be claimed together, each group with its places: those without a number of their own are one.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let all = || self.handlers.iter().map(|(name, handler)| ((*name).to_owned(), handler.room.clone()));
        let few = all().filter_map(|(name, room)| Some(Group { names: vec![name], room: Some(room?) }));
        let many = all().filter(|(_, room)| room.is_none()).map(|(name, _)| name).collect();
        few.chain([Group { names: many, room: None }]).collect()
    }

    pub(crate) fn handler(&self, name: &str) -> Option<&Handler> {
        self.handlers.get(name)
    }
}

impl Handler {
    pub(crate) fn run(&self, claimed: &Claimed) -> BoxFuture<'static, Result<(), JobError>> {
        (self.run)(claimed)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.handlers.keys()).finish()
    }
}
