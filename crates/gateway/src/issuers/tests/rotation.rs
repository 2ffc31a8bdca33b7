//! Keys that change, issuers that are away, and callers who make up key ids.

use comporta_jwt::TokenError;
use futures_util::future::join_all;

use super::issuer_server::IssuerServer;
use super::*;

/// Asks for tokens' keys at any time, and on its own account only at first.
const ASKED: Pace = Pace {
    every: Duration::from_secs(3600),
    asked_every: Duration::ZERO,
    first_retry: Duration::from_secs(3600),
    last_retry: Duration::from_secs(3600),
    patience: Duration::from_secs(10),
};

/// Asks on its own account all the time, and never for a token's key.
const RESTLESS: Pace = Pace {
    every: Duration::from_millis(20),
    asked_every: Duration::from_secs(3600),
    first_retry: Duration::from_millis(10),
    last_retry: Duration::from_millis(40),
    patience: Duration::from_secs(10),
};

fn over_http(server: &IssuerServer, pace: Pace) -> Issuers {
    issuers(&[settings(&server.url, json!({}))], &Arc::default(), clock().into(), pace)
}

fn token(server: &IssuerServer, key: &SigningKey, subject: &str) -> String {
    key.sign(&claims(&server.url, json!({"sub": subject}))).unwrap()
}

#[tokio::test]
async fn the_first_token_waits_for_the_keys_and_the_next_ones_do_not() {
    let key = key("a");
    let server = IssuerServer::start(&[&key]).await;
    let issuers = over_http(&server, RESTLESS);
    let first = token(&server, &key, "one");
    assert!(matches!(issuers.authenticate(&first, HERE), Outcome::Ask));
    let principal = issuers.authenticate_or_ask(&first, HERE).await.unwrap();
    assert_eq!((principal.company_id, &*principal.actor), (company(), "jwt:one"));
    assert!(principal.holds("books:read") && !principal.holds("ledger:write"));
    assert!(known(&issuers, &token(&server, &key, "two")).is_ok());
    assert!(Arc::ptr_eq(&known(&issuers, &first).unwrap(), &principal), "the same, remembered");
}

#[tokio::test]
async fn a_new_key_works_at_once_and_the_old_one_no_longer() {
    let (old, new) = (key("old"), key("new"));
    let server = IssuerServer::start(&[&old]).await;
    let issuers = over_http(&server, ASKED);
    let (by_old, by_new) = (token(&server, &old, "x"), token(&server, &new, "x"));
    assert!(issuers.authenticate_or_ask(&by_old, HERE).await.is_ok());
    assert_eq!(issuers.authenticate_or_ask(&by_new, HERE).await, Err(Refusal::UnknownKey));
    server.publish(&[&old, &new]);
    assert!(issuers.authenticate_or_ask(&by_new, HERE).await.is_ok());
    assert!(known(&issuers, &by_old).is_ok());
    server.publish(&[&new]);
    assert!(issuers.authenticate_or_ask(&token(&server, &key("other"), "x"), HERE).await.is_err());
    assert_eq!(
        issuers.authenticate_or_ask(&by_old, HERE).await,
        Err(Refusal::UnknownKey),
        "though it was good before"
    );
}

#[tokio::test]
async fn of_many_made_up_keys_one_is_asked_for_within_the_bound() {
    let pace = Pace { asked_every: Duration::from_secs(2), ..ASKED };
    let key_a = key("a");
    let server = IssuerServer::start(&[&key_a]).await;
    let issuers = over_http(&server, pace);
    assert!(issuers.authenticate_or_ask(&token(&server, &key_a, "x"), HERE).await.is_ok());
    assert_eq!(server.asked(), 1);
    let made_up: Vec<String> =
        (0..200).map(|nth| token(&server, &key(&format!("made-up-{nth}")), "x")).collect();
    for token in &made_up {
        assert_eq!(known(&issuers, token), Err(Refusal::UnknownKey), "too soon to ask");
    }
    tokio::time::sleep(pace.asked_every + Duration::from_millis(100)).await;
    assert!(matches!(issuers.authenticate(&made_up[0], HERE), Outcome::Ask));
    let outcomes = join_all(made_up.iter().map(|token| issuers.authenticate_or_ask(token, HERE))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Err(Refusal::UnknownKey)));
    assert_eq!(server.asked(), 2, "one question for all");
}

#[tokio::test]
async fn who_hangs_up_does_not_take_the_answer_from_others() {
    let key = key("a");
    let server = IssuerServer::start(&[&key]).await;
    server.set_slow(Duration::from_millis(200));
    let issuers = over_http(&server, Pace { asked_every: Duration::from_secs(3600), ..ASKED });
    let token = token(&server, &key, "x");
    let hung_up =
        tokio::time::timeout(Duration::from_millis(50), issuers.authenticate_or_ask(&token, HERE)).await;
    assert!(hung_up.is_err());
    assert!(issuers.authenticate_or_ask(&token, HERE).await.is_ok());
    assert_eq!(server.asked(), 1, "the question outlived its asker");
}

#[tokio::test]
async fn the_last_keys_are_kept_while_the_issuer_is_down() {
    let (old, new) = (key("old"), key("new"));
    let server = IssuerServer::start(&[&old]).await;
    let issuers = over_http(&server, RESTLESS);
    assert!(issuers.authenticate_or_ask(&token(&server, &old, "before"), HERE).await.is_ok());
    server.set_down(true);
    server.publish(&[&new]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(known(&issuers, &token(&server, &old, "meanwhile")).is_ok());
    assert_eq!(known(&issuers, &token(&server, &new, "meanwhile")), Err(Refusal::UnknownKey));
    server.set_down(false);
    until(async || known(&issuers, &token(&server, &new, "after")).is_ok()).await;
    assert_eq!(known(&issuers, &token(&server, &old, "before")), Err(Refusal::UnknownKey));
}

#[tokio::test]
async fn an_issuer_that_never_answered_makes_its_tokens_wait_not_wrong() {
    let key = key("a");
    let server = IssuerServer::start(&[&key]).await;
    server.set_down(true);
    let issuers = over_http(&server, RESTLESS);
    let token = token(&server, &key, "x");
    let refusal = issuers.authenticate_or_ask(&token, HERE).await.unwrap_err();
    assert!(refusal.is_temporary());
    server.set_down(false);
    until(async || issuers.authenticate_or_ask(&token, HERE).await.is_ok()).await;
}

#[tokio::test]
async fn a_reload_keeps_the_keys_of_issuers_that_stay() {
    let key = key("a");
    let server = IssuerServer::start(&[&key]).await;
    let first = over_http(&server, ASKED);
    let token = token(&server, &key, "x");
    assert!(first.authenticate_or_ask(&token, HERE).await.is_ok());
    server.set_down(true);
    let changed = settings(&server.url, json!({"audience": ["them"]}));
    let second = first.renewed(&[changed]).unwrap();
    drop(first);
    assert_eq!(known(&second, &token), Err(TokenError::Audience.into()), "by the new rules");
    let third = second.renewed(&[settings(&server.url, json!({}))]).unwrap();
    assert!(known(&third, &token).is_ok());
    let moved = settings(&server.url, json!({"jwks_uri": format!("{}/elsewhere", server.url)}));
    let fourth = third.renewed(&[moved]).unwrap();
    assert!(
        matches!(fourth.authenticate(&token, HERE), Outcome::Ask),
        "found elsewhere, they are other keys"
    );
}

#[tokio::test]
async fn no_task_outlives_its_issuer() {
    let server = IssuerServer::start(&[&key("a")]).await;
    let issuers = over_http(&server, RESTLESS);
    until(async || server.asked() > 3).await;
    drop(issuers);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = server.asked();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.asked(), asked);
}
