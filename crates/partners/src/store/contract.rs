//! What every store must do: each test runs on both engines.

mod invoices;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Connection, Db, Options, Tx};
use comporta_kernel::{CompanyId, ManualClock, Rng, Timestamp, TypedId as _};
use jiff::SignedDuration;

use crate::model::{Changes, Holding, Standing};
use crate::{
    Company, CompanyChange, CompanyStatus, Error, IssuedKey, KeyId, KeyMode, KeyState, NewCompany, NewKey,
    OnCompanyCreated, Overlap, Partners, Pepper, Scopes,
};

/// The service on a new database, with a clock that the test moves.
struct World {
    db: Db,
    partners: Partners,
    clock: ManualClock,
}

/// Writes a row of another table in the company's transaction, as a ledger would; or fails, as it might.
struct Witness;

#[async_trait]
impl OnCompanyCreated for Witness {
    async fn company_created(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        _: Timestamp,
    ) -> Result<(), comporta_db::Error> {
        const SQL: &str = "UPDATE company SET address = name WHERE id = $1 AND name <> 'refused'";
        let touched = match tx.connection() {
            Connection::Postgres(db) => {
                sqlx::query(SQL).bind(company.uuid()).execute(db).await?.rows_affected()
            }
            Connection::Sqlite(db) => {
                sqlx::query(SQL).bind(company.uuid()).execute(db).await?.rows_affected()
            }
        };
        if touched == 1 { Ok(()) } else { Err(comporta_db::Error::Corrupt { column: "company.name" }) }
    }
}

impl World {
    async fn at(url: String) -> Self {
        let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 4 };
        let db = Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
        let pepper = Pepper::from_text(&"p".repeat(32)).unwrap();
        let partners = Partners::new(&db, pepper, clock.clone().into(), Rng::seeded(7), Arc::new(Witness));
        Self { db, partners, clock }
    }

    async fn company(&self, name: &str) -> Company {
        self.partners.create_company(new_company(name)).await.unwrap()
    }

    async fn key(&self, company: CompanyId, expires_at: Option<Timestamp>) -> IssuedKey {
        self.partners.create_key(company, new_key(expires_at)).await.unwrap()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// All that has changed after an epoch.
#[derive(Default)]
struct Seen {
    epoch: i64,
    keys: Vec<Holding>,
    companies: Vec<Standing>,
    plans: Vec<crate::PlanInForce>,
}

async fn seen_since(partners: &Partners, epoch: i64) -> Seen {
    let seen = std::sync::Mutex::new(Seen::default());
    let take = |Changes { keys, companies, plans }| {
        let mut seen = seen.lock().unwrap();
        seen.keys.extend(keys);
        seen.companies.extend(companies);
        // They come with each page again.
        seen.plans = plans;
    };
    let epoch = partners.changes_since(epoch, take).await.unwrap();
    Seen { epoch, ..seen.into_inner().unwrap() }
}

fn new_company(name: &str) -> NewCompany {
    NewCompany {
        name: name.parse().unwrap(),
        document: Some("12.345.678/0001-95".parse().unwrap()),
        email: Some("ana@example.com".parse().unwrap()),
        address: None,
        plan: None,
    }
}

fn new_key(expires_at: Option<Timestamp>) -> NewKey {
    let scopes: Scopes = "ledger:read books:write".parse().unwrap();
    NewKey {
        name: "till".parse().unwrap(),
        scopes,
        mode: KeyMode::Test,
        expires_at,
        allowed_addresses: "203.0.113.0/24 2001:db8::7".parse().unwrap(),
    }
}

fn day() -> Overlap {
    "24h".parse().unwrap()
}

async fn a_company_reads_back_with_what_came_in_its_transaction(world: World) {
    let made = world.company("Água & Cia").await;
    let read = world.partners.company(made.id).await.unwrap();
    assert_eq!(read, Company { address: Some("Água & Cia".parse().unwrap()), ..made });
    assert_eq!(read.created_at, world.now());
}

async fn a_company_whose_transaction_fails_is_not_there(world: World) {
    assert!(world.partners.create_company(new_company("refused")).await.is_err());
    assert_eq!(world.partners.companies(None, 10).await.unwrap(), []);
}

async fn whether_there_are_companies_is_seen_in_a_transaction(world: World) {
    let mut tx = world.db.begin().await.unwrap();
    assert!(!world.partners.has_companies_in(&mut tx).await.unwrap());
    let company = world.partners.create_company_in(&mut tx, new_company("Demo")).await.unwrap();
    assert!(world.partners.has_companies_in(&mut tx).await.unwrap());
    world.partners.create_key_in(&mut tx, company.id, new_key(None)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.partners.keys(company.id, None, 10).await.unwrap().len(), 1);
}

async fn companies_are_listed_from_a_place_on(world: World) {
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        world.clock.advance(SignedDuration::from_secs(1));
        made.push(world.company(name).await.id);
    }
    let ids = |companies: Vec<Company>| companies.into_iter().map(|company| company.id).collect::<Vec<_>>();
    assert_eq!(ids(world.partners.companies(None, 2).await.unwrap()), made[..2]);
    assert_eq!(ids(world.partners.companies(Some(made[1]), 2).await.unwrap()), made[2..]);
}

async fn a_change_of_a_company_is_kept(world: World) {
    let company = world.company("Ana").await;
    let change = CompanyChange {
        name: Some("Ana Ltda".parse().unwrap()),
        document: Some(None),
        status: Some(CompanyStatus::Suspended),
        ..CompanyChange::default()
    };
    let changed = world.partners.change_company(company.id, change).await.unwrap();
    assert_eq!(world.partners.company(company.id).await.unwrap(), changed);
    assert_eq!((changed.name.as_str(), changed.document), ("Ana Ltda", None));
    assert_eq!((changed.status, changed.email), (CompanyStatus::Suspended, company.email));
}

async fn what_is_not_there_is_told(world: World) {
    let (company, key): (CompanyId, KeyId) = (CompanyId::from_uuid(uuid(1)), KeyId::from_uuid(uuid(2)));
    let partners = &world.partners;
    assert!(matches!(partners.company(company).await, Err(Error::NoSuchCompany)));
    let suspended = partners.set_company_status(company, CompanyStatus::Suspended).await;
    assert!(matches!(suspended, Err(Error::NoSuchCompany)));
    assert!(matches!(partners.keys(company, None, 1).await, Err(Error::NoSuchCompany)));
    assert!(matches!(partners.create_key(company, new_key(None)).await, Err(Error::NoSuchCompany)));
    assert!(matches!(partners.rotate_key(key, day()).await, Err(Error::NoSuchKey)));
    assert!(matches!(partners.revoke_key(key).await, Err(Error::NoSuchKey)));
    assert!(partners.holding(key).await.unwrap().is_none());
}

async fn a_key_reads_back_without_its_secret(world: World) {
    let company = world.company("Ana").await.id;
    let end = world.now() + SignedDuration::from_hours(720);
    let made = world.key(company, Some(end)).await;
    assert_eq!(world.partners.keys(company, None, 10).await.unwrap(), std::slice::from_ref(&made.key));
    let holding = world.partners.holding(made.key.id).await.unwrap().unwrap();
    assert!(world.partners.peppers().current().matches(&made.text, &holding.secret.bytes));
    assert_eq!((holding.company_id, holding.scopes), (company, made.key.scopes));
    assert_eq!((holding.expires_at, holding.revoked, holding.suspended), (Some(end), false, false));
}

async fn keys_are_listed_by_company_from_a_place_on(world: World) {
    let (ana, bia) = (world.company("Ana").await.id, world.company("Bia").await.id);
    let mut made = Vec::new();
    for _ in 0..3 {
        world.clock.advance(SignedDuration::from_secs(1));
        made.push(world.key(ana, None).await.key.id);
        world.key(bia, None).await;
    }
    let page = world.partners.keys(ana, Some(made[0]), 10).await.unwrap();
    assert_eq!(page.iter().map(|key| key.id).collect::<Vec<_>>(), made[1..]);
    assert_eq!(world.partners.keys(ana, None, 2).await.unwrap().len(), 2);
}

async fn a_key_that_would_end_before_it_begins_is_refused(world: World) {
    let company = world.company("Ana").await.id;
    let refused = world.partners.create_key(company, new_key(Some(world.now()))).await;
    assert!(matches!(refused, Err(Error::ExpiryPassed)));
}

async fn a_rotation_leaves_the_old_key_until_the_overlap_is_over(world: World) {
    let company = world.company("Ana").await.id;
    let old = world.key(company, None).await;
    world.clock.advance(SignedDuration::from_hours(1));
    let rotated = world.partners.rotate_key(old.key.id, day()).await.unwrap();

    assert_eq!(rotated.previous.expires_at, Some(world.now() + SignedDuration::from_hours(24)));
    let new = &rotated.issued;
    assert_eq!((new.text.id(), new.text.mode()), (new.key.id, KeyMode::Test));
    assert_eq!((&new.key.name, &new.key.scopes), (&old.key.name, &old.key.scopes));
    let kept = world.partners.keys(company, None, 10).await.unwrap();
    assert_eq!(kept, [rotated.previous.clone(), new.key.clone()]);
    let holding = world.partners.holding(new.key.id).await.unwrap().unwrap();
    assert!(world.partners.peppers().current().matches(&new.text, &holding.secret.bytes));

    let again = world.partners.rotate_key(old.key.id, day()).await;
    assert!(matches!(again, Err(Error::KeyReplaced { by }) if by == new.key.id));
    assert_eq!(world.partners.keys(company, None, 10).await.unwrap().len(), 2);
}

async fn a_dead_key_is_not_rotated(world: World) {
    let company = world.company("Ana").await.id;
    let revoked = world.key(company, None).await.key.id;
    world.partners.revoke_key(revoked).await.unwrap();
    assert!(matches!(world.partners.rotate_key(revoked, day()).await, Err(Error::KeyRevoked)));
    let expired = world.key(company, Some(world.now() + SignedDuration::from_secs(1))).await.key.id;
    world.clock.advance(SignedDuration::from_secs(1));
    assert!(matches!(world.partners.rotate_key(expired, day()).await, Err(Error::KeyExpired)));
}

async fn a_second_revocation_changes_nothing(world: World) {
    let company = world.company("Ana").await.id;
    let key = world.key(company, None).await.key;
    let first = world.partners.revoke_key(key.id).await.unwrap();
    assert_eq!(first.revoked_at, Some(world.now()));
    assert_eq!(first.state(world.now()), KeyState::Revoked);
    world.clock.advance(SignedDuration::from_secs(9));
    assert_eq!(world.partners.revoke_key(key.id).await.unwrap(), first);
}

async fn every_change_of_a_key_is_seen_by_who_follows(world: World) {
    let company = world.company("Ana").await.id;
    let (a, b) = (world.key(company, None).await.key.id, world.key(company, None).await.key.id);
    let partners = &world.partners;
    let all = seen_since(partners, -1).await;
    assert_eq!(all.keys.len(), 2);
    assert!(seen_since(partners, all.epoch).await.keys.is_empty());

    partners.revoke_key(a).await.unwrap();
    let changed = seen_since(partners, all.epoch).await;
    assert_eq!(changed.keys.iter().map(|key| (key.id, key.revoked)).collect::<Vec<_>>(), [(a, true)]);

    let new = partners.rotate_key(b, Overlap::NONE).await.unwrap().issued.key.id;
    let changed = seen_since(partners, changed.epoch).await;
    let ends = |id| changed.keys.iter().find(|key| key.id == id).unwrap().expires_at;
    assert_eq!((changed.keys.len(), ends(b), ends(new)), (2, Some(world.now()), None));

    partners.set_company_status(company, CompanyStatus::Suspended).await.unwrap();
    let Seen { keys, .. } = seen_since(partners, changed.epoch).await;
    assert!(keys.len() == 3 && keys.iter().all(|key| key.suspended && key.epoch > changed.epoch));
}

async fn every_change_of_a_company_is_seen_though_it_holds_no_key(world: World) {
    let partners = &world.partners;
    let before = seen_since(partners, -1).await;
    assert!(before.companies.is_empty());
    let (ana, bia) = (world.company("Ana").await.id, world.company("Bia").await.id);
    let seen = |changes: &Seen| {
        let companies = changes.companies.iter().map(|company| (company.company_id, company.suspended));
        companies.collect::<std::collections::BTreeMap<_, _>>()
    };
    let made = seen_since(partners, before.epoch).await;
    assert_eq!(seen(&made), [(ana, false), (bia, false)].into());
    for (status, suspended) in [(CompanyStatus::Suspended, true), (CompanyStatus::Active, false)] {
        let before = seen_since(partners, made.epoch).await.epoch;
        partners.set_company_status(bia, status).await.unwrap();
        let changed = seen_since(partners, before).await;
        assert_eq!((seen(&changed), changed.epoch > before), ([(bia, suspended)].into(), true));
    }
}

async fn changes_made_at_once_each_have_an_epoch_of_their_own(world: World) {
    let company = world.company("Ana").await.id;
    let makers = (0..8).map(|_| {
        let partners = world.partners.clone();
        tokio::spawn(async move { partners.create_key(company, new_key(None)).await.unwrap() })
    });
    for maker in makers.collect::<Vec<_>>() {
        maker.await.unwrap();
    }
    let Seen { epoch, keys, .. } = seen_since(&world.partners, -1).await;
    let epochs: std::collections::BTreeSet<i64> = keys.iter().map(|key| key.epoch).collect();
    assert_eq!((keys.len(), epochs.len(), epochs.last()), (8, 8, Some(&epoch)));
}

fn uuid(value: u128) -> comporta_kernel::Uuid {
    comporta_kernel::Uuid::from_u128(value)
}

macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::World::at(comporta_neighbours::fresh_sqlite_url()).await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::World::at(comporta_neighbours::fresh_postgres_url()).await).await;
            })+
        }
    };
}

mod usage;

on_both_engines! {
    a_company_reads_back_with_what_came_in_its_transaction,
    a_company_whose_transaction_fails_is_not_there,
    whether_there_are_companies_is_seen_in_a_transaction,
    companies_are_listed_from_a_place_on,
    a_change_of_a_company_is_kept,
    what_is_not_there_is_told,
    a_key_reads_back_without_its_secret,
    keys_are_listed_by_company_from_a_place_on,
    a_key_that_would_end_before_it_begins_is_refused,
    a_rotation_leaves_the_old_key_until_the_overlap_is_over,
    a_dead_key_is_not_rotated,
    a_second_revocation_changes_nothing,
    every_change_of_a_key_is_seen_by_who_follows,
    every_change_of_a_company_is_seen_though_it_holds_no_key,
    changes_made_at_once_each_have_an_epoch_of_their_own,
}

mod audit;
mod keys;
mod plans;
mod quotas;
mod reminders;
