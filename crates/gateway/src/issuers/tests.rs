//! Issuers as callers meet them: in process, and over HTTP against a small server.

mod claims;
mod fetching;
mod issuer_server;
mod local;
mod rotation;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use comporta_http::Principal;
use comporta_jwt::{Algorithm, JwkSet, SigningKey, SystemRandom};
use comporta_kernel::{Clock, CompanyId, ManualClock, Timestamp, TypedId as _, Uuid};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{ClientStanding, Companies, Issuers, IssuersError, LocalIssuer, Outcome, Pace, Refusal};
use crate::config;

const NOW: i64 = 1_800_000_000;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const LOCAL: &str = "http://127.0.0.1:8080";

fn company() -> CompanyId {
    CompanyId::from_uuid(Uuid::from_u128(7))
}

/// Every company is active but those named; every client too.
#[derive(Default)]
struct Standing {
    suspended: Mutex<BTreeSet<CompanyId>>,
    revoked: Mutex<BTreeSet<String>>,
    jwks: Mutex<Arc<JwkSet>>,
}

impl Companies for Standing {
    fn is_active(&self, company: CompanyId) -> bool {
        !self.suspended.lock().unwrap().contains(&company)
    }
}

impl LocalIssuer for Standing {
    fn jwks(&self) -> Arc<JwkSet> {
        Arc::clone(&self.jwks.lock().unwrap())
    }

    fn standing(&self, client: &str, from: IpAddr) -> ClientStanding {
        match self.revoked.lock().unwrap().contains(client) {
            true => ClientStanding::Ended,
            false if from != HERE => ClientStanding::Elsewhere,
            false => ClientStanding::Good,
        }
    }
}

impl Standing {
    fn publish(&self, keys: &[&SigningKey]) {
        *self.jwks.lock().unwrap() = Arc::new(set(keys));
    }
}

fn set(keys: &[&SigningKey]) -> JwkSet {
    JwkSet { keys: keys.iter().filter_map(|key| key.public_jwk()).collect() }
}

fn key(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::ES256, kid, &SystemRandom::new()).unwrap().0
}

/// The settings of an issuer, with some changed.
fn settings(issuer: &str, change: Value) -> config::Issuer {
    let mut settings = json!({"issuer": issuer, "audience": ["us"], "company": {"claim": "company"}});
    merge(&mut settings, change);
    serde_json::from_value(settings).unwrap()
}

/// Good claims, with some changed; null takes one away.
fn claims(issuer: &str, change: Value) -> Value {
    let mut claims = json!({"iss": issuer, "aud": "us", "sub": "someone", "client_id": "key_1",
        "exp": NOW + 300, "company": company(), "scope": "ledger:read books:read"});
    merge(&mut claims, change);
    claims
}

fn merge(into: &mut Value, change: Value) {
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

fn clock() -> ManualClock {
    ManualClock::at(Timestamp::from_second(NOW).unwrap())
}

fn issuers(settings: &[config::Issuer], standing: &Arc<Standing>, clock: Clock, pace: Pace) -> Issuers {
    Issuers::paced(settings, Handle::current(), Arc::clone(standing) as _, clock, pace).unwrap()
}

/// The outcome of a token that memory must know.
fn known(issuers: &Issuers, token: &str) -> Result<Arc<Principal>, Refusal> {
    match issuers.authenticate(token, HERE) {
        Outcome::Known(outcome) => outcome,
        Outcome::Ask => panic!("memory does not know"),
    }
}

/// Waits until something holds, for ten seconds at most.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(10), "it never came to hold");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
