//! Group commit: postings that arrive while a commit is in flight share the next one. Idle, none waits.

use std::collections::VecDeque;
use std::sync::Arc;

use comporta_db::{Error, Place, Trace, Work as Told};
use comporta_kernel::Causes;
use tokio::sync::{mpsc, oneshot};

use crate::error::Error as LedgerError;
use crate::model::{Outcome, Posting};
use crate::store::Store;

/// Entries written in one transaction at most, so that a turn of the database stays short.
const ENTRIES_PER_COMMIT: usize = 2_000;
/// A posting larger than this takes the second lane, so that small ones need not wait behind it.
const BULKY: usize = 200;
/// A group that lost a race with another process is decided again this often.
const RETRIES: u32 = 3;

type Reply = oneshot::Sender<Result<Outcome, Arc<Error>>>;

/// The queues of postings on their way to the database.
#[derive(Debug, Clone)]
pub(crate) struct Committer {
    small: mpsc::Sender<Work>,
    bulky: mpsc::Sender<Work>,
}

#[derive(Debug)]
struct Work {
    posting: Arc<Posting>,
    reply: Reply,
    /// The span in which its caller waits, where that is recorded.
    trace: Option<Trace>,
}

/// Where groups are written.
#[derive(Debug, Clone)]
struct Target {
    store: Arc<dyn Store>,
    place: Place,
}

impl Committer {
    /// Starts both lanes. `group` is the number of postings per commit at most; 1 turns grouping off.
    /// They end when every clone of the committer is gone.
    pub(crate) fn start(store: &Arc<dyn Store>, place: &Place, queue: usize, group: usize) -> Self {
        let target = Target { store: Arc::clone(store), place: place.clone() };
        let lane = |queue| {
            let (sender, receiver) = mpsc::channel(queue);
            tokio::spawn(run(target.clone(), receiver, group));
            sender
        };
        Self { small: lane(queue), bulky: lane(queue.min(64)) }
    }

    /// Hands in a posting and waits until it is durable or refused. Once handed in it is carried out, even if
    /// the caller leaves.
    pub(crate) async fn commit(&self, posting: Arc<Posting>) -> Result<Outcome, LedgerError> {
        let lane = if posting.entries.len() > BULKY { &self.bulky } else { &self.small };
        let (reply, answer) = oneshot::channel();
        lane.try_send(Work { posting, reply, trace: Trace::current() }).map_err(|_| LedgerError::Busy)?;
        Ok(answer.await.map_err(|_| LedgerError::Busy)??)
    }
}

async fn run(target: Target, mut queue: mpsc::Receiver<Work>, group: usize) {
    let mut waiting = VecDeque::new();
    let mut arrived = Vec::new();
    loop {
        if waiting.is_empty() {
            if queue.recv_many(&mut arrived, group).await == 0 {
                return;
            }
            waiting.extend(arrived.drain(..));
        }
        let group = take_group(&mut waiting);
        metrics::histogram!("comporta_ledger_group_postings").record(group.len() as f64);
        commit_group(&target, group).await;
    }
}

/// The first postings whose entries fit in one commit; a large one alone.
fn take_group(waiting: &mut VecDeque<Work>) -> Vec<Work> {
    let mut entries = 0;
    let fits = waiting.iter().take_while(|work| {
        entries += work.posting.entries.len();
        entries <= ENTRIES_PER_COMMIT
    });
    let count = fits.count().max(1).min(waiting.len());
    waiting.drain(..count).collect()
}

async fn commit_group(target: &Target, group: Vec<Work>) {
    match post_with_retries(target, &group).await {
        Ok(outcomes) => {
            for (work, outcome) in group.into_iter().zip(outcomes) {
                // The caller may have left: the entry stands all the same.
                let _ = work.reply.send(Ok(outcome));
            }
        }
        // The outcome of a commit that lost its connection is not known: trying again could write twice.
        Err(error) if error.is_unavailable() || group.len() == 1 => fail(group, error),
        // One posting spoils the group: let each stand for itself.
        Err(_) => {
            for work in group {
                let outcome = post_with_retries(target, std::slice::from_ref(&work)).await;
                let only = outcome.map_err(Arc::new).map(|mut outcomes| outcomes.swap_remove(0));
                let _ = work.reply.send(only);
            }
        }
    }
}

fn fail(group: Vec<Work>, error: Error) {
    let error = Arc::new(error);
    tracing::warn!(postings = group.len(), error = %Causes(&error), "a commit of entries failed");
    for work in group {
        let _ = work.reply.send(Err(Arc::clone(&error)));
    }
}

/// Another process may have taken a key, or reversed an entry, between the look and the write: the database then
/// refuses the whole group, nothing is written, and a second look finds it.
async fn post_with_retries(target: &Target, group: &[Work]) -> Result<Vec<Outcome>, Error> {
    let postings: Vec<_> = group.iter().map(|work| Arc::clone(&work.posting)).collect();
    let told = tell(target, group);
    let mut attempt = 1;
    let result = loop {
        match target.store.post(&postings).await {
            Err(error) if attempt < RETRIES && (error.is_unique_violation() || error.is_conflict()) => {
                attempt += 1;
            }
            result => break result,
        }
    };
    if let Err(error) = &result {
        told.into_iter().for_each(|mut told| told.fails(error.kind()));
    }
    result
}

/// One commit serves many requests: each that is recorded is told of it, in its own trace.
fn tell(target: &Target, group: &[Work]) -> Vec<Told> {
    let traces = group.iter().filter_map(|work| work.trace.as_ref());
    traces.map(|trace| trace.begin(&target.place, "INSERT", "entry").of_batch(group.len())).collect()
}
