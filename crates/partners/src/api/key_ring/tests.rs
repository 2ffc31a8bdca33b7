//! What opens the door, and how soon a change is seen there.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Options, Tx};
use comporta_kernel::{CompanyId, ManualClock, Rng, Timestamp};
use jiff::SignedDuration;

use super::*;
use tokio_util::sync::CancellationToken;

use crate::{
    AllowedAddresses, CompanyStatus, IssuedKey, KeyMode, NewCompany, NewKey, OnCompanyCreated, Overlap,
    Pepper, Scopes,
};

struct Nobody;

#[async_trait]
impl OnCompanyCreated for Nobody {
    async fn company_created(
        &self,
        _: &mut Tx,
        _: CompanyId,
        _: Timestamp,
    ) -> Result<(), comporta_db::Error> {
        Ok(())
    }
}

struct World {
    db: Db,
    partners: Partners,
    clock: ManualClock,
    company: CompanyId,
}

async fn world() -> World {
    let url = comporta_neighbours::fresh_sqlite_url().parse().unwrap();
    let db = Db::open(&Options { url, read_url: None, max_connections: 4 }).await.unwrap();
    db.migrate().await.unwrap();
    let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let pepper = Pepper::from_text(&"p".repeat(32)).unwrap();
    let partners = Partners::new(&db, pepper, clock.clone().into(), Rng::seeded(1), Arc::new(Nobody));
    let name = "Ana".parse().unwrap();
    let new = NewCompany { name, document: None, email: None, address: None, plan: None };
    let company = partners.create_company(new).await.unwrap().id;
    World { db, partners, clock, company }
}

impl World {
    async fn key(&self, lives: Option<SignedDuration>) -> IssuedKey {
        let new = NewKey {
            name: "till".parse().unwrap(),
            scopes: "ledger:read".parse::<Scopes>().unwrap(),
            mode: KeyMode::Live,
            expires_at: lives.map(|span| self.clock.now() + span),
            allowed_addresses: AllowedAddresses::default(),
        };
        self.partners.create_key(self.company, new).await.unwrap()
    }

    async fn ring(&self) -> KeyRing {
        KeyRing::open(self.partners.clone()).await.unwrap()
    }
}

#[tokio::test]
async fn a_good_key_gives_its_principal() {
    let world = world().await;
    let issued = world.key(None).await;
    let principal = world.ring().await.authenticate(issued.text.expose(), None).unwrap();
    assert_eq!(principal.company_id, world.company);
    assert_eq!(*principal.actor, *issued.key.id.to_string());
    assert!(principal.holds("ledger:read") && !principal.holds("ledger:write"));
}

#[tokio::test]
async fn each_refusal_is_told_apart_once_the_secret_is_right() {
    let world = world().await;
    let (good, revoked) = (world.key(None).await, world.key(None).await);
    let expiring = world.key(Some(SignedDuration::from_secs(60))).await;
    world.partners.revoke_key(revoked.key.id).await.unwrap();
    let ring = world.ring().await;
    let refusal = |key: &IssuedKey| ring.authenticate(key.text.expose(), None).unwrap_err();

    assert_eq!(refusal(&revoked), Refusal::Revoked);
    assert!(ring.authenticate(expiring.text.expose(), None).is_ok());
    world.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(refusal(&expiring), Refusal::Expired);
    assert_eq!(ring.authenticate("cpt_live_x", None).unwrap_err(), Refusal::Malformed);
    let forged = ApiKeyText::random(revoked.key.id, KeyMode::Live, &Rng::seeded(99));
    assert_eq!(ring.authenticate(forged.expose(), None).unwrap_err(), Refusal::Unknown);

    world.partners.set_company_status(world.company, CompanyStatus::Suspended).await.unwrap();
    ring.refresh().await.unwrap();
    assert_eq!(refusal(&good), Refusal::Suspended);
    world.partners.set_company_status(world.company, CompanyStatus::Active).await.unwrap();
    ring.refresh().await.unwrap();
    assert!(ring.authenticate(good.text.expose(), None).is_ok());
}

#[tokio::test]
async fn a_rotated_key_works_through_its_overlap_and_no_longer() {
    let world = world().await;
    let old = world.key(None).await;
    let ring = world.ring().await;
    let overlap: Overlap = "1h".parse().unwrap();
    let new = world.partners.rotate_key(old.key.id, overlap).await.unwrap().issued;
    ring.refresh().await.unwrap();
    assert!(
        ring.authenticate(old.text.expose(), None).is_ok()
            && ring.authenticate(new.text.expose(), None).is_ok()
    );
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(ring.authenticate(old.text.expose(), None).unwrap_err(), Refusal::Expired);
    assert!(ring.authenticate(new.text.expose(), None).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_works_at_once_and_a_revoked_one_stops_within_a_second() {
    let world = world().await;
    let ring = world.ring().await;
    let shutdown = CancellationToken::new();
    let following = tokio::spawn({
        let (ring, shutdown) = (ring.clone(), shutdown.clone());
        async move { ring.follow(shutdown).await }
    });

    let issued = world.key(None).await;
    let first: Vec<_> = (0..200)
        .map(|_| {
            let (ring, text) = (ring.clone(), issued.text.clone());
            tokio::spawn(async move { ring.authenticate_or_ask(text.expose(), None).await.is_ok() })
        })
        .collect();
    for request in first {
        assert!(request.await.unwrap(), "requests that come together with a new key ask once");
    }

    world.partners.revoke_key(issued.key.id).await.unwrap();
    let revoked = Instant::now();
    while ring.authenticate(issued.text.expose(), None).is_ok() {
        time::sleep(Duration::from_millis(5)).await;
    }
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    shutdown.cancel();
    following.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_known_though_it_holds_no_key_and_a_suspended_one_stops_within_a_second() {
    let world = world().await;
    let ring = world.ring().await;
    let shutdown = CancellationToken::new();
    let following = tokio::spawn({
        let (ring, shutdown) = (ring.clone(), shutdown.clone());
        async move { ring.follow(shutdown).await }
    });
    assert!(ring.is_active(world.company));
    let stranger = "cmp_00000000000000000000000001".parse().unwrap();
    assert!(!ring.is_active(stranger), "nobody made it");

    for (status, active) in [(CompanyStatus::Suspended, false), (CompanyStatus::Active, true)] {
        world.partners.set_company_status(world.company, status).await.unwrap();
        let changed = Instant::now();
        while ring.is_active(world.company) != active {
            assert!(changed.elapsed() < Duration::from_secs(1), "{status} is not seen");
            time::sleep(Duration::from_millis(5)).await;
        }
    }
    shutdown.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_comes_late_does_not_revive_a_revoked_key() {
    let world = world().await;
    let issued = world.key(None).await;
    let ring = world.ring().await;
    let old = world.partners.holding(issued.key.id).await.unwrap().unwrap();
    world.partners.revoke_key(issued.key.id).await.unwrap();
    ring.refresh().await.unwrap();
    ring.absorb(Changes { keys: vec![old], ..Changes::default() });
    assert_eq!(ring.authenticate(issued.text.expose(), None).unwrap_err(), Refusal::Revoked);
}

#[tokio::test]
async fn made_up_ids_are_asked_about_at_a_bounded_rate() {
    let mut allowance = Allowance(Duration::ZERO);
    let mut asked_within = |from: u64, to: u64| {
        (from..to).filter(|milli| (0..9).any(|_| allowance.take(Duration::from_millis(*milli)))).count()
    };
    assert!((90..=110).contains(&asked_within(0, 1_000)), "fifty at once and fifty in the first second");
    assert!((45..=55).contains(&asked_within(1_000, 2_000)));
    assert!((45..=55).contains(&asked_within(2_000, 3_000)));

    let world = world().await;
    let ring = world.ring().await;
    let forged =
        ApiKeyText::random("key_00000000000000000000000001".parse().unwrap(), KeyMode::Live, &Rng::seeded(9));
    assert_eq!(ring.authenticate_or_ask(forged.expose(), None).await.unwrap_err(), Refusal::Unknown);
}

#[tokio::test]
async fn known_keys_outlive_the_database_for_a_while_and_then_no_key_is_trusted() {
    let world = world().await;
    let issued = world.key(None).await;
    let trust = Duration::from_secs(1);
    let ring = KeyRing::trusting(world.partners.clone(), trust).await.unwrap();
    world.db.close().await;
    assert!(ring.refresh().await.is_err());
    assert!(ring.authenticate(issued.text.expose(), None).is_ok());
    let unseen =
        ApiKeyText::random("key_00000000000000000000000001".parse().unwrap(), KeyMode::Live, &Rng::seeded(9));
    assert_eq!(ring.authenticate_or_ask(unseen.expose(), None).await.unwrap_err(), Refusal::CutOff);

    time::sleep(trust + Duration::from_millis(50)).await;
    assert_eq!(ring.authenticate(issued.text.expose(), None).unwrap_err(), Refusal::CutOff);
    assert_eq!(ring.authenticate("nonsense", None).unwrap_err(), Refusal::Malformed);
}

#[tokio::test]
async fn a_key_opens_only_from_where_it_may_and_a_change_of_that_is_seen() {
    let world = world().await;
    let issued = world.key(None).await;
    let ring = world.ring().await;
    let from = |address: &str| ring.authenticate(issued.text.expose(), Some(address.parse().unwrap()));
    assert!(from("192.0.2.1").is_ok());
    let only = |addresses: &str| crate::KeyChange {
        allowed_addresses: Some(addresses.parse().unwrap()),
        ..Default::default()
    };
    world.partners.change_key(issued.key.id, only("203.0.113.0/24")).await.unwrap();
    ring.refresh().await.unwrap();
    assert_eq!(from("192.0.2.1").unwrap_err(), Refusal::Address);
    assert!(from("203.0.113.9").is_ok() && from("::ffff:203.0.113.9").is_ok());
    let id = issued.key.id.to_string();
    assert_eq!(ring.check(&id, "192.0.2.1".parse().unwrap()), Err(Refusal::Address));
    assert_eq!(ring.check(&id, "203.0.113.9".parse().unwrap()), Ok(()));

    let rotated = world.partners.rotate_key(issued.key.id, Overlap::NONE).await.unwrap().issued;
    ring.refresh().await.unwrap();
    let elsewhere = ring.authenticate(rotated.text.expose(), Some("192.0.2.1".parse().unwrap()));
    assert_eq!(elsewhere.unwrap_err(), Refusal::Address, "the successor is bound to the same places");
}

#[tokio::test]
async fn when_a_key_was_used_is_written_down_once_and_survives_a_change() {
    let world = world().await;
    let (used, unused) = (world.key(None).await, world.key(None).await);
    let ring = world.ring().await;
    let last_used = async |key: &IssuedKey| world.partners.key(key.key.id).await.unwrap().last_used_at;
    ring.note_uses().await;
    assert_eq!(last_used(&used).await, None);
    ring.authenticate(used.text.expose(), None).unwrap();
    world.partners.set_company_status(world.company, CompanyStatus::Active).await.unwrap();
    ring.refresh().await.unwrap();
    ring.note_uses().await;
    assert_eq!((last_used(&used).await, last_used(&unused).await), (Some(world.clock.now()), None));

    world.clock.advance(SignedDuration::from_secs(90));
    ring.refresh().await.unwrap();
    ring.authenticate(used.text.expose(), None).unwrap();
    ring.note_uses().await;
    let to_the_minute = world.clock.now() - SignedDuration::from_secs(30);
    assert_eq!(last_used(&used).await, Some(to_the_minute));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_under_an_old_pepper_is_hashed_anew_when_it_comes_and_then_the_old_pepper_may_go() {
    let world = world().await;
    let (seen, unseen) = (world.key(None).await, world.key(None).await);
    let pepper = |letter: &str| Pepper::from_text(&letter.repeat(32)).unwrap();
    let partners = |peppers: crate::Peppers| {
        Partners::new(&world.db, peppers, world.clock.clone().into(), Rng::seeded(2), Arc::new(Nobody))
    };
    let both = partners(crate::Peppers::new(pepper("n"), [pepper("p")]));
    let ring = KeyRing::open(both.clone()).await.unwrap();
    for _ in 0..3 {
        ring.authenticate(seen.text.expose(), None).unwrap();
    }
    // A clean stop writes what waits.
    let stopped = CancellationToken::new();
    stopped.cancel();
    ring.follow(stopped).await;
    assert_eq!(both.keys_by_pepper().await.unwrap().len(), 2);

    let only_new = KeyRing::open(partners(pepper("n").into())).await.unwrap();
    assert!(only_new.authenticate(seen.text.expose(), None).is_ok());
    assert_eq!(only_new.authenticate(unseen.text.expose(), None).unwrap_err(), Refusal::Unknown);
    ring.refresh().await.unwrap();
    assert!(ring.authenticate(seen.text.expose(), None).is_ok());
    assert!(ring.authenticate(unseen.text.expose(), None).is_ok());
}

fn on(plan: &str) -> crate::CompanyChange {
    crate::CompanyChange { plan: Some(Some(plan.parse().unwrap())), ..crate::CompanyChange::default() }
}

fn burst(ring: &KeyRing, company: CompanyId) -> Option<u32> {
    ring.plan_of(company).and_then(|plan| plan.terms.burst())
}

#[tokio::test]
async fn a_companys_plan_and_its_changes_are_held_whether_it_has_keys_or_not() {
    let world = world().await;
    let terms = |burst: u32| -> crate::PlanTerms {
        serde_json::from_str(&format!(r#"{{"rate":"1/s","burst":{burst}}}"#)).unwrap()
    };
    let (partners, company) = (&world.partners, world.company);
    let ring = world.ring().await;
    assert_eq!(ring.plan_of(company), None);

    let name = "gold".parse().unwrap();
    partners.put_plan(&name, &terms(1)).await.unwrap();
    partners.change_company(company, on("gold")).await.unwrap();
    ring.refresh().await.unwrap();
    assert_eq!(burst(&ring, company), Some(1));
    partners.put_plan(&name, &terms(2)).await.unwrap();
    ring.refresh().await.unwrap();
    assert_eq!(burst(&ring, company), Some(2));
    // A key that is asked for brings its company's plan along, however new that is.
    partners.put_plan(&"silver".parse().unwrap(), &terms(3)).await.unwrap();
    partners.change_company(company, on("silver")).await.unwrap();
    let key = world.key(None).await;
    assert!(ring.authenticate_or_ask(key.text.expose(), None).await.is_ok());
    assert_eq!(burst(&ring, company), Some(3));

    let none = crate::CompanyChange { plan: Some(None), ..crate::CompanyChange::default() };
    partners.change_company(company, none).await.unwrap();
    ring.refresh().await.unwrap();
    assert_eq!(ring.plan_of(company), None);
}
