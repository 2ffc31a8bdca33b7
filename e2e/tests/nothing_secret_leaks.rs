//! After keys, tokens, administration, refusals, a rotation and mails: no secret is in the database, the logs, the
//! traces, the metrics or the outbox.
#![cfg(test)]

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use comporta_e2e::{Admin, Gateway, Upstream, full};
use comporta_neighbours::{Options, Postgres};
use comporta_testkit::{Answer, Client, Server, Setup};
use http_body_util::BodyExt as _;
use hyper::{Method, Response};
use serde_json::{Value, json};

const DATABASE: &str = "comporta";
const MAIL_PASSWORD: &str = "hunter2-of-the-mail-server";
/// Every table as text, a line for each row.
const TABLES: &str = "SELECT format('SELECT %L || t::text FROM %I t', table_name || ': ', table_name)
    FROM information_schema.tables WHERE table_schema = 'public'";

/// What must be nowhere: its name, and the text.
type Secrets = Vec<(String, String)>;

struct House {
    postgres: Postgres,
    gateway: Gateway,
    /// Its letters go to a mail server that is not there, and whose URL holds a password.
    beside: Server,
    traces: Arc<Mutex<Vec<u8>>>,
    _servers: [Upstream; 2],
}

impl House {
    async fn start() -> Self {
        let postgres = Postgres::start(&Options::fast()).unwrap();
        postgres.create_database(DATABASE).unwrap();
        let traces = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&traces);
        let collector = Upstream::start(move |request| {
            let kept = Arc::clone(&kept);
            async move {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                kept.lock().unwrap().extend_from_slice(&body);
                Response::new(full(""))
            }
        });
        let collector = collector.await;
        let upstream = Upstream::start(|_| async { Response::new(full("ok")) }).await;
        let settings = json!({
            "identity": {"issuer": "https://api.example.com"},
            "log": {"format": "json", "level": "debug"},
            "tracing": {"otlp": collector.url(), "sample": "100%"},
            "upstreams": {"t": {"targets": [{"url": upstream.url()}]}},
            "routes": [
                {"name": "t", "match": {"path": "/t/**"}, "upstream": "t", "auth": {"any_of": ["api-key", "jwt", "basic"]}},
                {"name": "nowhere", "match": {"path": "/nowhere/**"}, "upstream": "nowhere"},
            ],
        });
        let mut settings = settings;
        settings["upstreams"]["nowhere"] = json!({"targets": [{"url": "http://127.0.0.1:9"}]});
        let gateway = Gateway::start_as(Setup::new(&postgres.url(DATABASE)), &settings).await;
        let url = format!("smtp://somebody:{MAIL_PASSWORD}@127.0.0.1:9?tls=none");
        let beside = gateway.server.beside().with("COMPORTA_MAIL__TRANSPORT", "smtp");
        let beside = beside.with("COMPORTA_MAIL__URL", &url).start().await.unwrap();
        Self { postgres, gateway, beside, traces, _servers: [collector, upstream] }
    }

    /// Everything that anybody but its owner may come to see, by where it is.
    async fn traces_left(&mut self) -> Vec<(String, Vec<u8>)> {
        let mut left = Vec::new();
        for (name, server) in [("first", &self.gateway.server), ("second", &self.beside)] {
            let metrics = Client::new(server.private(), None).get("/metrics").await.unwrap();
            left.push((format!("metrics of the {name}"), metrics.text().into_bytes()));
        }
        self.beside.stop().await.unwrap();
        self.gateway.server.stop().await.unwrap();
        left.push(("log of the first".to_owned(), self.gateway.server.log().into_bytes()));
        left.push(("log of the second".to_owned(), self.beside.log().into_bytes()));
        left.push(("traces".to_owned(), self.traces.lock().unwrap().clone()));
        let tables = self.postgres.psql(DATABASE, TABLES).unwrap();
        assert!(tables.lines().count() > 10, "{tables}");
        for table in tables.lines() {
            left.push((table.to_owned(), self.postgres.psql(DATABASE, table).unwrap().into_bytes()));
        }
        for letter in fs::read_dir(self.gateway.server.data_dir().join("outbox")).unwrap() {
            let path = letter.unwrap().path();
            left.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
        left
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_token_pepper_or_password_is_left_anywhere() {
    let mut house = House::start().await;
    let secrets = live(&house).await;
    let left = house.traces_left().await;
    let whole: usize = left.iter().map(|(_, bytes)| bytes.len()).sum();
    // What was looked through is what was lived through.
    for (what, place) in
        [("key.rotated", "FROM audit"), ("\"t\"", "log of"), ("comporta_http_requests_total", "metrics")]
    {
        assert!(
            left.iter().any(|(name, bytes)| name.contains(place) && contains(bytes, what.as_bytes())),
            "{what} is not in {place}"
        );
    }
    assert!(left.iter().any(|(name, _)| name.ends_with(".eml")), "no letter was written");
    assert!(!house.traces.lock().unwrap().is_empty(), "nothing was traced");
    for (what, secret) in &secrets {
        let forms = [
            secret.clone(),
            hex(secret.as_bytes()),
            STANDARD.encode(secret).trim_end_matches('=').to_owned(),
            URL_SAFE_NO_PAD.encode(secret),
        ];
        for (place, bytes) in &left {
            let found = forms.iter().find(|form| contains(bytes, form.as_bytes()));
            assert!(found.is_none(), "{what} is in {place}");
        }
    }
    println!(
        "{} secrets, each in 4 forms, in none of {} places of {whole} bytes in all",
        secrets.len(),
        left.len()
    );
}

/// Does all that shows a secret to the program; gives the secrets.
async fn live(house: &House) -> Secrets {
    let server = &house.gateway.server;
    let first = server.first_run().unwrap();
    let pepper = fs::read_to_string(server.data_dir().join("pepper")).unwrap().trim().to_owned();
    let mut secrets = vec![
        ("the pepper".to_owned(), pepper),
        ("the admin token".to_owned(), first.admin_token.clone()),
        ("the admin password".to_owned(), first.admin_password.clone()),
        ("the mail server's password".to_owned(), MAIL_PASSWORD.to_owned()),
    ];
    key(&mut secrets, "the first key", &first.api_key);
    let mut admin = house.gateway.admin();
    let company = admin.company("Padaria Aurora").await;
    let made = admin.key(&company, &["ledger:read"]).await;
    key(&mut secrets, "a key", &made.text);
    calls(house, &made.id, &made.text, &mut secrets).await;
    let rotated = rotated(&mut admin, &made.id).await;
    key(&mut secrets, "its successor", rotated["key"].as_str().unwrap());
    wrong(house, &made.text).await;
    warned(house, &mut admin, &company, rotated["key"].as_str().unwrap()).await;
    admin.revoke(&made.id).await;
    admin.post("/admin/v1/reload", &Value::Null).await;
    secrets
}

/// The whole text of a key, and the part of it that nobody may know.
fn key(secrets: &mut Secrets, name: &str, text: &str) {
    secrets.push((name.to_owned(), text.to_owned()));
    secrets.push((format!("the secret of {name}"), text[36..88].to_owned()));
}

/// Calls by a key, by key id and key, and by a token, on both gateways, to where somebody answers and where nobody does.
async fn calls(house: &House, id: &str, text: &str, secrets: &mut Secrets) {
    for server in [&house.gateway.server, &house.beside] {
        let mut client = Client::new(server.public(), None);
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={text}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = client.request(Method::POST, "/oauth2/token", &headers, form.into()).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{text}")));
        let bearer = format!("Bearer {token}");
        for (name, value) in [("x-api-key", text), ("authorization", &basic), ("authorization", &bearer)] {
            for (path, status) in [("/t/x", 200), ("/nowhere/x", 502)] {
                let answer = get(&mut client, path, name, value).await;
                assert!([status, 401, 503].contains(&answer.status.as_u16()), "{path}: {}", answer.text());
            }
        }
        secrets.push(("a token's signature".to_owned(), token.rsplit('.').next().unwrap().to_owned()));
    }
}

async fn rotated(admin: &mut Admin, id: &str) -> Value {
    let answer = admin.post(&format!("/admin/v1/keys/{id}/rotate"), &json!({"overlap": "1h"})).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.json()
}

/// Credentials that are nearly right, and secrets where they do not belong.
async fn wrong(house: &House, text: &str) {
    let mut client = Client::new(house.gateway.server.public(), None);
    let damaged = format!("{}{}", &text[..text.len() - 1], if text.ends_with('0') { '1' } else { '0' });
    for (name, value) in [
        ("x-api-key", damaged.as_str()),
        ("authorization", &format!("Bearer {text}")),
        ("authorization", &format!("Basic {}", STANDARD.encode(text))),
    ] {
        assert_eq!(get(&mut client, "/t/x", name, value).await.status, 401);
    }
    let mut private = Client::new(house.gateway.server.private(), None);
    let answer = get(&mut private, "/admin/v1/companies", "authorization", &format!("Bearer {text}")).await;
    assert_eq!(answer.status, 401);
}

/// Calls beyond a quota: a letter is written.
async fn warned(house: &House, admin: &mut Admin, company: &str, key: &str) {
    admin.put_plan(company, "small", &json!({"quota": {"requests": 2, "per": "month"}})).await;
    let outbox = house.gateway.server.data_dir().join("outbox");
    let until = Instant::now() + Duration::from_secs(60);
    let mut client = Client::new(house.gateway.server.public(), Some(key));
    while fs::read_dir(&outbox).map_or(0, Iterator::count) == 0 {
        assert!(Instant::now() < until, "no letter came\n{}", house.gateway.server.log());
        client.get("/t/x").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn get(client: &mut Client, path: &str, name: &'static str, value: &str) -> Answer {
    client.request(Method::GET, path, &[(name, value)], Default::default()).await.unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}
