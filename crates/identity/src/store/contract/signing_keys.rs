//! How signing keys follow each other, over any number of processes on one database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use comporta_db::{Connection, Db, Options};
use comporta_jobs::{Context, Job as _};
use comporta_jwt::{Algorithm, JwkSet, Token, VerifyingKey};
use comporta_kernel::{ManualClock, Rng};
use jiff::SignedDuration;
use sqlx::Row as _;
use tokio_util::sync::CancellationToken;

use crate::store::{self, Store};
use crate::{Error, RotateSigningKeys, Rotation, SealingKey, SigningAlgorithm, SigningKeys};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One database and one time, on which a test opens as many processes as it likes.
struct World {
    db: Db,
    clock: ManualClock,
}

async fn world(url: String) -> World {
    let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 };
    let db = Db::open(&options).await.unwrap();
    db.migrate().await.unwrap();
    World { db, clock: ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap()) }
}

fn sealing() -> SealingKey {
    SealingKey::derive(&[7; 32])
}

impl World {
    async fn open(&self, sealing: SealingKey) -> Result<SigningKeys, Error> {
        let clock = self.clock.clone().into();
        SigningKeys::open(&self.db, sealing, Rotation::default(), clock, Rng::system()).await
    }

    async fn process(&self) -> SigningKeys {
        self.open(sealing()).await.unwrap()
    }

    fn store(&self) -> Arc<dyn Store> {
        store::of(&self.db)
    }

    /// Every row as text, its bytes in hexadecimal.
    async fn dump(&self) -> String {
        let mut tx = self.db.begin().await.unwrap();
        let rows: Vec<String> = match tx.connection() {
            Connection::Postgres(db) => {
                let query = sqlx::query("SELECT signing_key::text FROM signing_key");
                query.fetch_all(db).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
            Connection::Sqlite(db) => {
                let query = sqlx::query(
                    "SELECT lower(hex(id) || hex(algorithm) || hex(generation) || hex(sealed) || hex(created_at)
                    || hex(signs_from)) FROM signing_key",
                );
                query.fetch_all(db).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
        };
        rows.concat()
    }
}

/// As the scheduled job does it.
async fn rotate(keys: &SigningKeys) {
    let context =
        Context { state: keys.clone(), id: comporta_kernel::Uuid::nil(), attempt: 1, is_last: false };
    RotateSigningKeys {}.run(&context).await.unwrap();
}

fn kid(keys: &SigningKeys) -> String {
    keys.current(SigningAlgorithm::Es256).kid().unwrap().to_owned()
}

fn kids(jwks: &JwkSet) -> BTreeSet<String> {
    jwks.keys.iter().map(|key| key.kid.clone().unwrap()).collect()
}

/// Whether a verifier that holds these keys takes what is signed now.
fn is_verified(keys: &SigningKeys, jwks: &JwkSet) -> bool {
    SigningAlgorithm::ALL.into_iter().all(|algorithm| {
        let key = keys.current(algorithm);
        let text = key.sign(&serde_json::json!({"iss": "us"})).unwrap();
        let token = Token::parse(&text).unwrap();
        let jwk = jwks.keys.iter().find(|jwk| jwk.kid.as_deref() == token.kid());
        jwk.is_some_and(|jwk| {
            let key = VerifyingKey::from_jwk(jwk).unwrap();
            token.verify(&key, &[Algorithm::from(algorithm)]).is_ok()
        })
    })
}

async fn the_first_keys_are_made_once_however_many_begin(world: World) {
    let opened = tokio::join!(world.process(), world.process(), world.process(), world.process());
    let (first, others) = (opened.0, [opened.1, opened.2, opened.3]);
    assert_eq!(kids(&first.jwks()).len(), SigningAlgorithm::ALL.len());
    for other in others {
        assert_eq!(kids(&other.jwks()), kids(&first.jwks()));
        assert!(is_verified(&other, &first.jwks()));
    }
    assert_eq!(world.store().signing_keys().await.unwrap().len(), SigningAlgorithm::ALL.len());
}

async fn a_key_is_published_before_it_signs_and_until_its_last_token_has_ended(world: World) {
    let (one, other) = (world.process().await, world.process().await);
    let first = kid(&one);
    world.clock.advance(DAY * 29 - SignedDuration::from_secs(1));
    rotate(&one).await;
    assert_eq!(one.jwks().keys.len(), 2, "nothing is due yet");

    world.clock.advance(SignedDuration::from_secs(1));
    rotate(&one).await;
    other.refresh().await.unwrap();
    let published = other.jwks();
    assert_eq!((published.keys.len(), kid(&one)), (4, first.clone()), "published, not yet signing");

    world.clock.advance(DAY);
    let second = kid(&one);
    assert_ne!(second, first);
    assert_eq!(kid(&other), second, "from memory, as the time has come");
    assert!(is_verified(&one, &published), "by keys that were fetched a day before");

    world.clock.advance(DAY - SignedDuration::from_secs(1));
    rotate(&one).await;
    assert!(kids(&one.jwks()).contains(&first), "its last token may still live");
    world.clock.advance(SignedDuration::from_secs(1));
    other.refresh().await.unwrap();
    assert!(!kids(&other.jwks()).contains(&first), "no longer published, though not yet forgotten");
    rotate(&one).await;
    assert!(is_verified(&one, &one.jwks()));
    let kept = world.store().signing_keys().await.unwrap();
    assert!(kept.iter().all(|key| key.generation == 2) && kept.len() == 2, "forgotten");
}

async fn keys_stay_where_they_are_until_they_change(world: World) {
    let keys = world.process().await;
    let (jwks, key) = (keys.jwks(), keys.current(SigningAlgorithm::EdDsa));
    world.clock.advance(DAY);
    rotate(&keys).await;
    assert!(Arc::ptr_eq(&keys.jwks(), &jwks) && Arc::ptr_eq(&keys.current(SigningAlgorithm::EdDsa), &key));
    world.clock.advance(DAY * 28);
    rotate(&keys).await;
    assert_ne!(keys.jwks(), jwks);
}

async fn rotations_at_the_same_time_make_one_key(world: World) {
    let (one, other) = (world.process().await, world.process().await);
    world.clock.advance(DAY * 29);
    tokio::join!(rotate(&one), rotate(&other), rotate(&one), rotate(&other));
    let kept = world.store().signing_keys().await.unwrap();
    let generations: Vec<i32> = kept.iter().map(|key| key.generation).collect();
    assert_eq!(generations, [1, 2, 1, 2]);
    other.refresh().await.unwrap();
    assert_eq!(kids(&one.jwks()), kids(&other.jwks()));
}

async fn a_rotation_long_overdue_still_publishes_first(world: World) {
    world.process().await;
    world.clock.advance(DAY * 90);
    let keys = world.process().await;
    let old = kid(&keys);
    rotate(&keys).await;
    assert_eq!(kid(&keys), old);
    world.clock.advance(DAY);
    assert_ne!(kid(&keys), old);
}

async fn what_lies_in_the_database_shows_no_private_key(world: World) {
    world.process().await;
    let dump = world.dump().await;
    for key in world.store().signing_keys().await.unwrap() {
        let private = sealing().open(&key.id.to_string(), &key.sealed).unwrap();
        assert!(dump.contains(&hex::encode(&key.sealed)), "the dump is whole");
        for piece in private.windows(8) {
            assert!(!dump.contains(&hex::encode(piece)));
        }
    }
}

async fn keys_sealed_under_another_secret_are_told(world: World) {
    world.process().await;
    let refused = world.open(SealingKey::derive(&[8; 32])).await;
    assert!(matches!(refused, Err(Error::Sealed { .. })), "{refused:?}");
    let kept = world.store().signing_keys().await.unwrap();
    assert_eq!(kept.len(), SigningAlgorithm::ALL.len(), "and none is made beside them");
}

async fn a_sealed_key_moved_to_another_row_does_not_open(world: World) {
    world.process().await;
    let store = world.store();
    let mut kept = store.signing_keys().await.unwrap();
    let ids: Vec<_> = kept.iter().map(|key| key.id).collect();
    store.delete_signing_keys(&ids).await.unwrap();
    let (first, rest) = kept.split_first_mut().unwrap();
    std::mem::swap(&mut first.id, &mut rest[0].id);
    for key in &kept {
        assert!(store.insert_signing_key(key).await.unwrap());
    }
    assert!(matches!(world.open(sealing()).await, Err(Error::Sealed { .. })));
}

async fn keys_of_a_newer_version_are_left_alone(world: World) {
    const SQL: &str = "UPDATE signing_key SET algorithm = 'ML-DSA-65' WHERE algorithm = 'EdDSA'";
    world.process().await;
    let mut tx = world.db.begin().await.unwrap();
    match tx.connection() {
        Connection::Postgres(db) => sqlx::query(SQL).execute(db).await.map(drop).unwrap(),
        Connection::Sqlite(db) => sqlx::query(SQL).execute(db).await.map(drop).unwrap(),
    }
    tx.commit().await.unwrap();
    assert_eq!(world.process().await.jwks().keys.len(), SigningAlgorithm::ALL.len());
}

async fn a_process_follows_what_another_one_does_until_it_stops(world: World) {
    let (one, other) = (world.process().await, world.process().await);
    world.clock.advance(DAY * 29);
    rotate(&one).await;
    let shutdown = CancellationToken::new();
    let following = tokio::spawn({
        let (other, shutdown) = (other.clone(), shutdown.clone());
        async move { other.follow(shutdown).await }
    });
    let seen = async {
        while kids(&other.jwks()) != kids(&one.jwks()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), seen).await.unwrap();
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(10), following).await.unwrap().unwrap();
}

on_both_engines! {
    world:
    the_first_keys_are_made_once_however_many_begin,
    a_key_is_published_before_it_signs_and_until_its_last_token_has_ended,
    keys_stay_where_they_are_until_they_change,
    rotations_at_the_same_time_make_one_key,
    a_rotation_long_overdue_still_publishes_first,
    what_lies_in_the_database_shows_no_private_key,
    keys_sealed_under_another_secret_are_told,
    a_sealed_key_moved_to_another_row_does_not_open,
    keys_of_a_newer_version_are_left_alone,
    a_process_follows_what_another_one_does_until_it_stops,
}
