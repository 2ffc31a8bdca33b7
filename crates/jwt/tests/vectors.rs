//! The standards' own examples, and tokens of ours read back.

#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use comporta_jwt::{
    Algorithm, Expectations, Jwk, JwkSet, SigningKey, SystemRandom, Token, TokenError, VerifyingKey,
};
use ring::signature::KeyPair as _;
use serde_json::json;

const PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/// RFC 7515 appendix A.2.
const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
/// RFC 7515 appendix A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

fn key(jwk: &str) -> VerifyingKey {
    VerifyingKey::from_jwk(&serde_json::from_str(jwk).unwrap()).unwrap()
}

#[test]
fn the_standards_examples_are_good_and_expired() {
    let secret: Vec<u8> = base64::Engine::decode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    )
    .unwrap();
    let examples = [
        (
            Algorithm::HS256,
            VerifyingKey::hs256(&secret).unwrap(),
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        (
            Algorithm::RS256,
            key(RSA),
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            Algorithm::ES256,
            key(EC),
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ];
    for (algorithm, key, header, signature) in examples {
        let text = format!("{header}.{PAYLOAD}.{signature}");
        let token = Token::parse(&text).unwrap();
        let claims = token.verify(&key, &[algorithm]).unwrap();
        assert_eq!((claims.text("iss"), claims.seconds("exp")), (Some("joe"), Some(1_300_819_380)));
        assert_eq!(claims.check_time(1_300_819_379, 0), Ok(()));
        assert_eq!(claims.check_time(1_300_819_380, 0), Err(TokenError::Expired));
    }
}

#[test]
fn thumbprints_are_the_standards() {
    let of = |text: &str| serde_json::from_str::<Jwk>(text).unwrap().thumbprint();
    // RFC 7638 section 3.1.
    let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    assert_eq!(of(rsa), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    // RFC 8037 appendix A.3.
    let ed = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert_eq!(of(ed), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn what_is_signed_here_reads_back_under_every_algorithm() {
    let rng = SystemRandom::new();
    let rsa = include_str!("rsa.pem");
    let claims = json!({"iss": "us", "aud": ["you"], "exp": 2_000_000_000, "company": "cmp_1"});
    for algorithm in Algorithm::PUBLIC {
        let key = match SigningKey::generate(algorithm, "k1", &rng) {
            Ok((made, der)) => {
                let kept = SigningKey::from_pkcs8(algorithm, &der, "k1").unwrap();
                assert_eq!(kept.public_jwk(), made.public_jwk());
                kept
            }
            Err(_) => SigningKey::from_pkcs8_pem(algorithm, rsa, "k1").unwrap(),
        };
        assert_eq!((key.kid(), key.algorithm()), (Some("k1"), algorithm));
        let published = serde_json::to_string(&JwkSet { keys: vec![key.public_jwk().unwrap()] }).unwrap();
        let read: JwkSet = serde_json::from_str(&published).unwrap();

        let text = key.sign_as("at+jwt", &claims).unwrap();
        let token = Token::parse(&text).unwrap();
        assert_eq!((token.typ(), token.kid()), (Some("at+jwt"), Some("k1")));
        assert_eq!((token.algorithm(), token.unverified_issuer()), (algorithm, Some("us")));
        assert_eq!(token.unverified_expiry(), Some(2_000_000_000));
        let read = VerifyingKey::from_jwk(&read.keys[0]).unwrap();
        let read = token.verify(&read, &[algorithm]).unwrap();
        assert_eq!(read.text("company"), Some("cmp_1"));
        let expected = Expectations { issuer: "us", audience: &["you"], now: 1_999_999_999, leeway: 0 };
        assert_eq!(read.check(&expected), Ok(()));
    }
}

#[test]
fn a_shared_secret_signs_without_a_name() {
    let secret = [7; 32];
    let key = SigningKey::hs256(&secret).unwrap();
    assert!(key.kid().is_none() && key.public_jwk().is_none());
    let text = key.sign(&json!({"sub": "x"})).unwrap();
    let token = Token::parse(&text).unwrap();
    assert_eq!((token.typ(), token.kid()), (Some("JWT"), None));
    let claims = token.verify(&VerifyingKey::hs256(&secret).unwrap(), &[Algorithm::HS256]).unwrap();
    assert_eq!(claims.text("sub"), Some("x"));
    assert!(token.verify(&VerifyingKey::hs256(&[8; 32]).unwrap(), &[Algorithm::HS256]).is_err());
    assert!(key.sign(&"no object").is_err());
    assert!(SigningKey::hs256(&secret[1..]).is_err() && VerifyingKey::hs256(&secret[1..]).is_err());
}

#[test]
fn the_public_half_is_the_private_ones() {
    let rng = SystemRandom::new();
    let (key, der) = SigningKey::generate(Algorithm::EdDSA, "k", &rng).unwrap();
    let pair = ring::signature::Ed25519KeyPair::from_pkcs8(&der).unwrap();
    let x =
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, pair.public_key().as_ref());
    assert_eq!(serde_json::to_value(key.public_jwk()).unwrap()["x"], x);
    assert!(!format!("{key:?}").contains(&hex(&der)) && format!("{key:?}").contains("kid: Some(\"k\")"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_set_keeps_what_it_can_read() {
    let text = format!(
        r#"{{"keys":[{RSA},{{"kty":"oct","k":"c2VjcmV0"}},{{"kty":"AKP"}},{EC},
            {{"kty":"RSA","n":"AQAB"}},7,{{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}},
            {{"kty":"RSA","alg":"RSA-OAEP","n":"AQAB","e":"AQAB"}},
            {{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}}],"more":1}}"#
    );
    let set: JwkSet = serde_json::from_str(&text).unwrap();
    let expected: Vec<Jwk> = [RSA, EC].map(|key| serde_json::from_str(key).unwrap()).into();
    assert_eq!(set.keys, expected);
    for wrong in ["{}", "[]", r#"{"keys":{}}"#] {
        assert!(serde_json::from_str::<JwkSet>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn public_keys_for_something_else_or_too_weak_are_refused() {
    let with = |jwk: &str, name: &str, value: serde_json::Value| {
        let mut jwk: serde_json::Value = serde_json::from_str(jwk).unwrap();
        jwk[name] = value;
        serde_json::from_value::<Jwk>(jwk).map(|jwk| VerifyingKey::from_jwk(&jwk).is_ok())
    };
    assert!(with(RSA, "alg", json!("PS256")).unwrap() && with(RSA, "key_ops", json!(["verify"])).unwrap());
    assert!(!with(RSA, "alg", json!("ES256")).unwrap(), "an algorithm of another kind of key");
    assert!(!with(RSA, "alg", json!("HS256")).unwrap(), "a public key as a secret");
    assert!(!with(RSA, "key_ops", json!(["encrypt"])).unwrap());
    assert!(!with(RSA, "n", json!("wA".repeat(85))).unwrap(), "1,020 bits");
    assert!(!with(RSA, "e", json!("AAAA")).unwrap(), "an exponent of zero");
    assert!(!with(EC, "x", json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA")).unwrap(), "one byte short");
    assert!(!with(EC, "crv", json!("Ed25519")).unwrap() && !with(EC, "crv", json!("P-384")).unwrap());
    assert!(with(RSA, "use", json!("enc")).is_err());
}
