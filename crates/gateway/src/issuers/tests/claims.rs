//! What a token must say to be taken, and what is read from it.

use comporta_jwt::TokenError;

use super::*;

struct Desk {
    key: SigningKey,
    issuers: Issuers,
}

fn desk(change: Value) -> Desk {
    let (key, standing) = (key("k"), Arc::<Standing>::default());
    standing.publish(&[&key]);
    let issuers = issuers(&[], &standing, clock().into(), Pace::USUAL);
    let issuers = issuers.with_local(&settings(LOCAL, change), standing).unwrap();
    Desk { key, issuers }
}

impl Desk {
    fn shows(&self, change: Value) -> Result<Arc<Principal>, Refusal> {
        known(&self.issuers, &self.key.sign(&claims(LOCAL, change)).unwrap())
    }
}

#[tokio::test]
async fn a_token_in_order_names_company_actor_and_scopes() {
    let principal = desk(json!({})).shows(json!({})).unwrap();
    let expected = Principal {
        company_id: company(),
        actor: "jwt:someone".into(),
        live: true,
        scopes: ["ledger:read".to_owned(), "books:read".to_owned()].into(),
    };
    assert_eq!(*principal, expected);
}

#[tokio::test]
async fn out_of_its_time_or_for_others_it_is_refused() {
    let desk = desk(json!({}));
    for (change, why) in [
        (json!({"exp": NOW - 60}), TokenError::Expired),
        (json!({"exp": null}), TokenError::Claim("exp")),
        (json!({"nbf": NOW + 61}), TokenError::NotYetValid),
        (json!({"iat": NOW + 61}), TokenError::NotYetValid),
        (json!({"aud": "them"}), TokenError::Audience),
        (json!({"aud": null}), TokenError::Audience),
    ] {
        assert_eq!(desk.shows(change.clone()), Err(why.into()), "{change}");
    }
    for stranger in [json!("https://evil.example"), json!(format!("{LOCAL}/")), json!([LOCAL]), json!(null)] {
        assert_eq!(desk.shows(json!({"iss": stranger})), Err(Refusal::UnknownIssuer));
    }
    assert_eq!(known(&desk.issuers, "no.token"), Err(TokenError::Parts.into()));
    assert_eq!(known(&desk.issuers, &"x".repeat(20_000)), Err(TokenError::TooLong.into()));
}

#[tokio::test]
async fn a_forged_or_unsigned_token_is_refused() {
    let desk = desk(json!({}));
    let impostor = key("k").sign(&claims(LOCAL, json!({}))).unwrap();
    assert_eq!(known(&desk.issuers, &impostor), Err(TokenError::Signature.into()));
    let symmetric = SigningKey::hs256(&[1; 32]).unwrap().sign(&claims(LOCAL, json!({}))).unwrap();
    assert_eq!(known(&desk.issuers, &symmetric), Err(TokenError::Algorithm.into()));
    let other = key("other").sign(&claims(LOCAL, json!({}))).unwrap();
    assert_eq!(known(&desk.issuers, &other), Err(Refusal::UnknownKey));
    let pinned = self::desk(json!({"algorithms": ["EdDSA"]}));
    assert_eq!(pinned.shows(json!({})), Err(TokenError::Algorithm.into()));
}

#[tokio::test]
async fn tokens_that_are_no_access_tokens_are_refused() {
    let desk = desk(json!({}));
    for kind in [
        json!({"token_use": "id"}),
        json!({"typ": "ID"}),
        json!({"typ": "Refresh"}),
        json!({"cnf": {"jkt": "x"}}),
    ] {
        assert_eq!(desk.shows(kind.clone()), Err(Refusal::Kind), "{kind}");
    }
    let as_type = |typ| known(&desk.issuers, &desk.key.sign_as(typ, &claims(LOCAL, json!({}))).unwrap());
    for access in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        assert!(as_type(access).is_ok(), "{access}");
    }
    for other in ["logout+jwt", "secevent+jwt", "principal+jwt", ""] {
        assert_eq!(as_type(other), Err(Refusal::Kind), "{other}");
    }
    assert!(desk.shows(json!({"typ": "Bearer"})).is_ok());
}

#[tokio::test]
async fn cognitos_access_tokens_are_for_their_client() {
    let desk = desk(json!({"company": {"claim": "client_id", "map": {"app": company(), "us": company()}},
        "scopes_prefix": "comporta/"}));
    let cognito = |change: Value| {
        let mut token = json!({"aud": null, "company": null, "token_use": "access", "client_id": "us",
            "scope": "comporta/ledger:read other/ledger:write books:read"});
        merge(&mut token, change.clone());
        token["aud"] = change["aud"].clone();
        desk.shows(token)
    };
    let principal = cognito(json!({})).unwrap();
    assert_eq!(principal.scopes.as_ref(), ["ledger:read"], "only those of our resource server");
    assert_eq!(cognito(json!({"client_id": "app"})), Err(TokenError::Audience.into()));
    assert!(cognito(json!({"client_id": "app", "aud": "us"})).is_ok());
    assert_eq!(cognito(json!({"aud": "them"})), Err(TokenError::Audience.into()));
    assert_eq!(cognito(json!({"token_use": "id", "aud": "us"})), Err(Refusal::Kind));
    assert_eq!(desk.shows(json!({"aud": null, "client_id": "us"})), Err(TokenError::Audience.into()));
}

#[tokio::test]
async fn a_token_of_no_company_is_refused() {
    let plain = desk(json!({}));
    let upper = company().to_string().to_uppercase();
    for nobody in [json!(null), json!(""), json!("acme"), json!([company()]), json!(7), json!(upper)] {
        assert_eq!(plain.shows(json!({"company": nobody})), Err(Refusal::Company));
    }
    let mapped = desk(json!({"company": {"claim": "org", "map": {"acme": company()}}}));
    assert_eq!(mapped.shows(json!({"org": "acme"})).unwrap().company_id, company());
    assert_eq!(mapped.shows(json!({"org": company()})), Err(Refusal::Company), "only what the map names");
    assert_eq!(mapped.shows(json!({"org": "other"})), Err(Refusal::Company));
}

#[tokio::test]
async fn who_acts_is_the_subject_or_the_client_within_bounds() {
    let desk = desk(json!({}));
    assert_eq!(&*desk.shows(json!({"sub": null})).unwrap().actor, "jwt:key_1");
    assert!(desk.shows(json!({"sub": "é".repeat(127)})).is_ok());
    for nobody in [json!(""), json!("a".repeat(256)), json!("a\nb")] {
        assert_eq!(desk.shows(json!({"sub": nobody})), Err(Refusal::Subject));
    }
}

#[tokio::test]
async fn scopes_may_be_a_list_under_another_name() {
    let desk = desk(json!({"scopes_claim": "scp"}));
    let principal = desk.shows(json!({"scp": ["a:read", "b:read"]})).unwrap();
    assert_eq!(principal.scopes.as_ref(), ["a:read", "b:read"]);
    assert!(desk.shows(json!({"scp": {"a": 1}})).unwrap().scopes.is_empty());
}
