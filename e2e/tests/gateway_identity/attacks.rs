//! Forged, stale, bent and swollen tokens: 401 for each, never a 5xx, and nothing reaches the upstream.

use std::time::Duration;

use comporta_e2e::{Chance, Gateway};
use comporta_jwt::{Jwk, PublicKey, SigningKey};
use comporta_testkit::Client;
use hmac::{Hmac, Mac as _};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::issuers::{Issuer, claims, now, signing_key, trusting};
use super::{base64url, get_with, key_id, token, until};

/// What a P-256 key's point stands behind in its `SubjectPublicKeyInfo`.
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

#[tokio::test]
async fn no_forged_token_of_another_issuer_opens_anything() {
    let key = signing_key("one");
    let issuer = Issuer::start(&[&key]).await;
    let (gateway, mirror) = trusting(&issuer).await;
    let address = gateway.server.public();
    let good = key.sign(&claims(&issuer.url, json!({}))).unwrap();
    until("its keys are known", Duration::from_secs(3), async || {
        get_with(address, "/t/x", &good).await.status == 200
    })
    .await;
    let before = mirror.seen().len();
    let good_claims = claims(&issuer.url, json!({}));
    let mut attacks = unsigned(&good_claims);
    attacks.extend(confused(&key.public_jwk().unwrap(), &good_claims));
    attacks.extend(wrong_keys(&key, &good_claims));
    attacks.extend(wrong_claims(&key, &issuer.url));
    attacks.extend(bent(&good));
    attacks.extend(swollen(&key, &issuer.url));
    refuse_all(&gateway, &attacks).await;
    assert_eq!(mirror.seen().len(), before, "nothing reaches the upstream");
    assert_eq!(get_with(address, "/t/x", &good).await.status, 200, "and who is good is let in as before");
}

#[tokio::test]
async fn no_forged_token_of_our_own_opens_anything() {
    let issuer = Issuer::start(&[&signing_key("one")]).await;
    let (gateway, mirror) = trusting(&issuer).await;
    let address = gateway.server.public();
    let text = gateway.key();
    let good = token(address, &key_id(&text), &text, None).await;
    let jwks = Client::new(address, None).get("/.well-known/jwks.json").await.unwrap().json();
    let published: Vec<Jwk> = serde_json::from_value(jwks["keys"].clone()).unwrap();
    assert!(!published.is_empty());
    let good_claims = super::claims_of(&good);
    let mut attacks = unsigned(&good_claims);
    for jwk in &published {
        attacks.extend(confused(jwk, &good_claims));
        let forger = signing_key(jwk.kid.as_deref().unwrap());
        attacks.push(("a forger's key under our kid".to_owned(), forger.sign(&good_claims).unwrap()));
    }
    attacks.extend(bent(&good));
    // Another issuer that is believed may not speak for us.
    let other = signing_key("one");
    attacks.push(("another issuer's key over our claims".to_owned(), other.sign(&good_claims).unwrap()));
    refuse_all(&gateway, &attacks).await;
    assert!(mirror.seen().is_empty());
    assert_eq!(get_with(address, "/t/x", &good).await.status, 200);
}

type Attack = (String, String);

fn unsigned(claims: &Value) -> Vec<Attack> {
    let body = base64url(claims.to_string());
    let mut attacks = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "RS256", "ES256"] {
        let header = base64url(json!({"alg": alg, "typ": "JWT", "kid": "one"}).to_string());
        attacks.push((format!("alg {alg:?}, no signature"), format!("{header}.{body}.")));
        attacks.push((format!("alg {alg:?}, two parts"), format!("{header}.{body}")));
    }
    let header = base64url(json!({"typ": "JWT"}).to_string());
    attacks.push(("no alg".to_owned(), format!("{header}.{body}.{}", base64url([0; 64]))));
    let header = base64url(json!({"alg": "ES256", "kid": "one"}).to_string());
    attacks.push(("a signature of zeros".to_owned(), format!("{header}.{body}.{}", base64url([0; 64]))));
    attacks
}

/// HS256 with everything that somebody might take the public key for.
fn confused(jwk: &Jwk, claims: &Value) -> Vec<Attack> {
    let PublicKey::Ec { x, y, .. } = &jwk.key else { return Vec::new() };
    let decode = |text: &String| {
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text).unwrap()
    };
    let point = [vec![4], decode(x), decode(y)].concat();
    let der = [SPKI.as_slice(), &point].concat();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    let json = serde_json::to_string(jwk).unwrap();
    let secrets = [
        ("the point", point.clone()),
        ("both coordinates", point[1..].to_vec()),
        ("x", decode(x)),
        ("x in base64url", x.clone().into_bytes()),
        ("the DER", der),
        ("the PEM", pem.clone().into_bytes()),
        ("the PEM without its last line's end", pem.trim_end().as_bytes().to_vec()),
        ("the JWK", json.into_bytes()),
        ("nothing", Vec::new()),
    ];
    let mut attacks = Vec::new();
    for (what, secret) in secrets {
        for kid in [json!(jwk.kid), Value::Null] {
            let mut header = json!({"alg": "HS256", "typ": "JWT"});
            if !kid.is_null() {
                header["kid"] = kid;
            }
            let signed = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(signed.as_bytes());
            let forged = format!("{signed}.{}", base64url(mac.finalize().into_bytes()));
            attacks.push((format!("HS256 under {what}"), forged));
        }
    }
    attacks
}

fn wrong_keys(key: &SigningKey, claims: &Value) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for kid in ["two", "", "../../../dev/null", "one' OR '1'='1", "ONE", "one\0", &"k".repeat(4096)] {
        attacks.push((format!("the kid {kid:.20}"), signing_key(kid).sign(claims).unwrap()));
    }
    attacks.push(("a forger's key under the right kid".to_owned(), signing_key("one").sign(claims).unwrap()));
    // A key that the token brings along, or says where to find, is not looked at.
    let forger = signing_key("mine");
    let signed = forger.sign(claims).unwrap();
    let signature = signed.rsplit('.').next().unwrap();
    for carried in [
        json!({"jwk": forger.public_jwk()}),
        json!({"jku": "http://127.0.0.1:1/keys"}),
        json!({"x5u": "http://127.0.0.1:1/cert"}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"kid": 1}),
        json!({"kid": ["one"]}),
        json!({"zip": "DEF"}),
    ] {
        let mut header = json!({"alg": "ES256", "kid": "mine", "typ": "JWT"});
        super::merge(&mut header, carried.clone());
        let forged =
            format!("{}.{}.{signature}", base64url(header.to_string()), base64url(claims.to_string()));
        attacks.push((format!("the header {carried}"), forged));
    }
    let typed = |typ: &str| key.sign_as(typ, claims).unwrap();
    attacks.extend(
        ["logout+jwt", "dpop+jwt", "secevent+jwt"].map(|typ| (format!("the type {typ}"), typed(typ))),
    );
    attacks
}

/// Rightly signed, and still not for here and now.
fn wrong_claims(key: &SigningKey, issuer: &str) -> Vec<Attack> {
    let wrong = [
        json!({"exp": now() - 3600}),
        json!({"exp": 0}),
        json!({"exp": null}),
        json!({"exp": "9999999999"}),
        json!({"exp": [now() + 300]}),
        json!({"nbf": now() + 3600}),
        json!({"nbf": "now"}),
        json!({"iat": now() + 3600}),
        json!({"aud": "somebody-else"}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"aud": {"comporta-test": true}}),
        json!({"iss": "https://login.example.com"}),
        json!({"iss": format!("{issuer}/")}),
        json!({"iss": null}),
        json!({"iss": [issuer]}),
        json!({"sub": ""}),
        json!({"sub": "s".repeat(300)}),
        json!({"tenant": ["acme"]}),
        json!({"tenant": {"acme": 1}}),
        json!({"token_use": "id"}),
        json!({"typ": "Refresh"}),
        json!({"cnf": {"jkt": "x"}}),
    ];
    let mut attacks: Vec<Attack> =
        wrong.map(|change| (change.to_string(), key.sign(&claims(issuer, change)).unwrap())).into();
    let good = claims(issuer, json!({})).to_string();
    let good = good.trim_start_matches('{');
    for twice in [
        r#""aud":"somebody-else""#,
        r#""tenant":"another""#,
        r#""exp":9999999999"#,
        r#""scope":"ledger:admin""#,
        r#""\u0061ud":"somebody-else""#,
        r#""deep":{"a":1,"a":2}"#,
    ] {
        for text in [format!("{{{twice},{good}"), format!("{{{},{twice}}}", good.trim_end_matches('}'))] {
            let raw = RawValue::from_string(text).unwrap();
            attacks.push((format!("a claim given twice: {twice}"), key.sign(&raw).unwrap()));
        }
    }
    attacks
}

/// A good token, a little changed in form.
fn bent(good: &str) -> Vec<Attack> {
    let parts: Vec<&str> = good.split('.').collect();
    let [header, body, signature] = parts[..] else { panic!("three parts") };
    let mut attacks: Vec<Attack> = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "a.b.c".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}=="),
        format!("{header}.{body}.{signature}.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{body}."),
        format!("{body}.{header}.{signature}"),
        format!("{header}\u{a0}.{body}.{signature}"),
        format!("{good}, {good}"),
        format!("{header}.{body}.{}", base64url("short")),
        format!("{}.{body}.{signature}", base64url("[]")),
        format!("{}.{body}.{signature}", base64url("{\"alg\":\"ES256\",\"alg\":\"ES256\"}")),
        format!(
            "{header}.{}.{signature}",
            base64url(format!("{{\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000)))
        ),
    ]
    .map(|token| (format!("bent: {token:.60}"), token))
    .into();
    let chance = Chance::new(7);
    for _ in 0..100 {
        let mut bytes = good.as_bytes().to_vec();
        let place = chance.below(bytes.len());
        // Not within the last character, of whose bits some are of no meaning.
        if place == bytes.len() - 1 || bytes[place] == b'.' {
            continue;
        }
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        attacks.push((format!("changed at {place}"), String::from_utf8(bytes).unwrap()));
    }
    attacks
}

fn swollen(key: &SigningKey, issuer: &str) -> Vec<Attack> {
    let padded = |bytes: usize| key.sign(&claims(issuer, json!({"padding": "p".repeat(bytes)}))).unwrap();
    let mut attacks = vec![("24 KB".to_owned(), padded(18_000)), ("56 KB".to_owned(), padded(42_000))];
    attacks.push(("40 KB of garbage".to_owned(), "A".repeat(40_000)));
    attacks.push(("10,000 parts".to_owned(), "a.".repeat(10_000)));
    attacks
}

async fn refuse_all(gateway: &Gateway, attacks: &[Attack]) {
    let address = gateway.server.public();
    let mut wrong = Vec::new();
    for (what, token) in attacks {
        // Written by hand: a client would refuse to send some of it.
        let head = format!(
            "GET /t/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        let answer = raw(address, head.as_bytes()).await;
        let asks = answer.contains("\r\nwww-authenticate: Bearer");
        let is_problem = answer.contains("application/problem+json");
        if !answer.starts_with("HTTP/1.1 401 ") || !asks || !is_problem {
            wrong.push(format!("{what}: {answer:.300}"));
        }
    }
    println!("{} attacks", attacks.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_token_of_a_hundred_kilobytes_is_refused_without_a_fault() {
    let key = signing_key("one");
    let issuer = Issuer::start(&[&key]).await;
    let (gateway, _mirror) = trusting(&issuer).await;
    let huge = key.sign(&claims(&issuer.url, json!({"padding": "p".repeat(75_000)}))).unwrap();
    assert!(huge.len() > 100_000);
    let head =
        format!("GET /t/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {huge}\r\n\r\n");
    let answer = raw(gateway.server.public(), head.as_bytes()).await;
    // It does not fit into the head of a request: RFC 6585 has a status for that.
    let refused = answer.starts_with("HTTP/1.1 431 ") || answer.starts_with("HTTP/1.1 401 ");
    assert!(refused, "{answer:.300}");
}

/// Sends bytes and reads what comes, to the end.
async fn raw(address: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    let reading = async {
        // Who has answered may close before all has been taken.
        let _ = tokio::time::timeout(Duration::from_secs(5), read.read_to_end(&mut answer)).await;
    };
    let (_, ()) = tokio::join!(write.write_all(bytes), reading);
    String::from_utf8_lossy(&answer).into_owned()
}
