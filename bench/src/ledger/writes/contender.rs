//! Entries written through our door.

use comporta_testkit::Server;

use super::{CLIENTS, SHARED, SYNCS, Syncs, Usage, paced, tell};
use crate::Outcome;
use crate::ledger::{Engine, Ground, accounts, metric};
use crate::load::{Door, Requests, Wanted, closed, post};
use crate::report::Figures;

/// Told by the server: how many groups it committed since it started.
const GROUPS: &str = "comporta_ledger_group_postings_count";
/// Between the first keys of two rounds: more than any round sends.
const KEYS: u64 = 1_000_000_000;

/// One way of writing entries, and what each round of it gave.
pub(super) struct Contender {
    name: &'static str,
    /// Running only during its rounds.
    server: Server,
    account: String,
    keyed: bool,
    rounds: Vec<Figures>,
    acknowledged: u64,
    refused: u64,
}

impl Contender {
    /// Makes the hot account on a running server, and stops it.
    pub(super) async fn prepare(name: &'static str, mut server: Server, keyed: bool) -> Outcome<Self> {
        let account = accounts::create(&server, name).await?;
        server.stop().await?;
        Ok(Self { name, server, account, keyed, rounds: Vec::new(), acknowledged: 0, refused: 0 })
    }

    /// One round: start, load, stop.
    pub(super) async fn run(&mut self, ground: &Ground<'_>, engine: Engine, round: u64) -> Outcome {
        let syncs = Syncs::begin(ground, engine)?;
        self.server.restart().await?;
        let requests = self.requests(round)?;
        let before = Usage::now(ground, engine, Some(&self.server));
        let door = Door::Plain(self.server.public());
        let seen = closed(&door, &requests, Wanted::status(201), CLIENTS, ground.round()).await?;
        let used = Usage::now(ground, engine, Some(&self.server)).since(&before);
        let groups = metric(&self.server, GROUPS).await?;
        self.server.stop().await?;
        let done = seen.done() as f64;
        let figures = paced(done / seen.elapsed.as_secs_f64(), &seen.latencies);
        let figures = figures.with_some(SYNCS, syncs.end(ground, done)?);
        let figures = used.per(done, figures.with_some(SHARED, groups.map(|count| done / count)));
        tell(self.name, round, &figures);
        self.rounds.push(figures);
        self.acknowledged += seen.done();
        self.refused += seen.refused;
        Ok(())
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// The figures of each round.
    pub(super) fn rounds(&self) -> &[Figures] {
        &self.rounds
    }

    /// Requests that were not answered 201.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// By how many the entries acknowledged and the entries in the daily balances differ.
    pub(super) async fn missing(&mut self) -> Outcome<u64> {
        self.server.restart().await?;
        let found = accounts::count(&self.server, &self.account, None).await?;
        self.server.stop().await?;
        Ok(self.acknowledged.abs_diff(found))
    }

    fn requests(&self, round: u64) -> Outcome<Requests> {
        let key = self.server.first_run()?.api_key;
        let request = post("/v1/entries", &key, &accounts::entry(&self.account));
        Ok(match self.keyed {
            true => Requests::keyed(&request, round * KEYS),
            false => Requests::new(vec![request]),
        })
    }
}
