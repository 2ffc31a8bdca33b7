//! Tokens of our own issuer and of somebody else's: taken, mapped to companies, followed through rotation and outages.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use comporta_e2e::{AnyBody, Engine, Gateway, Mirror, Terms, Upstream, full};
use comporta_jwt::{Algorithm, JwkSet, SigningKey, SystemRandom};
use comporta_testkit::Setup;
use hyper::Response;
use serde_json::{Value, json};

use super::{claims_of, get_with, merge, route, token, until};

/// The claim's value that is mapped to the first company.
pub(super) const TENANT: &str = "acme";
pub(super) const AUDIENCE: &str = "comporta-test";

/// An OpenID Connect issuer over HTTP, whose keys a test chooses.
pub(super) struct Issuer {
    upstream: Option<Upstream>,
    pub(super) url: String,
    published: Arc<Mutex<JwkSet>>,
    asked: Arc<Mutex<u32>>,
}

impl Issuer {
    pub(super) async fn start(keys: &[&SigningKey]) -> Self {
        let mut issuer = Self {
            upstream: None,
            url: String::new(),
            published: Arc::new(Mutex::new(JwkSet { keys: Vec::new() })),
            asked: Arc::default(),
        };
        issuer.publish(keys);
        issuer.serve(Terms::default()).await;
        issuer.url = issuer.upstream.as_ref().unwrap().url();
        issuer
    }

    pub(super) fn publish(&self, keys: &[&SigningKey]) {
        self.published.lock().unwrap().keys = keys.iter().filter_map(|key| key.public_jwk()).collect();
    }

    /// How often its keys were asked for.
    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }

    fn go_down(&mut self) {
        self.upstream = None;
    }

    async fn come_back(&mut self) {
        let address = self.url.strip_prefix("http://").unwrap().parse().unwrap();
        // The port is free once the connections are gone.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.serve(Terms { address: Some(address), ..Terms::default() }).await;
    }

    async fn serve(&mut self, terms: Terms) {
        let (published, asked) = (Arc::clone(&self.published), Arc::clone(&self.asked));
        let upstream = Upstream::start_with(terms, move |request: hyper::Request<hyper::body::Incoming>| {
            let host = request.headers()["host"].to_str().unwrap().to_owned();
            let answer = match request.uri().path() {
                "/.well-known/openid-configuration" => {
                    json!({"issuer": format!("http://{host}"), "jwks_uri": format!("http://{host}/keys")})
                }
                "/keys" => {
                    *asked.lock().unwrap() += 1;
                    serde_json::to_value(&*published.lock().unwrap()).unwrap()
                }
                _ => Value::Null,
            };
            async move { Response::<AnyBody>::new(full(answer.to_string())) }
        });
        self.upstream = Some(upstream.await);
    }
}

pub(super) fn signing_key(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::ES256, kid, &SystemRandom::new()).unwrap().0
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    comporta_kernel::Clock::system().now().as_second()
}

/// Good claims, with some changed.
pub(super) fn claims(issuer: &str, change: Value) -> Value {
    let mut claims = json!({"iss": issuer, "aud": AUDIENCE, "sub": "someone", "tenant": TENANT,
        "iat": now(), "exp": now() + 300, "scope": "books:read", "jti": format!("{:?}", std::time::Instant::now())});
    merge(&mut claims, change);
    claims
}

/// A mirror at `/t`, which takes tokens alone.
fn in_front_of(mirror: &Mirror) -> Value {
    json!({
        "upstreams": {"t": {"targets": [{"url": mirror.url()}]}},
        "routes": [route("t", json!({"auth": {"any_of": ["jwt"], "scopes": {"*": "books:read"}}}))],
    })
}

/// A gateway in front of a mirror at `/t`, who believes an issuer.
pub(super) async fn trusting(issuer: &Issuer) -> (Gateway, Mirror) {
    let mirror = Mirror::start().await;
    let settings = in_front_of(&mirror);
    let gateway = Gateway::start(&settings).await;
    let company = gateway.server.first_run().unwrap().company_id;
    gateway.reload(&with_issuer(&settings, issuer, json!({TENANT: company}))).await;
    (gateway, mirror)
}

fn with_issuer(settings: &Value, issuer: &Issuer, map: Value) -> Value {
    let mut settings = settings.clone();
    settings["issuers"] =
        json!([{"issuer": issuer.url, "audience": [AUDIENCE], "company": {"claim": "tenant", "map": map}}]);
    settings
}

#[tokio::test]
async fn our_own_tokens_open_what_their_key_opens() {
    let gateway = Gateway::start(&json!({})).await;
    let address = gateway.server.public();
    let company = gateway.server.first_run().unwrap().company_id;
    let key = gateway.admin().key(&company, &["ledger:read"]).await;
    let token = token(address, &key.id, &key.text, None).await;
    let claims = claims_of(&token);
    assert_eq!((&claims["client_id"], &claims["company"]), (&json!(key.id), &json!(company)));
    let answer = get_with(address, "/v1/accounts", &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(get_with(address, "/v1/books", &token).await.status, 403);
    let discovery =
        comporta_testkit::Client::new(address, None).get("/.well-known/openid-configuration").await;
    assert_eq!(discovery.unwrap().json()["issuer"], claims["iss"]);
}

#[tokio::test]
async fn an_emptied_key_beside_a_token_is_no_second_credential() {
    let gateway = Gateway::start(&json!({})).await;
    let address = gateway.server.public();
    let company = gateway.server.first_run().unwrap().company_id;
    let key = gateway.admin().key(&company, &["ledger:read"]).await;
    let bearer = format!("Bearer {}", token(address, &key.id, &key.text, None).await);
    for (emptied, status) in [("", 200), ("anything", 401)] {
        let headers = [("authorization", bearer.as_str()), ("x-api-key", emptied)];
        let mut client = comporta_testkit::Client::new(address, None);
        let answer = client.request(hyper::Method::GET, "/v1/accounts", &headers, Default::default()).await;
        assert_eq!(answer.unwrap().status, status, "{emptied:?}");
    }
}

#[tokio::test]
async fn another_issuers_tokens_speak_for_the_companies_they_are_mapped_to() {
    let key = signing_key("one");
    let issuer = Issuer::start(&[&key]).await;
    let (gateway, mirror) = trusting(&issuer).await;
    let address = gateway.server.public();
    let sign = |change| key.sign(&claims(&issuer.url, change)).unwrap();
    let good = sign(json!({}));
    until("its keys are known", Duration::from_secs(3), async || {
        get_with(address, "/t/x", &good).await.status == 200
    })
    .await;
    assert!(!mirror.seen()[0].to_string().contains(&good), "the token goes no further");
    assert_eq!(get_with(address, "/t/x", &sign(json!({"tenant": "another"}))).await.status, 401);
    assert_eq!(get_with(address, "/t/x", &sign(json!({"tenant": null}))).await.status, 401);
    assert_eq!(get_with(address, "/t/x", &sign(json!({"scope": "books:write"}))).await.status, 403);
    let mut server = gateway.server;
    server.stop().await.unwrap();
    let whose = format!("\"company\":\"{}\",\"key\":\"jwt:someone\"", server.first_run().unwrap().company_id);
    assert!(server.log().contains(&whose), "{whose}: {}", server.log());
}

#[tokio::test]
async fn a_company_without_keys_is_let_in_by_its_token_until_it_is_suspended_on_sqlite() {
    without_keys(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_company_without_keys_is_let_in_by_its_token_until_it_is_suspended_on_postgres() {
    without_keys(Engine::Postgres).await;
}

/// One gateway is told; another one, of the same installation, has to notice.
async fn without_keys(engine: Engine) {
    const SECOND: Duration = Duration::from_secs(1);
    let key = signing_key("one");
    let issuer = Issuer::start(&[&key]).await;
    let mirror = Mirror::start().await;
    let gateway = Gateway::start_as(Setup::new(&engine.fresh_url()), &in_front_of(&mirror)).await;
    let mut admin = gateway.admin();
    let company = admin.company("Without keys").await;
    gateway.reload(&with_issuer(&in_front_of(&mirror), &issuer, json!({TENANT: company}))).await;
    let other = gateway.server.beside().start().await.unwrap();
    let token = key.sign(&claims(&issuer.url, json!({}))).unwrap();
    let status = async |address| get_with(address, "/t/x", &token).await.status.as_u16();
    for address in [gateway.server.public(), other.public()] {
        until("the token is taken", 3 * SECOND, async || status(address).await == 200).await;
    }

    admin.set_status(&company, "suspended").await;
    let took = until("both refuse it", SECOND, async || {
        (status(gateway.server.public()).await, status(other.public()).await) == (401, 401)
    });
    println!("a suspended company's token is refused by both after {:?}", took.await);
    admin.set_status(&company, "active").await;
    until("both take it again", SECOND, async || {
        (status(gateway.server.public()).await, status(other.public()).await) == (200, 200)
    })
    .await;

    let newcomer = admin.company("Just made").await;
    let map = json!({TENANT: newcomer});
    gateway.reload(&with_issuer(&in_front_of(&mirror), &issuer, map)).await;
    until("a new company's token is taken", SECOND, async || status(gateway.server.public()).await == 200)
        .await;
}

#[tokio::test]
async fn keys_are_followed_through_rotation_and_kept_through_an_outage() {
    let (one, two) = (signing_key("one"), signing_key("two"));
    let mut issuer = Issuer::start(&[&one]).await;
    let (gateway, _mirror) = trusting(&issuer).await;
    let address = gateway.server.public();
    let url = issuer.url.clone();
    let status = async |key: &SigningKey| {
        get_with(address, "/t/x", &key.sign(&claims(&url, json!({}))).unwrap()).await.status.as_u16()
    };
    until("its keys are known", Duration::from_secs(3), async || status(&one).await == 200).await;

    // A key that comes is asked for when a token names it, though not more often than every ten seconds.
    issuer.publish(&[&one, &two]);
    let took = until("the new key is known", Duration::from_secs(13), async || {
        assert_eq!(status(&one).await, 200, "the old one stays good");
        let status = status(&two).await;
        assert!([200, 401].contains(&status), "{status}");
        status == 200
    });
    println!("a new key was known after {:?}, the issuer was asked {} times", took.await, issuer.asked());
    assert!(issuer.asked() <= 3, "asked {} times", issuer.asked());

    issuer.go_down();
    for _ in 0..20 {
        assert_eq!((status(&one).await, status(&two).await), (200, 200), "the last good keys are kept");
        assert_eq!(status(&signing_key("three")).await, 401, "a key nobody knows is no reason for a 5xx");
    }
}

#[tokio::test]
async fn an_issuer_that_is_down_from_the_start_holds_up_nobody_else_and_is_believed_once_it_is_there() {
    let key = signing_key("one");
    let mut issuer = Issuer::start(&[&key]).await;
    issuer.go_down();
    let (gateway, _mirror) = trusting(&issuer).await;
    let address = gateway.server.public();
    let token = key.sign(&claims(&issuer.url, json!({}))).unwrap();
    let answer = get_with(address, "/t/x", &token).await;
    assert_eq!(answer.status, 503, "it may be good: {}", answer.text());
    assert!(answer.header("retry-after").is_some());
    let first = gateway.server.first_run().unwrap();
    let id = super::key_id(&first.api_key);
    let own = super::token(address, &id, &first.api_key, None).await;
    assert_eq!(get_with(address, "/t/x", &own).await.status, 200);
    issuer.come_back().await;
    let took = until("it is believed", Duration::from_secs(15), async || {
        get_with(address, "/t/x", &token).await.status == 200
    });
    println!("believed {:?} after it came", took.await);
}
