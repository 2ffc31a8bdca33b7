//! What attackers send: each is refused, and for the right reason.

#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use comporta_jwt::{Algorithm, Jwk, MAX_LENGTH, SigningKey, SystemRandom, Token, TokenError, VerifyingKey};
use proptest::prelude::*;
use serde_json::json;

const CLAIMS: &str = r#"{"iss":"us","exp":2000000000}"#;
const SECRET: [u8; 32] = [9; 32];

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of any header and claims with the right signature of the shared secret.
fn signed(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", b64(header), b64(claims));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &SECRET);
    format!("{message}.{}", b64(ring::hmac::sign(&key, message.as_bytes())))
}

fn verdict(text: &str) -> Result<(), TokenError> {
    let key = VerifyingKey::hs256(&SECRET).unwrap();
    Token::parse(text)?.verify(&key, &[Algorithm::HS256]).map(|_| ())
}

fn elliptic(kid: &str) -> (SigningKey, VerifyingKey, Jwk) {
    let (key, _) = SigningKey::generate(Algorithm::ES256, kid, &SystemRandom::new()).unwrap();
    let jwk = key.public_jwk().unwrap();
    (key, VerifyingKey::from_jwk(&jwk).unwrap(), jwk)
}

#[test]
fn the_tokens_of_these_tests_are_good_but_for_what_is_wrong_with_them() {
    assert_eq!(verdict(&signed(r#"{"alg":"HS256"}"#, CLAIMS)), Ok(()));
}

#[test]
fn none_is_no_algorithm_in_any_spelling() {
    for none in ["none", "None", "NONE", "nOnE", "", "hs256", "HS256 "] {
        let header = json!({"alg": none}).to_string();
        let unsigned = format!("{}.{}.", b64(&header), b64(CLAIMS));
        assert_eq!(verdict(&unsigned), Err(TokenError::UnknownAlgorithm), "{none}");
        assert_eq!(verdict(&signed(&header, CLAIMS)), Err(TokenError::UnknownAlgorithm), "{none}");
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["HS256"]}"#, r#"{"ALG":"HS256"}"#] {
        assert_eq!(verdict(&signed(header, CLAIMS)), Err(TokenError::UnknownAlgorithm), "{header}");
    }
    let stripped = format!("{}.{}.", b64(r#"{"alg":"HS256"}"#), b64(CLAIMS));
    assert_eq!(verdict(&stripped), Err(TokenError::Signature));
}

#[test]
fn a_public_key_is_never_a_shared_secret() {
    let pem = include_str!("rsa.pem");
    let rsa = SigningKey::from_pkcs8_pem(Algorithm::RS256, pem, "r").unwrap().public_jwk().unwrap();
    let bytes = serde_json::to_vec(&rsa).unwrap();
    let message = format!("{}.{}", b64(r#"{"alg":"HS256","kid":"r"}"#), b64(CLAIMS));
    let hmac = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &bytes), message.as_bytes());
    let forged = format!("{message}.{}", b64(hmac));
    let token = Token::parse(&forged).unwrap();
    let key = VerifyingKey::from_jwk(&rsa).unwrap();
    assert_eq!(token.verify(&key, &Algorithm::PUBLIC).unwrap_err(), TokenError::Algorithm);
    let careless = [Algorithm::HS256, Algorithm::RS256];
    assert_eq!(token.verify(&key, &careless).unwrap_err(), TokenError::Algorithm);
}

#[test]
fn an_algorithm_of_the_same_key_serves_only_where_the_key_allows_it() {
    let pem = include_str!("rsa.pem");
    let signer = SigningKey::from_pkcs8_pem(Algorithm::PS256, pem, "r").unwrap();
    let text = signer.sign(&json!({})).unwrap();
    let token = Token::parse(&text).unwrap();
    let mut jwk = signer.public_jwk().unwrap();
    assert!(token.verify(&VerifyingKey::from_jwk(&jwk).unwrap(), &[Algorithm::PS256]).is_ok());
    jwk.alg = Some(Algorithm::RS256);
    let bound = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(token.verify(&bound, &[Algorithm::PS256]).unwrap_err(), TokenError::Algorithm);
    jwk.alg = None;
    let free = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(token.verify(&free, &[Algorithm::RS256]).unwrap_err(), TokenError::Algorithm);
    assert!(token.verify(&free, &[Algorithm::PS256]).is_ok());
}

#[test]
fn another_key_is_another_key_by_name_and_by_signature() {
    let (signer, _, _) = elliptic("one");
    let (_, by_name, mut jwk) = elliptic("two");
    let text = signer.sign(&json!({"sub": "x"})).unwrap();
    let token = Token::parse(&text).unwrap();
    assert_eq!(token.verify(&by_name, &[Algorithm::ES256]).unwrap_err(), TokenError::OtherKey);
    jwk.kid = Some("one".to_owned());
    let impostor = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(token.verify(&impostor, &[Algorithm::ES256]).unwrap_err(), TokenError::Signature);
}

#[test]
fn keys_that_a_token_brings_along_are_passed_over() {
    let (signer, _, own) = elliptic("k");
    let (_, trusted, _) = elliptic("k");
    let header = json!({"alg": "ES256", "kid": "k", "jwk": own, "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/chain", "x5c": ["AAAA"]});
    let parts = signer.sign(&json!({"sub": "x"})).unwrap();
    let (_, rest) = parts.split_once('.').unwrap();
    let text = format!("{}.{rest}", b64(header.to_string()));
    let token = Token::parse(&text).unwrap();
    assert_eq!(token.verify(&trusted, &[Algorithm::ES256]).unwrap_err(), TokenError::Signature);
}

#[test]
fn critical_extensions_are_refused_since_none_is_known() {
    for crit in [json!(["b64"]), json!(["exp"]), json!([]), json!(null), json!("x")] {
        let header = json!({"alg": "HS256", "crit": crit, "b64": true}).to_string();
        assert_eq!(verdict(&signed(&header, CLAIMS)), Err(TokenError::Critical));
    }
}

#[test]
fn a_member_given_twice_is_refused() {
    for (header, claims) in [
        (r#"{"alg":"HS256","alg":"none"}"#, CLAIMS),
        (r#"{"alg":"HS256","kid":"a","kid":"b"}"#, CLAIMS),
        (r#"{"alg":"HS256"}"#, r#"{"exp":1,"exp":2000000000}"#),
        (r#"{"alg":"HS256"}"#, r#"{"iss":"us","\u0069ss":"them"}"#),
        (r#"{"alg":"HS256"}"#, r#"{"cnf":{"x":1,"x":2}}"#),
    ] {
        assert_eq!(verdict(&signed(header, claims)), Err(TokenError::Json), "{header}{claims}");
    }
}

#[test]
fn parts_that_are_no_objects_or_of_other_types_are_refused() {
    for part in ["", "null", "[]", "1", "\"x\"", "{", "{}{}", "\u{feff}{}"] {
        assert_eq!(verdict(&signed(part, CLAIMS)), Err(TokenError::Json), "{part}");
        assert_eq!(verdict(&signed(r#"{"alg":"HS256"}"#, part)), Err(TokenError::Json), "{part}");
    }
    for header in [r#"{"alg":"HS256","kid":1}"#, r#"{"alg":"HS256","typ":{}}"#] {
        assert_eq!(verdict(&signed(header, CLAIMS)), Err(TokenError::Header), "{header}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(verdict(&signed(r#"{"alg":"HS256"}"#, &deep)), Err(TokenError::Json));
}

#[test]
fn a_huge_token_is_refused_unread() {
    let fitting = json!({"x": "a".repeat(MAX_LENGTH / 4 * 3 - 200)}).to_string();
    assert_eq!(verdict(&signed(r#"{"alg":"HS256"}"#, &fitting)), Ok(()));
    let huge = json!({"x": "a".repeat(MAX_LENGTH)}).to_string();
    assert_eq!(verdict(&signed(r#"{"alg":"HS256"}"#, &huge)), Err(TokenError::TooLong));
    assert_eq!(verdict(&".".repeat(MAX_LENGTH + 1)), Err(TokenError::TooLong));
}

#[test]
fn parts_too_few_or_too_many_are_refused() {
    let good = signed(r#"{"alg":"HS256"}"#, CLAIMS);
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    for text in ["", "a", unsigned, ".", "..", "....", &format!("{good}."), &format!(".{good}")] {
        assert!(verdict(text).is_err(), "{text}");
    }
    assert_eq!(verdict(&format!("{good}.{signature}")), Err(TokenError::Parts));
    assert_eq!(verdict(&format!("{unsigned}..{signature}")), Err(TokenError::Parts));
    for end in 0..good.len() {
        assert!(verdict(&good[..end]).is_err(), "cut after {end} bytes");
    }
}

#[test]
fn each_part_has_one_spelling() {
    let good = signed(r#"{"alg":"HS256"}"#, CLAIMS);
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // 32 bytes take 43 characters; the last one holds two bits of nothing, which are zero in the one spelling.
    let stem = &signature[..42];
    let others: Vec<String> =
        ('A'..='Z').chain('a'..='z').chain('0'..='9').map(|last| format!("{stem}{last}")).collect();
    let taken = others.iter().filter(|other| verdict(&format!("{unsigned}.{other}")).is_ok()).count();
    assert_eq!(taken, 1);
    for other in
        [URL_SAFE.encode(&bytes), format!("{signature}\n"), format!(" {signature}"), format!("{stem}é")]
    {
        assert_eq!(verdict(&format!("{unsigned}.{other}")), Err(TokenError::Encoding), "{other}");
    }
    let standard = STANDARD_NO_PAD.encode([0xfb, 0xff, 0xfe]);
    assert_eq!(verdict(&format!("{unsigned}.{standard}")), Err(TokenError::Encoding));
    let padded = format!("{}=.{}", b64(r#"{"alg":"HS256" }"#), b64(CLAIMS));
    assert_eq!(verdict(&format!("{padded}.{signature}")), Err(TokenError::Encoding));
}

#[test]
fn an_elliptic_signature_of_zeros_or_in_der_is_refused() {
    let (signer, key, _) = elliptic("k");
    let good = signer.sign(&json!({"sub": "x"})).unwrap();
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    let check = |signature: &[u8]| {
        let text = format!("{unsigned}.{}", b64(signature));
        Token::parse(&text).unwrap().verify(&key, &[Algorithm::ES256]).map(|_| ())
    };
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(check(&raw), Ok(()));
    let (r, s) = raw.split_at(32);
    let zero = [0; 32];
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    // CVE-2022-21449: 0/0, and its kin by the group's order.
    for forged in [[zero, zero], [order, order], [zero, order], [order, zero]] {
        assert_eq!(check(&forged.concat()), Err(TokenError::Signature));
    }
    for (r, s) in [(r, &zero[..]), (&zero[..], s), (s, r)] {
        assert_eq!(check(&[r, s].concat()), Err(TokenError::Signature));
    }
    let integer = |number: &[u8]| [&[2, 33, 0], number].concat();
    let der = [vec![0x30, 70], integer(r), integer(s)].concat();
    assert_eq!(check(&der), Err(TokenError::Signature));
    assert_eq!(check(&[&raw[..], &[0]].concat()), Err(TokenError::Signature));
}

#[test]
fn a_tokens_debug_shows_no_token() {
    let good = signed(r#"{"alg":"HS256"}"#, CLAIMS);
    assert_eq!(format!("{:?}", Token::parse(&good).unwrap()), "Token { algorithm: HS256, kid: None, .. }");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", dotted in "[-A-Za-z0-9_]{0,40}(\\.[-A-Za-z0-9_]{0,40}){2}") {
        prop_assert!(verdict(&text).is_err());
        prop_assert!(verdict(&dotted).is_err());
    }

    #[test]
    fn no_parts_make_it_panic(header in any::<Vec<u8>>(), claims in any::<Vec<u8>>(), signature in any::<Vec<u8>>()) {
        let text = format!("{}.{}.{}", b64(&header), b64(&claims), b64(&signature));
        prop_assert!(verdict(&text).is_err());
        let text = format!("{}.{}.{}", b64(r#"{"alg":"HS256"}"#), b64(CLAIMS), b64(&signature));
        prop_assert_eq!(verdict(&text), Err(TokenError::Signature));
    }

    #[test]
    fn no_public_key_makes_it_panic(n in any::<Vec<u8>>(), e in any::<Vec<u8>>(), point in any::<[u8; 32]>(), signature in any::<[u8; 32]>()) {
        let signature = [signature, signature].concat();
        for (jwk, alg) in [
            (json!({"kty": "RSA", "n": b64(&n), "e": b64(&e)}), "RS256"),
            (json!({"kty": "EC", "crv": "P-256", "x": b64(point), "y": b64(point)}), "ES256"),
            (json!({"kty": "OKP", "crv": "Ed25519", "x": b64(point)}), "EdDSA"),
        ] {
            let jwk: Jwk = serde_json::from_value(jwk).unwrap();
            let text = format!("{}.{}.{}", b64(json!({"alg": alg}).to_string()), b64(CLAIMS), b64(&signature));
            if let Ok(key) = VerifyingKey::from_jwk(&jwk) {
                prop_assert!(Token::parse(&text).unwrap().verify(&key, &Algorithm::PUBLIC).is_err());
            }
        }
    }
}
