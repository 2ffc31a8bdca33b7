//! The issuer of this installation, what is remembered of tokens, and settings that contradict themselves.

use comporta_jwt::TokenError;

use super::*;

struct Desk {
    key: SigningKey,
    standing: Arc<Standing>,
    clock: ManualClock,
    issuers: Issuers,
}

fn desk() -> Desk {
    let (key, standing, clock) = (key("k"), Arc::<Standing>::default(), clock());
    standing.publish(&[&key]);
    let issuers = issuers(&[], &standing, clock.clone().into(), Pace::USUAL);
    let issuers = issuers.with_local(&settings(LOCAL, json!({})), Arc::clone(&standing) as _).unwrap();
    Desk { key, standing, clock, issuers }
}

impl Desk {
    fn token(&self) -> String {
        self.key.sign(&claims(LOCAL, json!({}))).unwrap()
    }

    fn at(&self, second: i64) {
        self.clock.set(Timestamp::from_second(second).unwrap());
    }
}

#[tokio::test]
async fn a_remembered_token_ends_when_it_says() {
    let desk = desk();
    let token = desk.token();
    let first = known(&desk.issuers, &token).unwrap();
    desk.at(NOW + 299);
    assert!(Arc::ptr_eq(&known(&desk.issuers, &token).unwrap(), &first), "remembered");
    desk.at(NOW + 300);
    assert!(
        !Arc::ptr_eq(&known(&desk.issuers, &token).unwrap(), &first),
        "looked at again, within the leeway"
    );
    desk.at(NOW + 360);
    assert_eq!(known(&desk.issuers, &token), Err(TokenError::Expired.into()));
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_key() {
    let desk = desk();
    let token = desk.token();
    assert!(known(&desk.issuers, &token).is_ok());
    let next = key("next");
    desk.standing.publish(&[&desk.key, &next]);
    assert!(known(&desk.issuers, &token).is_ok());
    assert!(known(&desk.issuers, &next.sign(&claims(LOCAL, json!({}))).unwrap()).is_ok());
    desk.standing.publish(&[&next]);
    assert_eq!(known(&desk.issuers, &token), Err(Refusal::UnknownKey));
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_company_or_client() {
    let desk = desk();
    let token = desk.token();
    assert!(known(&desk.issuers, &token).is_ok());
    desk.standing.suspended.lock().unwrap().insert(company());
    assert_eq!(known(&desk.issuers, &token), Err(Refusal::Company));
    desk.standing.suspended.lock().unwrap().clear();
    assert!(known(&desk.issuers, &token).is_ok());
    desk.standing.revoked.lock().unwrap().insert("key_1".to_owned());
    assert_eq!(known(&desk.issuers, &token), Err(Refusal::Client));
    let nameless = desk.key.sign(&claims(LOCAL, json!({"client_id": null}))).unwrap();
    assert_eq!(known(&desk.issuers, &nameless), Err(Refusal::Client));
}

#[tokio::test]
async fn settings_that_would_let_nobody_or_anybody_in_are_refused() {
    let refused = |all: &[config::Issuer]| {
        let standing = Arc::<Standing>::default();
        Issuers::new(all, Handle::current(), standing, Clock::system()).unwrap_err()
    };
    let with = |change| settings("https://a.example", change);
    assert!(matches!(refused(&[with(json!({})), with(json!({}))]), IssuersError::Twice { .. }));
    assert!(matches!(refused(&[with(json!({"audience": []}))]), IssuersError::Audience { .. }));
    assert!(matches!(refused(&[with(json!({"algorithms": ["HS256"]}))]), IssuersError::Algorithm { .. }));
    let mapped = json!({"company": {"claim": "c", "map": {"x": "acme"}}});
    assert!(matches!(refused(&[with(mapped)]), IssuersError::Company { value, .. } if value == "x"));
}

#[tokio::test]
async fn a_token_is_good_only_from_where_its_client_may_be() {
    let desk = desk();
    let token = desk.token();
    assert!(known(&desk.issuers, &token).is_ok());
    let elsewhere = desk.issuers.authenticate(&token, "192.0.2.1".parse().unwrap());
    assert!(matches!(elsewhere, Outcome::Known(Err(Refusal::Address))));
    assert!(known(&desk.issuers, &token).is_ok(), "that is asked each time");
}
