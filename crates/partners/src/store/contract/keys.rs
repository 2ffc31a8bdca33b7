//! What keys promise beside the first things, on both engines: addresses, last use, peppers, pages.

use std::sync::Arc;

use comporta_kernel::Rng;
use jiff::SignedDuration;

use super::{Witness, World, new_key, seen_since};
use crate::model::{Rehash, Use};
use crate::{KeyChange, Overlap, Partners, Pepper, PepperId, Peppers};

fn pepper(letter: &str) -> Pepper {
    Pepper::from_text(&letter.repeat(32)).unwrap()
}

async fn a_change_of_a_key_is_kept_and_seen_by_who_follows(world: World) {
    let company = world.company("Ana").await.id;
    let key = world.key(company, None).await.key;
    let before = seen_since(&world.partners, -1).await.epoch;
    let end = world.now() + SignedDuration::from_hours(1);
    let change = KeyChange {
        name: Some("desk".parse().unwrap()),
        expires_at: Some(Some(end)),
        allowed_addresses: Some(Default::default()),
    };
    let changed = world.partners.change_key(key.id, change).await.unwrap();
    assert_eq!(world.partners.key(key.id).await.unwrap(), changed);
    assert_eq!((changed.name.as_str(), changed.expires_at), ("desk", Some(end)));
    let seen = seen_since(&world.partners, before).await.keys.remove(0);
    assert!(seen.addresses.is_empty() && !key.allowed_addresses.is_empty());
    assert_eq!((seen.id, seen.expires_at), (key.id, Some(end)));
}

async fn a_use_is_noted_and_never_an_earlier_one(world: World) {
    let company = world.company("Ana").await.id;
    let (a, b) = (world.key(company, None).await.key.id, world.key(company, None).await.key.id);
    let minute = u32::try_from(world.now().as_second() / 60).unwrap();
    let mut uses = [Use { id: a, minute }, Use { id: b, minute: minute - 5 }];
    uses.sort_unstable_by_key(|used| used.id);
    let mut noted = world.partners.note_uses(&uses).await.unwrap();
    noted.sort_unstable();
    assert_eq!(noted, uses.map(|used| used.id));
    world.partners.note_uses(&[Use { id: a, minute: minute - 1 }]).await.unwrap();
    assert_eq!(world.partners.key(a).await.unwrap().last_used_at, Some(world.now()));
    let five = SignedDuration::from_mins(5);
    assert_eq!(world.partners.key(b).await.unwrap().last_used_at, Some(world.now() - five));
    let rotated = world.partners.rotate_key(a, Overlap::NONE).await.unwrap();
    assert_eq!(rotated.issued.key.last_used_at, None);
}

async fn a_key_is_hashed_anew_once_and_counted_under_its_pepper(world: World) {
    let company = world.company("Ana").await.id;
    let (old, other) = (world.key(company, None).await, world.key(company, None).await);
    world.partners.revoke_key(other.key.id).await.unwrap();
    let peppers = Peppers::new(pepper("n"), [pepper("p")]);
    let partners =
        Partners::new(&world.db, peppers, world.clock.clone().into(), Rng::seeded(8), Arc::new(Witness));
    let counts = async || partners.keys_by_pepper().await.unwrap();
    let id = |letter| Some(pepper(letter).id());
    assert_eq!(counts().await, [(id("p"), 1)]);

    let digest = partners.holding(old.key.id).await.unwrap().unwrap().secret;
    let new = partners.peppers().current().digest(&old.text);
    let rehash = Rehash { id: old.key.id, old: digest.bytes, new };
    partners.rehash(std::slice::from_ref(&rehash)).await.unwrap();
    assert_eq!(partners.holding(old.key.id).await.unwrap().unwrap().secret, new);
    assert_eq!(counts().await, [(id("n"), 1)]);
    // Somebody else was first: what is there stays.
    let wrong = partners.peppers().current().digest(&other.text);
    partners.rehash(&[Rehash { new: wrong, ..rehash }]).await.unwrap();
    assert_eq!(partners.holding(old.key.id).await.unwrap().unwrap().secret, new);
    let made = partners.create_key(company, new_key(None)).await.unwrap();
    let holding = partners.holding(made.key.id).await.unwrap().unwrap();
    assert_eq!(holding.secret.pepper, id("n") as Option<PepperId>);
}

async fn another_pepper_is_noted_once(world: World) {
    let with = |letter| {
        let clock = world.clock.clone().into();
        Partners::new(&world.db, pepper(letter), clock, Rng::system(), Arc::new(Witness))
    };
    for letter in ["p", "p", "n", "n"] {
        world.clock.advance(SignedDuration::from_secs(1));
        with(letter).note_pepper().await.unwrap();
    }
    let noted = world.partners.audit_trail(&crate::AuditFilter::default(), None, 10).await.unwrap();
    let noted: Vec<String> = noted.into_iter().rev().map(|entry| entry.subject).collect();
    assert_eq!(noted, ["p", "n"].map(|letter| pepper(letter).id().to_string()));
}

on_both_engines! {
    a_change_of_a_key_is_kept_and_seen_by_who_follows,
    a_use_is_noted_and_never_an_earlier_one,
    a_key_is_hashed_anew_once_and_counted_under_its_pepper,
    another_pepper_is_noted_once,
}
