//! What the ledger must do on either engine: each test runs on both.

mod balances;
mod entries;
mod oracle;
mod race;

use std::sync::Arc;

use comporta_db::{Db, Options as DbOptions};
use comporta_kernel::{
    BusinessDate, Clock, CompanyId, Currency, IdSource, ManualClock, Money, RequestKey, Rng, TypedId as _,
    Uuid,
};
use tokio_util::sync::CancellationToken;

use crate::model::{AccountId, Entry, Kind, NewAccount, NewEntry};
use crate::service::{CreatedAccount, Ledger, Options, Posted};
use crate::{Error, store::Drift};

/// A ledger on a new database, with one company and a clock that the test moves.
pub(super) struct World {
    pub(super) db: Db,
    pub(super) ledger: Ledger,
    pub(super) clock: ManualClock,
    pub(super) company: CompanyId,
}

impl World {
    async fn at(url: String) -> Self {
        let db = Db::open(&DbOptions { url: url.parse().unwrap(), read_url: None, max_connections: 8 })
            .await
            .unwrap();
        db.migrate().await.unwrap();
        let clock = ManualClock::at("2026-03-10T15:00:00Z".parse().unwrap());
        let world = Self::beside(&db, clock, CompanyId::from_uuid(Uuid::from_u128(1)));
        world.open(world.company).await;
        world
    }

    /// A second process on the same database.
    fn beside(db: &Db, clock: ManualClock, company: CompanyId) -> Self {
        let ids = IdSource::new(Clock::from(clock.clone()), Rng::system());
        let time_zone = "America/Sao_Paulo".parse().unwrap();
        let options = Options { time_zone, currency: Currency::BRL, queue: 4096, commit_max: 512 };
        let ledger = Ledger::new(db.clone(), clock.clone().into(), ids, options);
        Self { db: db.clone(), ledger, clock, company }
    }

    async fn open(&self, company: CompanyId) {
        let mut tx = self.db.begin().await.unwrap();
        self.ledger.open_in(&mut tx, company, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn post(&self, new: NewEntry) -> Entry {
        self.try_post(new, None).await.unwrap().entries.remove(0)
    }

    async fn try_post(&self, new: NewEntry, key: Option<RequestKey>) -> Result<Posted, Error> {
        self.ledger.post_entry(self.company, new, key).await
    }

    async fn account(&self, name: &str, zone: &str, opening: i64) -> AccountId {
        let new = NewAccount {
            name: name.parse().unwrap(),
            currency: None,
            time_zone: Some(zone.parse().unwrap()),
            opening_balance: Some(Money::from_centavos(opening).unwrap()),
            opening_date: Some(day("2026-03-01")),
        };
        let answer = |_: &_, _| unreachable!("there is no key");
        match self.ledger.create_account(self.company, new, None, answer).await.unwrap() {
            CreatedAccount::Now(account, _) => account.id,
            CreatedAccount::Before(_) => unreachable!("there is no key"),
        }
    }

    async fn closing(&self, account: Option<AccountId>, date: &str) -> String {
        let (_, days) = self
            .ledger
            .daily_balances(self.company, account, Some(day(date)), Some(day(date)))
            .await
            .unwrap();
        days[0].closing().to_string()
    }

    async fn consolidate(&self) {
        self.ledger.consolidate_all(&CancellationToken::new()).await.unwrap();
    }

    async fn drifts(&self, account: AccountId) -> Vec<Drift> {
        self.ledger.store().drifts(self.company, account).await.unwrap()
    }

    async fn main(&self) -> AccountId {
        self.ledger.store().main_account(self.company).await.unwrap().unwrap().id
    }
}

fn credit(centavos: i64, date: &str) -> NewEntry {
    NewEntry {
        account_id: None,
        kind: Kind::Credit,
        amount: Money::from_centavos(centavos).unwrap(),
        description: "Venda no balcão".parse().unwrap(),
        business_date: Some(day(date)),
        occurred_at: None,
        category: None,
        external_id: None,
        metadata: None,
    }
}

fn debit(centavos: i64, date: &str) -> NewEntry {
    NewEntry { kind: Kind::Debit, ..credit(centavos, date) }
}

fn day(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

fn key(key: &str, hash: u8) -> Option<RequestKey> {
    Some(RequestKey { key: key.into(), hash: [hash; 32] })
}

/// Runs one test on both engines.
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn holds($world: World) $body

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                holds(World::at(comporta_neighbours::fresh_sqlite_url()).await).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                holds(World::at(comporta_neighbours::fresh_postgres_url()).await).await;
            }
        }
    )+};
}
use on_both_engines;

type Shared = Arc<World>;
