//! Tokens and public keys: what is taken is what the standards say, under the key it was signed with, and no other.
//!
//! An input is a token; or `sign KEY`, a header and claims, each on a line of its own, which are then signed; or a set
//! of public keys in JSON.

mod keys;
mod reference;

use comporta_jwt::{Algorithm, Expectations, Jwk, JwkSet, Token, VerifyingKey};
use serde_json::Value;

use keys::{KEYS, Key};
use reference::Parsed;

const NOW: i64 = 1_900_000_000;
const LEEWAY: i64 = 60;
const ISSUER: &str = "https://issuer.example";
const AUDIENCE: [&str; 2] = ["comporta", "us"];

/// Checks a token or a set of keys.
pub fn jwt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.strip_prefix("sign ").and_then(|order| order.split_once('\n')) {
        Some((key, parts)) => {
            let (header, claims) = parts.split_once('\n').unwrap_or((parts, "{}"));
            if let Some(token) = keys::signed(key, header, claims) {
                check_token(&token);
            }
        }
        None if text.starts_with('{') => check_keys(text),
        None => check_token(text),
    }
}

fn check_token(text: &str) {
    let expected = reference::parse(text);
    let token = match (Token::parse(text), &expected) {
        (Ok(token), Some(_)) => token,
        (Err(_), None) => return,
        (read, _) => panic!("{text:?}: {read:?}, but {expected:?}"),
    };
    let Some(parsed) = &expected else { return };
    assert_eq!(text, parsed.printed(), "one token, two spellings");
    assert_eq!((token.algorithm().name(), token.kid()), (&*parsed.algorithm, parsed.header_text("kid")));
    assert_eq!(token.typ(), parsed.header_text("typ"));
    for key in KEYS.iter() {
        check_verdict(text, &token, parsed, key);
    }
}

/// A token is taken if and only if its algorithm is allowed, is one of the key's, and signed it.
fn check_verdict(text: &str, token: &Token<'_>, parsed: &Parsed, key: &Key) {
    let every = [Algorithm::HS256].into_iter().chain(Algorithm::PUBLIC).collect::<Vec<_>>();
    let own: Vec<Algorithm> = every.iter().copied().filter(|one| key.serves(one.name())).collect();
    let others: Vec<Algorithm> = every.iter().copied().filter(|one| !own.contains(one)).collect();
    let is_its = parsed.header_text("kid").is_none_or(|kid| key.verifying.kid().is_none_or(|own| own == kid));
    let signed = is_its && key.signed(parsed);
    assert_eq!(token.verify(&key.verifying, &every).is_ok(), signed, "{text:?} under {}", key.name);
    assert_eq!(token.verify(&key.verifying, &own).is_ok(), signed, "{text:?} under {}", key.name);
    assert!(token.verify(&key.verifying, &others).is_err(), "{text:?} by another algorithm");
    assert!(token.verify(&key.verifying, &[]).is_err(), "{text:?} by no algorithm");
    if let Ok(claims) = token.verify(&key.verifying, &own) {
        assert!(parsed.claims.iter().all(|(name, value)| claims.get(name) == Some(value)), "{text:?}");
        let expected = Expectations { issuer: ISSUER, audience: &AUDIENCE, now: NOW, leeway: LEEWAY };
        let good = parsed.is_good(ISSUER, &AUDIENCE, NOW, LEEWAY);
        assert_eq!(claims.check(&expected).is_ok(), good, "{:?}", parsed.claims);
        check_tampering(text, key, &own);
    }
}

/// Another letter anywhere before the signature, and it is another token.
fn check_tampering(text: &str, key: &Key, allowed: &[Algorithm]) {
    let signed = text.rfind('.').unwrap_or_default();
    let mut other = text.as_bytes().to_vec();
    let at = text.bytes().map(usize::from).sum::<usize>() % signed.max(1);
    other[at] = if other[at] == b'A' { b'B' } else { b'A' };
    let other = String::from_utf8_lossy(&other);
    let verdict = Token::parse(&other).and_then(|token| token.verify(&key.verifying, allowed));
    assert!(verdict.is_err(), "{text:?} changed at {at} is still good");
}

fn check_keys(text: &str) {
    let Ok(set) = serde_json::from_str::<JwkSet>(text) else { return };
    let printed = serde_json::to_string(&set).expect("keys are written as JSON");
    assert_eq!(serde_json::from_str::<JwkSet>(&printed).ok(), Some(set.clone()), "{printed}");
    let members: Value = serde_json::from_str(&printed).expect("keys are written as JSON");
    for key in members["keys"].as_array().into_iter().flatten() {
        assert!(["k", "d", "p", "q"].iter().all(|private| key.get(private).is_none()), "{key}");
    }
    for jwk in &set.keys {
        check_key(jwk);
    }
}

/// A public key serves the algorithms of its kind, and nothing that is made of it opens anything.
fn check_key(jwk: &Jwk) {
    let bare = Jwk { kid: None, alg: None, usage: None, key_ops: None, ..jwk.clone() };
    assert_eq!(jwk.thumbprint(), bare.thumbprint(), "{jwk:?}");
    let Ok(key) = VerifyingKey::from_jwk(jwk) else { return };
    assert!(!key.fits(Algorithm::HS256), "{jwk:?} serves as a secret");
    let kinds = reference::algorithms_of(jwk);
    for algorithm in Algorithm::PUBLIC {
        let only = jwk.alg.is_none_or(|only| only == algorithm);
        assert_eq!(key.fits(algorithm), only && kinds.contains(&algorithm.name()), "{jwk:?} {algorithm}");
    }
    let secret = serde_json::to_vec(jwk).expect("a key is written as JSON");
    let forged = keys::signed_with(&secret, r#"{"alg":"HS256"}"#, "{}");
    let token = Token::parse(&forged).expect("a token of good form");
    let every = [Algorithm::HS256].into_iter().chain(Algorithm::PUBLIC).collect::<Vec<_>>();
    assert!(token.verify(&key, &every).is_err(), "{jwk:?} was taken for a secret");
}
