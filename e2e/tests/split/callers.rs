//! Callers who know both gateways: what one of them breaks off is asked of the other one, with the same key.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use bytes::Bytes;
use comporta_testkit::{Answer, Client, EntryBody};
use serde_json::json;
use tokio::task::JoinSet;

use super::Outage;

const WRITERS: usize = 6;
const ISSUERS: usize = 2;
const READERS: usize = 4;
const ISSUING: usize = WRITERS + ISSUERS;
/// Between two calls of a caller: they are to be many at any moment, not to wear the machine out.
const PAUSE: Duration = Duration::from_millis(15);
const PATIENCE: Duration = Duration::from_secs(60);
/// From a process's end to what breaks of it, and from its return to what had been under way.
const AROUND: Duration = Duration::from_secs(1);
const READ: [&str; 4] = ["/v1/accounts", "/v1/entries?limit=5", "/v1/boletos?limit=5", "/v1/bank-accounts"];

/// Callers that call until they are told to stop.
pub(crate) struct Calls {
    callers: JoinSet<()>,
    stop: Arc<AtomicBool>,
    /// What they were told so far.
    pub(crate) told: Arc<Told>,
}

/// What callers were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    served: AtomicI64,
    in_doubt: AtomicI64,
    /// Entries and debts that were acknowledged.
    entries: Mutex<Vec<String>>,
    debts: Mutex<Vec<String>>,
    /// Which gateway broke a call off or was not there, and when.
    broken: Mutex<Vec<(Instant, usize)>>,
    /// POSTs that a gateway answered for a service that died over them.
    turned_away: AtomicI64,
    reads: AtomicI64,
}

/// A caller with a connection to each gateway.
pub(crate) struct Caller {
    doors: [Client; 2],
    /// Whom it asks first.
    door: usize,
    told: Arc<Told>,
}

impl Calls {
    /// Starts them all.
    pub(crate) fn start(doors: impl Fn() -> [Client; 2]) -> Self {
        let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Told::default()));
        let mut callers = JoinSet::new();
        for number in 0..ISSUING + READERS {
            let caller = Caller::new(doors(), number % 2, &told);
            let stop = Arc::clone(&stop);
            match number {
                ..WRITERS => callers.spawn(write(caller, number, stop)),
                WRITERS..ISSUING => callers.spawn(issue(caller, number, stop)),
                _ => callers.spawn(read(caller, stop)),
            };
        }
        Self { callers, stop, told }
    }

    /// Lets each caller end what it is at.
    pub(crate) async fn stop(self) -> Arc<Told> {
        self.stop.store(true, SeqCst);
        self.callers.join_all().await;
        self.told
    }
}

impl Caller {
    pub(crate) fn new(doors: [Client; 2], door: usize, told: &Arc<Told>) -> Self {
        Self { doors, door, told: Arc::clone(told) }
    }

    /// Asks until it is answered with this status, of one gateway after the other.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &Bytes,
        done: u16,
    ) -> Answer {
        let begun = Instant::now();
        loop {
            match self.doors[self.door].post(path, headers, body.clone()).await {
                Ok(answer) => {
                    self.told.served.fetch_add(1, SeqCst);
                    if answer.status == done {
                        return answer;
                    }
                    let status = answer.status.as_u16();
                    assert!([502, 503, 504].contains(&status), "{path}: {status} {}", answer.text());
                    self.told.turned_away.fetch_add(1, SeqCst);
                }
                Err(_) => self.told.broke(self.door),
            }
            assert!(begun.elapsed() < PATIENCE, "{path} is not done");
            self.door = 1 - self.door;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks once; if the gateway is not there, the other one, which must know.
    async fn get(&mut self, path: &str) {
        for attempt in 0..2 {
            match self.doors[self.door].get(path).await {
                Ok(answer) => {
                    self.told.served.fetch_add(1, SeqCst);
                    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                    self.told.reads.fetch_add(1, SeqCst);
                    return;
                }
                Err(failure) => {
                    self.told.broke(self.door);
                    assert_eq!(attempt, 0, "{path}, by the gateway that is left: {failure}");
                }
            }
            self.door = 1 - self.door;
        }
    }
}

impl Told {
    /// Calls that were answered whole, however.
    pub(crate) fn served(&self) -> i64 {
        self.served.load(SeqCst)
    }

    /// Calls that were not.
    pub(crate) fn in_doubt(&self) -> i64 {
        self.in_doubt.load(SeqCst)
    }

    /// Entries that were acknowledged, by their descriptions.
    pub(crate) fn entries(&self) -> Vec<String> {
        self.entries.lock().unwrap().clone()
    }

    /// Debts whose boletos were acknowledged.
    pub(crate) fn debts(&self) -> Vec<String> {
        self.debts.lock().unwrap().clone()
    }

    /// Whatever broke, broke with a gateway that was killed at that time.
    pub(crate) fn only_a_killed_gateway_cut_callers_off(&self, outages: &[Outage]) {
        for (at, door) in self.broken.lock().unwrap().iter() {
            let name = format!("gateway-{}", door + 1);
            let away =
                |outage: &Outage| outage.name == name && outage.down <= *at && *at <= outage.up + AROUND;
            assert!(outages.iter().any(away), "{name} broke a call off and was not killed then");
        }
    }

    /// What happened, for people.
    pub(crate) fn figures(&self) -> String {
        format!(
            "{} entries, {} debts, {} reads; {} calls broken off by a killed gateway, {} POSTs answered 502 to 504 and repeated",
            self.entries().len(),
            self.debts().len(),
            self.reads.load(SeqCst),
            self.broken.lock().unwrap().len(),
            self.turned_away.load(SeqCst),
        )
    }

    fn broke(&self, door: usize) {
        self.in_doubt.fetch_add(1, SeqCst);
        self.broken.lock().unwrap().push((Instant::now(), door));
    }
}

async fn write(mut caller: Caller, number: usize, stop: Arc<AtomicBool>) {
    for turn in 0.. {
        let key = format!("writer-{number}-{turn}");
        let body = Bytes::from(&EntryBody::credit(100 + turn, &key));
        caller.post("/v1/entries", &[("idempotency-key", &key)], &body, 201).await;
        caller.told.entries.lock().unwrap().push(key);
        if stop.load(SeqCst) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn issue(mut caller: Caller, number: usize, stop: Arc<AtomicBool>) {
    for turn in 0.. {
        let debt = format!("debt-{number}-{turn}");
        let payer = json!({"name": "Ana", "document": "52998224725", "email": format!("{debt}@example.com")});
        let body = json!({"debt_id": debt, "amount": "150.00", "due_date": "2030-01-04", "payer": payer});
        caller.post("/v1/boletos", &[("idempotency-key", &debt)], &body.to_string().into(), 201).await;
        caller.told.debts.lock().unwrap().push(debt);
        if stop.load(SeqCst) {
            return;
        }
        tokio::time::sleep(4 * PAUSE).await;
    }
}

async fn read(mut caller: Caller, stop: Arc<AtomicBool>) {
    for path in READ.iter().cycle() {
        if stop.load(SeqCst) {
            return;
        }
        // Now by the one, now by the other.
        caller.door = 1 - caller.door;
        caller.get(path).await;
        tokio::time::sleep(PAUSE).await;
    }
}
