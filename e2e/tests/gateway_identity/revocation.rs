//! A revoked key, and every token it was given, are refused within a second by each of three gateways.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use comporta_e2e::{Engine, Gateway, Mirror};
use comporta_testkit::{Client, Server, Setup};
use serde_json::json;
use tokio::sync::watch;

use super::{get_with, route, token};

const WITHIN: Duration = Duration::from_secs(1);
/// By then every gateway knows a new key; that it works before is another story.
const SETTLED: Duration = Duration::from_millis(500);
/// For so long after the revocation each gateway is asked on: once refused, always refused.
const AFTERWARDS: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_gateways_refuse_a_revoked_key_within_a_second_on_sqlite() {
    revoke(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_gateways_refuse_a_revoked_key_within_a_second_on_postgres() {
    revoke(Engine::Postgres).await;
}

#[tokio::test]
async fn a_new_key_and_its_token_work_at_once_on_three_gateways_on_sqlite() {
    work_at_once(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_new_key_and_its_token_work_at_once_on_three_gateways_on_postgres() {
    work_at_once(Engine::Postgres).await;
}

async fn work_at_once(engine: Engine) {
    let three = Three::start(engine).await;
    let company = three.first.server.first_run().unwrap().company_id;
    let mut admin = three.first.admin();
    for round in 0..10 {
        let key = admin.key(&company, &["books:read"]).await;
        let addresses = three.addresses();
        // Another one each time meets the token before the key.
        let token = token(addresses[round % 3], &key.id, &key.text, None).await;
        for address in addresses {
            let answer = get_with(address, "/t/x", &token).await;
            assert_eq!(answer.status, 200, "round {round}, the token: {}", answer.text());
            let answer = Client::new(address, Some(&key.text)).get("/t/x").await.unwrap();
            assert_eq!(answer.status, 200, "round {round}, the key: {}", answer.text());
        }
    }
}

/// Three processes of one installation, and an upstream behind them.
struct Three {
    first: Gateway,
    others: [Server; 2],
    _mirror: Mirror,
}

impl Three {
    async fn start(engine: Engine) -> Self {
        let mirror = Mirror::start().await;
        let settings = json!({
            // One name for all of them: a token of one is a token of all.
            "identity": {"issuer": "https://api.example.com"},
            "upstreams": {"t": {"targets": [{"url": mirror.url()}]}},
            "routes": [route("t", json!({}))],
        });
        let first = Gateway::start_as(Setup::new(&engine.fresh_url()), &settings).await;
        let others =
            [first.server.beside().start().await.unwrap(), first.server.beside().start().await.unwrap()];
        Self { first, others, _mirror: mirror }
    }

    fn addresses(&self) -> [SocketAddr; 3] {
        [self.first.server.public(), self.others[0].public(), self.others[1].public()]
    }
}

async fn revoke(engine: Engine) {
    let three = Three::start(engine).await;
    let (first, all) = (&three.first, three.addresses());
    let company = first.server.first_run().unwrap().company_id;
    let mut admin = first.admin();
    for round in 0..2 {
        let key = admin.key(&company, &["books:read"]).await;
        let token = format!("Bearer {}", token(all[round], &key.id, &key.text, None).await);
        tokio::time::sleep(SETTLED).await;
        let (revoked, told) = watch::channel(None);
        let mut callers = Vec::new();
        for address in all {
            callers.push(("key", tokio::spawn(call(address, ("x-api-key", key.text.clone()), told.clone()))));
            callers
                .push(("token", tokio::spawn(call(address, ("authorization", token.clone()), told.clone()))));
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        let asked = Instant::now();
        admin.revoke(&key.id).await;
        revoked.send(Some(asked)).unwrap();
        for (place, (what, caller)) in callers.into_iter().enumerate() {
            let (served, refused) = caller.await.unwrap();
            let gateway = place / 2 + 1;
            println!(
                "{engine:?}: gateway {gateway} refused the {what} {refused:?} after it was to be revoked; {served} calls before"
            );
            assert!(served > 5, "the {what} was hardly used on gateway {gateway}");
            assert!(refused <= WITHIN, "gateway {gateway} took the {what} for {refused:?}");
        }
    }
}

/// Calls on until well after the revocation; gives how many calls were served, and when it was first refused.
async fn call(
    address: SocketAddr,
    (name, value): (&'static str, String),
    told: watch::Receiver<Option<Instant>>,
) -> (u32, Duration) {
    let mut client = Client::new(address, None);
    let (mut served, mut refused) = (0, None);
    loop {
        let sent = Instant::now();
        let answer =
            client.request(hyper::Method::GET, "/t/x", &[(name, &value)], Default::default()).await.unwrap();
        let revoked = *told.borrow();
        match answer.status.as_u16() {
            200 => {
                assert!(refused.is_none(), "{address}: served again after it was refused");
                served += 1;
            }
            401 => refused = refused.or(Some(sent)),
            status => panic!("{address}: {status} {}", answer.text()),
        }
        match (revoked, refused) {
            (Some(revoked), Some(refused)) if revoked.elapsed() > AFTERWARDS => {
                // Refused before the answer to the revocation came: at once.
                return (served, refused.saturating_duration_since(revoked));
            }
            (Some(revoked), None) => {
                assert!(revoked.elapsed() < Duration::from_secs(5), "it is never refused");
            }
            (None, Some(_)) => {
                // The revocation may have been done a moment before its answer.
                assert!(served > 5, "{address}: refused before it was revoked: {}", answer.text());
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
