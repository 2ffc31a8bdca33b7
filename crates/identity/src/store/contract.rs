//! What every store must do: each test runs on both engines.

use comporta_db::{Db, Options};
use comporta_kernel::{ManualClock, Rng};

use crate::{AdminToken, Error, Identity, Password, StaffEmail};

/// Runs each test on a new database of either engine, opened by `$world`.
macro_rules! on_both_engines {
    ($world:ident: $($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::$world(comporta_neighbours::fresh_sqlite_url()).await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::$world(comporta_neighbours::fresh_postgres_url()).await).await;
            })+
        }
    };
}

mod signing_keys;

async fn identity(url: String) -> (Identity, Db) {
    let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 4 };
    let db = Db::open(&options).await.unwrap();
    db.migrate().await.unwrap();
    let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    (Identity::new(&db, clock.into(), Rng::seeded(7)), db)
}

fn email(text: &str) -> StaffEmail {
    text.parse().unwrap()
}

fn password(text: &str) -> Password {
    text.parse().unwrap()
}

async fn a_staff_user_comes_in_by_password_and_by_token((identity, _): (Identity, Db)) {
    let ana = email("ana@example.com");
    let added = identity.add(ana.clone(), password("correct horse")).await.unwrap();
    let by_password = identity.verify_password(&ana, password("correct horse")).await.unwrap();
    assert_eq!(by_password.as_ref(), Some(&added.staff));
    assert_eq!(identity.authenticate_token(added.token.expose()).await.unwrap(), by_password);
}

async fn nobody_comes_in_with_what_is_not_theirs((identity, _): (Identity, Db)) {
    let ana = email("ana@example.com");
    let added = identity.add(ana.clone(), password("correct horse")).await.unwrap();
    assert_eq!(identity.verify_password(&ana, password("another horse")).await.unwrap(), None);
    let nobody = email("bia@example.com");
    assert_eq!(identity.verify_password(&nobody, password("correct horse")).await.unwrap(), None);

    let forged = AdminToken::random(added.staff.id, &Rng::seeded(99));
    let of_nobody = AdminToken::random("stf_00000000000000000000000000".parse().unwrap(), &Rng::seeded(99));
    for text in [forged.expose(), of_nobody.expose(), "adm_", ""] {
        assert_eq!(identity.authenticate_token(text).await.unwrap(), None, "{text}");
    }
}

async fn one_address_is_one_staff_user((identity, _): (Identity, Db)) {
    identity.add(email("ana@example.com"), password("correct horse")).await.unwrap();
    let again = identity.add(email("ANA@example.com"), password("another horse")).await;
    assert!(matches!(again, Err(Error::EmailTaken)), "{again:?}");
}

async fn another_password_takes_the_place_of_the_first((identity, _): (Identity, Db)) {
    let ana = email("ana@example.com");
    let added = identity.add(ana.clone(), password("correct horse")).await.unwrap();
    assert_eq!(identity.change_password(&ana, password("another horse")).await.unwrap(), added.staff);
    assert_eq!(identity.verify_password(&ana, password("correct horse")).await.unwrap(), None);
    assert!(identity.verify_password(&ana, password("another horse")).await.unwrap().is_some());
}

async fn another_token_takes_the_place_of_the_first((identity, _): (Identity, Db)) {
    let ana = email("ana@example.com");
    let first = identity.add(ana.clone(), password("correct horse")).await.unwrap().token;
    let second = identity.issue_token(&ana).await.unwrap();
    assert_eq!(identity.authenticate_token(first.expose()).await.unwrap(), None);
    assert_eq!(identity.authenticate_token(second.expose()).await.unwrap().unwrap().email, ana);
}

async fn nobodys_password_and_token_cannot_be_changed((identity, _): (Identity, Db)) {
    let nobody = email("bia@example.com");
    let changed = identity.change_password(&nobody, password("another horse")).await;
    assert!(matches!(changed, Err(Error::NoSuchStaff)));
    assert!(matches!(identity.issue_token(&nobody).await, Err(Error::NoSuchStaff)));
}

async fn a_staff_user_comes_or_goes_with_its_transaction((identity, db): (Identity, Db)) {
    let ana = email("ana@example.com");
    let mut tx = db.begin().await.unwrap();
    let lost = identity.add_with_random_password_in(&mut tx, ana.clone()).await.unwrap();
    drop(tx);
    assert_eq!(identity.authenticate_token(lost.token.expose()).await.unwrap(), None);

    let mut tx = db.begin().await.unwrap();
    let kept = identity.add_with_random_password_in(&mut tx, ana.clone()).await.unwrap();
    tx.commit().await.unwrap();
    assert_ne!(kept.password, lost.password);
    assert_eq!(identity.verify_password(&ana, kept.password).await.unwrap(), Some(kept.staff));
}

on_both_engines! {
    identity:
    a_staff_user_comes_in_by_password_and_by_token,
    nobody_comes_in_with_what_is_not_theirs,
    one_address_is_one_staff_user,
    another_password_takes_the_place_of_the_first,
    another_token_takes_the_place_of_the_first,
    nobodys_password_and_token_cannot_be_changed,
    a_staff_user_comes_or_goes_with_its_transaction,
}
