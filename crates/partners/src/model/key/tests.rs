//! What becomes of a key with time and rotation.

use super::*;

const OLD: &str = "key_00000000000000000000000001";
const NEW: &str = "key_00000000000000000000000002";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn key(expires_at: Option<&str>) -> Key {
    let new = NewKey {
        name: "till".parse().unwrap(),
        scopes: Scopes::all(),
        mode: KeyMode::Live,
        expires_at: expires_at.map(at),
        allowed_addresses: "203.0.113.0/24".parse().unwrap(),
    };
    let company = "cmp_00000000000000000000000000".parse().unwrap();
    new.made(OLD.parse().unwrap(), company, at("2026-01-01T00:00:00Z")).unwrap()
}

fn rotation(overlap: &str, on: &str) -> Rotation {
    Rotation {
        old: OLD.parse().unwrap(),
        new: NEW.parse().unwrap(),
        secret: Digest { bytes: [0; 32], pepper: None },
        overlap: overlap.parse().unwrap(),
        at: at(on),
    }
}

#[test]
fn a_key_ends_at_its_instant_and_not_before() {
    let key = key(Some("2026-02-01T00:00:00Z"));
    assert_eq!(key.state(at("2026-01-31T23:59:59.999999Z")), KeyState::Active);
    assert_eq!(key.state(at("2026-02-01T00:00:00Z")), KeyState::Expired);
    let revoked = Key { revoked_at: Some(key.created_at), ..key };
    assert_eq!(revoked.state(at("2026-03-01T00:00:00Z")), KeyState::Revoked);
}

#[test]
fn a_replaced_key_ends_after_the_overlap_or_at_its_own_end_if_that_is_sooner() {
    let (new, old) = key(None).succeeded(&rotation("24h", "2026-01-10T00:00:00Z")).unwrap();
    assert_eq!(old.expires_at, Some(at("2026-01-11T00:00:00Z")));
    assert_eq!((old.replaced_by, new.expires_at), (Some(new.id), None));

    let short = key(Some("2026-01-10T12:00:00Z"));
    let (_, old) = short.succeeded(&rotation("24h", "2026-01-10T00:00:00Z")).unwrap();
    assert_eq!(old.expires_at, Some(at("2026-01-10T12:00:00Z")));

    let (_, old) = key(None).succeeded(&rotation("0s", "2026-01-10T00:00:00Z")).unwrap();
    assert_eq!(old.state(at("2026-01-10T00:00:00Z")), KeyState::Expired);
}

#[test]
fn a_successor_lives_as_long_as_its_predecessor_was_to() {
    let yearly = key(Some("2027-01-01T00:00:00Z"));
    let (new, _) = yearly.clone().succeeded(&rotation("0s", "2026-12-31T00:00:00Z")).unwrap();
    assert_eq!(new.expires_at, Some(at("2027-12-31T00:00:00Z")));
    assert_eq!((new.name, new.scopes, new.mode), (yearly.name, yearly.scopes, yearly.mode));
    assert_eq!(new.allowed_addresses, yearly.allowed_addresses, "the successor is bound to the same places");
}

#[test]
fn a_dead_or_replaced_key_is_not_rotated() {
    let on = "2026-01-10T00:00:00Z";
    let expired = key(Some(on)).succeeded(&rotation("24h", on));
    assert!(matches!(expired, Err(Error::KeyExpired)));
    let revoked = Key { revoked_at: Some(at(on)), ..key(None) }.succeeded(&rotation("24h", on));
    assert!(matches!(revoked, Err(Error::KeyRevoked)));
    let (new, old) = key(None).succeeded(&rotation("24h", on)).unwrap();
    assert!(matches!(old.succeeded(&rotation("24h", on)), Err(Error::KeyReplaced { by }) if by == new.id));
}

#[test]
fn a_change_touches_only_what_it_names_and_nothing_of_a_dead_key() {
    let on = at("2026-01-10T00:00:00Z");
    let before = key(Some("2026-02-01T00:00:00Z"));
    assert_eq!(KeyChange::default().applied_to(before.clone(), on).unwrap(), before);
    let change = KeyChange { expires_at: Some(None), ..KeyChange::default() };
    let after = change.clone().applied_to(before.clone(), on).unwrap();
    assert_eq!(
        (after.expires_at, after.name, after.scopes),
        (None, before.name.clone(), before.scopes.clone())
    );
    let past = KeyChange { expires_at: Some(Some(on)), ..KeyChange::default() };
    assert!(matches!(past.applied_to(before.clone(), on), Err(Error::ExpiryPassed)));
    let dead = at("2026-02-01T00:00:00Z");
    assert!(matches!(change.clone().applied_to(before.clone(), dead), Err(Error::KeyExpired)));
    let revoked = Key { revoked_at: Some(on), ..before };
    assert!(matches!(change.applied_to(revoked, on), Err(Error::KeyRevoked)));
}

#[test]
fn a_replaced_key_may_end_sooner_but_never_later() {
    let on = at("2026-01-10T00:00:00Z");
    let (_, old) = key(None).succeeded(&rotation("24h", "2026-01-10T00:00:00Z")).unwrap();
    let end = |end: Option<&str>| KeyChange { expires_at: Some(end.map(at)), ..KeyChange::default() };
    for later in [None, Some("2026-01-12T00:00:00Z")] {
        assert!(
            matches!(end(later).applied_to(old.clone(), on), Err(Error::KeyReplaced { .. })),
            "{later:?}"
        );
    }
    let sooner = end(Some("2026-01-10T01:00:00Z")).applied_to(old, on).unwrap();
    assert_eq!(sooner.expires_at, Some(at("2026-01-10T01:00:00Z")));
}
