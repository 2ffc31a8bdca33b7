//! Clients who call as fast as they can until a quota is used up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use comporta_e2e::sizes;
use comporta_testkit::{Answer, Client, Server};
use tokio::task::JoinSet;

/// After so many refusals in a row a client believes it.
const ENOUGH: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(50);

/// A third of the clients, all of one gateway.
pub(crate) struct Greedy {
    clients: JoinSet<Tally>,
    served: Arc<AtomicU64>,
}

/// What they were answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) served: u64,
    /// By 429.
    pub(crate) refused: u64,
    /// By 503.
    pub(crate) put_off: u64,
    pub(crate) others: u64,
    pub(crate) cut_off: u64,
}

impl Greedy {
    pub(crate) fn start(server: &Server, key: &str) -> Self {
        let served = Arc::new(AtomicU64::new(0));
        let clients = (0..sizes::greedy().div_ceil(3)).map(|_| {
            let (client, served) = (Client::new(server.public(), Some(key)), Arc::clone(&served));
            call(client, served)
        });
        Self { clients: clients.collect(), served }
    }

    pub(crate) fn served(&self) -> u64 {
        self.served.load(Relaxed)
    }

    pub(crate) async fn ended(self) -> Tally {
        self.clients.join_all().await.into_iter().fold(Tally::default(), Tally::and)
    }
}

impl Tally {
    pub(crate) fn count(&mut self, answer: &Answer) {
        let place = match answer.status.as_u16() {
            200 => &mut self.served,
            429 => &mut self.refused,
            503 => &mut self.put_off,
            _ => &mut self.others,
        };
        *place += 1;
    }

    fn and(self, other: Self) -> Self {
        Self {
            served: self.served + other.served,
            refused: self.refused + other.refused,
            put_off: self.put_off + other.put_off,
            others: self.others + other.others,
            cut_off: self.cut_off + other.cut_off,
        }
    }
}

async fn call(mut client: Client, served: Arc<AtomicU64>) -> Tally {
    let mut tally = Tally::default();
    let mut in_a_row = 0;
    while in_a_row < ENOUGH {
        let Ok(answer) = client.get("/free/x").await else {
            tally.cut_off += 1;
            return tally;
        };
        tally.count(&answer);
        if answer.status == 200 {
            in_a_row = 0;
            served.fetch_add(1, Relaxed);
        } else {
            in_a_row += 1;
            tokio::time::sleep(BETWEEN).await;
        }
    }
    tally
}
