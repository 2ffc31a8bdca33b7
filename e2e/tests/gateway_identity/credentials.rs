//! What upstreams are shown in place of the caller's credential, and that this one goes no further.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use comporta_e2e::{Gateway, Mirror, Terms, Upstream, full, image};
use comporta_jwt::{Algorithm, Claims, Jwk, Token, VerifyingKey};
use comporta_testkit::{Client, Setup};
use hyper::Response;
use serde_json::{Value, json};

use super::issuers::now;
use super::{basic, get_with, keeps_secret, key_id, route, token};

const SECRET: &str = "legacy-secret-of-at-least-32-bytes-0001";

#[tokio::test]
async fn each_upstream_is_shown_its_own_credential_and_never_the_callers() {
    let mirror = Mirror::start().await;
    let to = |credential: Value| json!({"targets": [{"url": mirror.url()}], "credential": credential});
    let hs256 = json!({"jwt": {"algorithm": "HS256", "secret": "secret://env/LEGACY_JWT", "ttl": "60s",
        "audience": "legacy", "issuer": "https://gateway.example.com",
        "claims": {"tenant": "{company.id}", "key": "{key.id}", "may": "{scopes}"}}});
    let all_ways = || json!({"auth": {"any_of": ["api-key", "jwt", "basic"]}});
    let routes = ["hs256", "es256", "basic", "headers", "none"].map(|name| route(name, all_ways()));
    let settings = json!({
        "log": {"level": "debug"},
        "upstreams": {
            "hs256": to(hs256),
            "es256": to(json!({"jwt": {"algorithm": "ES256", "claims": {"tenant": "{company.id}"}}})),
            "basic": to(json!({"basic": "robot:robot-password"})),
            "headers": to(json!({"headers": {"x-backend-key": "backend-secret", "x-second": "second-secret"}})),
            "none": {"targets": [{"url": mirror.url()}]},
        },
        "routes": routes,
    });
    let setup = Setup::new(&comporta_e2e::Engine::Sqlite.fresh_url()).with("LEGACY_JWT", SECRET);
    let gateway = Gateway::start_as(setup, &settings).await;
    let address = gateway.server.public();
    let text = gateway.key();
    let id = key_id(&text);
    let own = token(address, &id, &text, None).await;
    let (bearer, by_basic) = (format!("Bearer {own}"), basic(&id, &text));
    let shows = [("x-api-key", &text), ("authorization", &bearer), ("authorization", &by_basic)];
    let mut shown = Vec::new();
    for name in ["hs256", "es256", "basic", "headers", "none"] {
        for (header, value) in shows {
            let headers =
                [(header, value.as_str()), ("x-backend-key", "mine"), ("proxy-authorization", "Basic eDp5")];
            let (mut caller, path) = (Client::new(address, None), format!("/{name}/x"));
            let answer = caller.request(hyper::Method::GET, &path, &headers, Default::default());
            let seen = answer.await.unwrap().json()["headers"].clone();
            for secret in [&text, &own, by_basic.trim_start_matches("Basic ")] {
                assert!(!seen.to_string().contains(secret), "{name}: {header} reaches the upstream: {seen}");
            }
            assert_eq!((&seen["x-api-key"], &seen["proxy-authorization"]), (&Value::Null, &Value::Null));
            match name {
                "hs256" => check_hs256(&seen, &gateway, header),
                "es256" => check_es256(&seen, &gateway).await,
                "basic" => assert_eq!(seen["authorization"], basic("robot", "robot-password")),
                "headers" => {
                    assert_eq!(seen["x-backend-key"], "backend-secret", "not what the caller says");
                    assert_eq!(
                        (&seen["x-second"], &seen["authorization"]),
                        (&json!("second-secret"), &Value::Null)
                    );
                }
                _ => assert_eq!(seen["authorization"], Value::Null),
            }
            shown.extend(
                seen["authorization"].as_str().map(|value| value.rsplit(' ').next().unwrap().to_owned()),
            );
        }
    }
    let mut server = gateway.server;
    server.stop().await.unwrap();
    let mut secrets: Vec<&str> = shown.iter().map(String::as_str).collect();
    let secret_part = text.rsplit('_').next().unwrap();
    secrets.extend([secret_part, &own, SECRET, "robot-password", "backend-secret", "second-secret"]);
    keeps_secret(&server.log(), &secrets);
}

fn check_hs256(seen: &Value, gateway: &Gateway, header: &str) {
    let claims = verified(seen, &VerifyingKey::hs256(SECRET.as_bytes()).unwrap(), Algorithm::HS256);
    let first = gateway.server.first_run().unwrap();
    claims.check_issuer("https://gateway.example.com").unwrap();
    claims.check_audience("aud", &["legacy"]).unwrap();
    claims.check_time(now(), 1).unwrap();
    assert_eq!(
        (claims.text("tenant"), claims.text("sub")),
        (Some(&*first.company_id), Some(&*first.company_id))
    );
    assert_eq!(claims.seconds("exp").unwrap() - claims.seconds("iat").unwrap(), 60);
    if header == "x-api-key" {
        assert_eq!(claims.text("key"), Some(&*key_id(&first.api_key)));
    }
    assert!(claims.words("may").any(|scope| scope == "ledger:read"), "the caller's scopes");
}

async fn check_es256(seen: &Value, gateway: &Gateway) {
    let mut client = Client::new(gateway.server.public(), None);
    let jwks = client.get("/.well-known/jwks.json").await.unwrap().json();
    let discovery = client.get("/.well-known/openid-configuration").await.unwrap().json();
    let keys: Vec<Jwk> = serde_json::from_value(jwks["keys"].clone()).unwrap();
    let text = bearer(seen);
    let kid = Token::parse(text).unwrap().kid().unwrap().to_owned();
    let key = keys.iter().find(|key| key.kid.as_deref() == Some(&*kid)).expect("its key is published");
    let claims = verified(seen, &VerifyingKey::from_jwk(key).unwrap(), Algorithm::ES256);
    claims.check_issuer(discovery["issuer"].as_str().unwrap()).unwrap();
    claims.check_time(now(), 1).unwrap();
    assert_eq!(claims.text("tenant"), Some(&*gateway.server.first_run().unwrap().company_id));
    // It must not open our own door: an upstream could use it against us.
    assert_eq!(get_with(gateway.server.public(), "/none/x", text).await.status, 401);
}

fn bearer(seen: &Value) -> &str {
    seen["authorization"].as_str().unwrap().strip_prefix("Bearer ").unwrap()
}

fn verified(seen: &Value, key: &VerifyingKey, algorithm: Algorithm) -> Claims {
    Token::parse(bearer(seen)).unwrap().verify(key, &[algorithm]).unwrap()
}

#[tokio::test]
async fn companies_are_told_apart_and_a_token_serves_many_requests() {
    let mirror = Mirror::start().await;
    let credential =
        json!({"jwt": {"algorithm": "HS256", "secret": SECRET, "claims": {"tenant": "{company.id}"}}});
    let settings = json!({
        "upstreams": {"t": {"targets": [{"url": mirror.url()}], "credential": credential}},
        "routes": [route("t", json!({}))],
    });
    let gateway = Gateway::start(&settings).await;
    let mut admin = gateway.admin();
    let company = admin.company("Beta").await;
    let key = admin.key(&company, &["books:read"]).await;
    let mut callers = [gateway.client(), Client::new(gateway.server.public(), Some(&key.text))];
    for _ in 0..20 {
        for caller in &mut callers {
            assert_eq!(caller.get("/t/x").await.unwrap().status, 200);
        }
    }
    let shown = |place: usize| {
        mirror
            .seen()
            .iter()
            .skip(place)
            .step_by(2)
            .map(|seen| bearer(&seen["headers"]).to_owned())
            .collect::<Vec<_>>()
    };
    for (place, company) in [(0, gateway.server.first_run().unwrap().company_id), (1, company)] {
        let shown = shown(place);
        assert!(shown.iter().all(|token| super::claims_of(token)["tenant"] == company));
        assert!(
            shown.windows(2).filter(|pair| pair[0] != pair[1]).count() <= 1,
            "a token for each request is waste"
        );
    }
}

/// A login of the upstream's own, whose tokens live two seconds.
struct Login {
    upstream: Option<Upstream>,
    url: String,
    given: Arc<Mutex<Vec<Instant>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

const LIFE: Duration = Duration::from_secs(2);

impl Login {
    async fn start() -> Self {
        let mut login =
            Self { upstream: None, url: String::new(), given: Arc::default(), asked: Arc::default() };
        login.serve(Terms::default()).await;
        login.url = login.upstream.as_ref().unwrap().url();
        login
    }

    async fn serve(&mut self, terms: Terms) {
        let (given, asked) = (Arc::clone(&self.given), Arc::clone(&self.asked));
        let upstream = Upstream::start_with(terms, move |request| {
            let (given, asked) = (Arc::clone(&given), Arc::clone(&asked));
            async move {
                let request = image(request).await;
                asked.lock().unwrap().push(request);
                let mut given = given.lock().unwrap();
                given.push(Instant::now());
                let token = format!("backend-token-{}", given.len() - 1);
                Response::new(full(json!({"data": {"token": token}, "lives": LIFE.as_secs()}).to_string()))
            }
        });
        self.upstream = Some(upstream.await);
    }

    /// Whether a token was given, and is good still.
    fn knows(&self, token: &str) -> bool {
        let number = token.strip_prefix("backend-token-").and_then(|number| number.parse::<usize>().ok());
        number
            .and_then(|number| self.given.lock().unwrap().get(number).copied())
            .is_some_and(|given| given.elapsed() < LIFE)
    }

    fn count(&self) -> usize {
        self.given.lock().unwrap().len()
    }
}

#[tokio::test]
async fn a_token_of_the_upstreams_own_login_is_renewed_before_its_end_and_missed_while_the_login_is_down() {
    let mut login = Login::start().await;
    let mirror = Mirror::start().await;
    let credential = json!({"token": {"url": format!("{}/login", login.url), "from": ".data.token",
        "expires": ".lives", "body": {"user": "robot", "password": "robot-password"}, "header": "x-session", "scheme": ""}});
    let settings = json!({
        "log": {"level": "debug"},
        "upstreams": {"t": {"targets": [{"url": mirror.url()}], "credential": credential}},
        "routes": [route("t", json!({}))],
    });
    let gateway = Gateway::start(&settings).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let mut caller = gateway.client();
        crowd.spawn(async move { caller.get("/t/x").await.unwrap().status.as_u16() });
    }
    assert_eq!(crowd.join_all().await, [200; 30]);
    assert_eq!(login.count(), 1, "of a crowd one asks");
    let asked = login.asked.lock().unwrap()[0].clone();
    assert_eq!((&asked["method"], &asked["target"]), (&json!("POST"), &json!("/login")));
    let body: Value = serde_json::from_str(asked["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({"user": "robot", "password": "robot-password"}));

    let mut caller = gateway.client();
    let (began, mut calls) = (Instant::now(), 0);
    while began.elapsed() < 2 * LIFE + LIFE / 2 {
        let answer = caller.get("/t/x").await.unwrap();
        assert_eq!(answer.status, 200);
        let session = answer.json()["headers"]["x-session"].as_str().unwrap().to_owned();
        assert!(login.knows(&session), "{session} has ended");
        calls += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("{calls} calls by {} tokens of two seconds", login.count());
    assert!((2..=5).contains(&login.count()), "{} tokens", login.count());

    login.upstream = None;
    tokio::time::sleep(LIFE).await;
    let before = mirror.seen().len();
    for _ in 0..20 {
        let answer = caller.get("/t/x").await.unwrap();
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(mirror.seen().len(), before, "without a credential nothing is sent");
    let address = login.url.strip_prefix("http://").unwrap().parse().unwrap();
    login.serve(Terms { address: Some(address), ..Terms::default() }).await;
    super::until("it goes on", Duration::from_secs(3), async || {
        caller.get("/t/x").await.unwrap().status == 200
    })
    .await;
    let mut server = gateway.server;
    server.stop().await.unwrap();
    keeps_secret(&server.log(), &["robot-password", "backend-token-"]);
}
