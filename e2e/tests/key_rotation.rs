//! A key is rotated under load through two gateways on one PostgreSQL: nobody is refused who changes over in time, and
//! nobody is let in afterwards.
#![cfg(test)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use comporta_e2e::{Chance, Engine, Gateway, Upstream, full};
use comporta_testkit::{Client, Server, Setup};
use hyper::{Method, Response};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

const CLIENTS: usize = 16;
const OVERLAP: Duration = Duration::from_secs(6);
/// By then the last client has changed over: room for its call, and for this machine.
const LAST_CHANGE: usize = 5_000;
/// So long after its end an old key opens nothing anywhere.
const WITHIN: Duration = Duration::from_secs(1);

/// Two processes of one installation, in front of an upstream that costs nothing.
struct Two {
    first: Gateway,
    second: Server,
    _upstream: Upstream,
}

/// What a client shows: the old key, and once it is known the new one with the moment of the rotation.
#[derive(Clone, Debug)]
struct Keys {
    old: String,
    new: Option<(String, Instant)>,
}

impl Two {
    async fn start() -> Self {
        let upstream = Upstream::start(|_| async { Response::new(full("ok")) }).await;
        let settings = json!({
            "upstreams": {"free": {"targets": [{"url": upstream.url()}]}},
            "identity": {"issuer": "https://api.example.com"},
            "routes": [{
                "name": "free",
                "match": {"path": "/free/**"},
                "upstream": "free",
                "auth": {"any_of": ["api-key", "jwt"]},
            }],
        });
        let setup = Setup::new(&Engine::Postgres.fresh_url()).with("COMPORTA_LOG__ACCESS", "off");
        let first = Gateway::start_as(setup, &settings).await;
        let second = first.server.beside().start().await.unwrap();
        Self { first, second, _upstream: upstream }
    }

    fn addresses(&self) -> [SocketAddr; 2] {
        [self.first.server.public(), self.second.public()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_change_over_within_the_overlap_and_nobody_is_refused_then_the_old_key_is_refused_everywhere()
{
    let two = Two::start().await;
    let company = two.first.server.first_run().unwrap().company_id;
    let mut admin = two.first.admin();
    let old = admin.key(&company, &["ledger:read"]).await;
    let (tell, told) = watch::channel(Keys { old: old.text.clone(), new: None });
    let chance = Chance::new(4);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let pause = Duration::from_millis(chance.below(LAST_CHANGE) as u64);
        clients.spawn(change_over(two.addresses()[number % 2], told.clone(), pause));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let body = json!({"overlap": format!("{}s", OVERLAP.as_secs())});
    let rotated = admin.post(&format!("/admin/v1/keys/{}/rotate", old.id), &body).await.json();
    let ends = Instant::now() + OVERLAP;
    let new = rotated["key"].as_str().unwrap().to_owned();
    tell.send_replace(Keys { old: old.text.clone(), new: Some((new.clone(), Instant::now())) });

    let mut calls = 0;
    while let Some(client) = clients.join_next().await {
        let (served, refused) = client.unwrap();
        assert_eq!(refused, 0, "of {served} calls within the overlap some were refused");
        calls += served;
    }
    println!(
        "{calls} calls by {CLIENTS} clients that changed over at random within {OVERLAP:?}: none refused"
    );

    tokio::time::sleep_until((ends + WITHIN).into()).await;
    only_refused(&two, &old.text, "expired").await;
    for address in two.addresses() {
        assert_eq!(call(&mut Client::new(address, Some(&new))).await, 200);
    }

    let id = rotated["id"].as_str().unwrap();
    admin.revoke(id).await;
    tokio::time::sleep(WITHIN).await;
    only_refused(&two, &new, "revoked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_bound_to_addresses_opens_nowhere_else_with_its_token_and_after_its_rotation_either() {
    let two = Two::start().await;
    let company = two.first.server.first_run().unwrap().company_id;
    let mut admin = two.first.admin();
    let path = format!("/admin/v1/companies/{company}/keys");
    for (networks, status) in
        [(json!(["203.0.113.0/24"]), 403), (json!(["203.0.113.0/24", "127.0.0.0/8"]), 200)]
    {
        let body = json!({"name": "office", "scopes": ["ledger:read"], "allowed_addresses": networks});
        let made = admin.post(&path, &body).await.json();
        let rotated = admin
            .post(
                &format!("/admin/v1/keys/{}/rotate", made["id"].as_str().unwrap()),
                &json!({"overlap": "1h"}),
            )
            .await
            .json();
        assert_eq!(rotated["allowed_addresses"], made["allowed_addresses"]);
        for address in two.addresses() {
            for key in [&made["key"], &rotated["key"]] {
                let key = key.as_str().unwrap();
                let answer = Client::new(address, Some(key)).get("/free/x").await.unwrap();
                assert_eq!(answer.status, status, "{}", answer.text());
                if status == 403 {
                    assert_eq!(answer.json()["type"], "urn:comporta:problem:address-not-allowed");
                }
                let bearer = format!("Bearer {}", token(address, key).await);
                let headers = [("authorization", bearer.as_str())];
                let mut client = Client::new(address, None);
                let answer =
                    client.request(Method::GET, "/free/x", &headers, Default::default()).await.unwrap();
                assert_eq!(answer.status, status, "by a token: {}", answer.text());
            }
        }
    }
}

async fn token(address: SocketAddr, key: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id=key_{}&client_secret={key}", &key[9..35]);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let mut client = Client::new(address, None);
    let answer = client.request(Method::POST, "/oauth2/token", &headers, form.into()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// Calls without a pause, with the old key until its own moment to change has come and with the new one from then on,
/// a second beyond that; gives how often it was served, and how often refused.
async fn change_over(address: SocketAddr, told: watch::Receiver<Keys>, pause: Duration) -> (u32, u32) {
    let (mut served, mut refused) = (0, 0);
    let Keys { old, .. } = told.borrow().clone();
    let mut client = Client::new(address, Some(&old));
    let mut changed: Option<Instant> = None;
    while changed.is_none_or(|changed| changed.elapsed() < Duration::from_secs(1)) {
        let new = told.borrow().new.clone();
        if let (None, Some((new, since))) = (changed, new)
            && since.elapsed() >= pause
        {
            client = Client::new(address, Some(&new));
            changed = Some(Instant::now());
        }
        match call(&mut client).await {
            200 => served += 1,
            401 => refused += 1,
            other => panic!("{address}: {other}"),
        }
    }
    (served, refused)
}

/// Each gateway refuses a key, and its token, and says why; as often as it is asked.
async fn only_refused(two: &Two, key: &str, why: &str) {
    for address in two.addresses() {
        let mut client = Client::new(address, Some(key));
        for _ in 0..50 {
            let answer = client.get("/free/x").await.unwrap();
            assert_eq!(answer.status, 401, "{address}: {}", answer.text());
            assert!(answer.text().contains(why), "{}", answer.text());
            assert!(answer.header("www-authenticate").is_some());
        }
        let id = format!("key_{}", &key[9..35]);
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let token =
            client.another().request(Method::POST, "/oauth2/token", &headers, form.into()).await.unwrap();
        assert_ne!(token.status, 200, "{}", token.text());
    }
}

async fn call(client: &mut Client) -> u16 {
    client.get("/free/x").await.unwrap().status.as_u16()
}
