//! What a rule is made of, and who is counted together.

use comporta_kernel::Uuid;

use super::*;

/// A rule that everybody shares.
pub(super) fn rule(rate: &str, burst: u32) -> Rule {
    Rule::new("test", &limit(rate, Some(burst)))
}

pub(super) fn limit(rate: &str, burst: Option<u32>) -> Limit {
    Limit { rate: rate.parse().unwrap(), burst, by: LimitBy::Route, shared: true }
}

fn bytes(subject: Subject<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    subject.identify(|more| bytes.extend_from_slice(more));
    bytes
}

#[test]
fn a_burst_is_a_seconds_worth_unless_set_and_never_none() {
    let burst = |rate, burst| Rule::new("test", &limit(rate, burst)).gcra.burst();
    assert_eq!(burst("100/s", None), 100);
    assert_eq!(burst("6000/m", None), 100);
    assert_eq!(burst("10/h", None), 1);
    assert_eq!(burst("100/s", Some(7)), 7);
    assert_eq!(burst("100/s", Some(0)), 1);
}

#[test]
fn two_routes_do_not_share_and_one_changed_begins_anew() {
    let id = |name, rate| Rule::new(name, &limit(rate, Some(5))).id;
    assert_eq!(id("books", "1/s"), id("books", "1/s"));
    assert_ne!(id("books", "1/s"), id("entries", "1/s"));
    assert_ne!(id("books", "1/s"), id("books", "2/s"));
    assert_eq!(id("books", "60/m"), id("books", "1/s"), "the same limit in other words");
}

#[test]
fn an_address_of_ipv6_stands_for_its_64_and_one_of_ipv4_for_itself() {
    let of = |address: &str| bytes(Subject::Address(address.parse().unwrap()));
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
}

#[test]
fn subjects_of_different_kinds_are_never_the_same() {
    let id = CompanyId::from_uuid(Uuid::from_u128(0x6b65_7900_0000_0000_0000_0000_0000_0000));
    let key = std::str::from_utf8(&bytes(Subject::Company(id))[1..]).map(|text| bytes(Subject::Key(text)));
    assert_ne!(key.unwrap(), bytes(Subject::Company(id)));
    assert_ne!(bytes(Subject::Key("")), bytes(Subject::Route));
}

#[test]
fn who_does_not_say_who_it_is_is_counted_by_its_address() {
    let principal = Principal {
        company_id: CompanyId::from_uuid(Uuid::from_u128(7)),
        actor: "key_1".into(),
        live: true,
        scopes: [].into(),
    };
    let client = "192.0.2.1".parse().unwrap();
    let of = |by, principal| bytes(Subject::of(by, principal, client));
    assert_eq!(of(LimitBy::Company, Some(&principal)), bytes(Subject::Company(principal.company_id)));
    assert_eq!(of(LimitBy::Key, Some(&principal)), b"kkey_1");
    for (by, principal) in
        [(LimitBy::Address, Some(&principal)), (LimitBy::Company, None), (LimitBy::Key, None)]
    {
        assert_eq!(of(by, principal), bytes(Subject::Address(client)));
    }
    assert_eq!(of(LimitBy::Route, None), b"r");
}

#[test]
fn a_local_rule_needs_no_runtime_and_no_server() {
    let limits = Limits::new(Limiter::new([1; 16]), None);
    let rule = rule("1/s", 2);
    let take = || futures_util::FutureExt::now_or_never(limits.take(&rule, Subject::Route, 0)).unwrap();
    assert_eq!([take().allowed, take().allowed, take().allowed], [true, true, false]);
}
