//! Companies that call, each with its own tally of what it was served.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use bytes::Bytes;
use comporta_e2e::{Admin, AnyBody, Chance, Gateway, Upstream, fed, full};
use comporta_testkit::{Client, Failure, Server};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Callers of each gateway.
const CALLERS: u64 = 12;

/// What is called: a service's answer, refusals, a target's answers of each form.
pub(crate) const PATHS: [&str; 8] = [
    "/v1/books?limit=1",
    "/v1/books/bok_00000000000000000000000000",
    "/v1/accounts",
    "/v1/me",
    "/echo/length",
    "/echo/chunked",
    "/echo/nothing",
    "/openapi.json",
];

/// A company that calls.
#[derive(Clone, Debug)]
pub(crate) struct Partner {
    pub(crate) company: String,
    pub(crate) key: String,
}

/// What a company knows of its calls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    /// Answered whole.
    pub(crate) served: i64,
    /// Cut off: counted or not.
    pub(crate) in_doubt: i64,
}

/// Callers that call until they are told to stop or are cut off.
pub(crate) struct Calls {
    callers: JoinSet<Vec<Told>>,
    stop: Arc<AtomicBool>,
    companies: usize,
}

impl Told {
    pub(crate) fn add(&mut self, other: Self) {
        self.served += other.served;
        self.in_doubt += other.in_doubt;
    }
}

impl Partner {
    /// Three of them.
    pub(crate) async fn some(admin: &mut Admin) -> Vec<Self> {
        let mut some = Vec::new();
        for name in ["Aurora", "Boreal", "Cruzeiro"] {
            let company = admin.company(name).await;
            let key = admin.key(&company, &["books:read"]).await.text;
            some.push(Self { company, key });
        }
        some
    }
}

impl Calls {
    /// Starts a dozen callers of each server. `round` makes their choices others.
    pub(crate) fn start(
        servers: &[&Server],
        partners: &[Partner],
        round: u64,
        paths: &[&'static str],
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for (place, server) in servers.iter().enumerate() {
            for caller in 0..CALLERS {
                let chance = Chance::new((round * 2 + place as u64) * CALLERS + caller);
                // One connection for each company.
                let clients = partners.iter().map(|partner| Client::new(server.public(), Some(&partner.key)));
                callers.spawn(call(clients.collect(), chance, paths.to_vec(), Arc::clone(&stop)));
            }
        }
        Self { callers, stop, companies: partners.len() }
    }

    /// Lets each caller end the call it is at, and gives what each company was told.
    pub(crate) async fn stop(self) -> Vec<Told> {
        self.stop.store(true, SeqCst);
        let mut sums = vec![Told::default(); self.companies];
        for told in self.callers.join_all().await {
            sums.iter_mut().zip(told).for_each(|(sum, told)| sum.add(told));
        }
        sums
    }
}

async fn call(
    mut clients: Vec<Client>,
    chance: Chance,
    paths: Vec<&'static str>,
    stop: Arc<AtomicBool>,
) -> Vec<Told> {
    let mut told = vec![Told::default(); clients.len()];
    while !stop.load(SeqCst) {
        let (company, path) = (chance.below(clients.len()), paths[chance.below(paths.len())]);
        let (method, body) = match path.starts_with("/echo/") && chance.percent(30) {
            true => (Method::POST, Bytes::from(vec![b'x'; chance.below(2000)])),
            false => (Method::GET, Bytes::new()),
        };
        // Whoever may read the documents without a key is nobody there.
        let counts = path != "/openapi.json";
        match clients[company].request(method, path, &[], body).await {
            Ok(answer) => {
                let status = answer.status.as_u16();
                assert!([200, 204, 403, 404].contains(&status), "{path}: {status} {}", answer.text());
                told[company].served += i64::from(counts);
            }
            Err(Failure::Unknown(_)) => {
                told[company].in_doubt += i64::from(counts);
                break;
            }
            Err(Failure::NotSent(_)) => break,
        }
    }
    told
}

/// What the gateway publishes beside its own.
pub(crate) fn publish(url: &str) -> Value {
    json!({
        "upstreams": {"echo": {"targets": [{"url": url}]}},
        "routes": [{"name": "echo", "match": {"path": "/echo/**"}, "upstream": "echo", "auth": {"any_of": ["api-key"]}}],
    })
}

/// Answers in the form that the path asks for.
pub(crate) async fn upstream() -> Upstream {
    Upstream::start(answer).await
}

async fn answer(request: Request<Incoming>) -> Response<AnyBody> {
    match request.uri().path() {
        "/echo/chunked" => {
            let (feeder, body) = fed();
            tokio::spawn(async move {
                for piece in ["one", "two", "three"] {
                    feeder.piece(piece).await;
                }
            });
            Response::new(body)
        }
        "/echo/upgrade" => {
            let head =
                Response::builder().status(101).header("connection", "upgrade").header("upgrade", "echo");
            head.body(full("")).unwrap()
        }
        "/echo/nothing" => {
            let mut response = Response::new(full(""));
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        _ => Response::new(full("as long as it says")),
    }
}

/// What the database says of each company.
pub(crate) async fn counted(gateway: &Gateway, partners: &[Partner]) -> Vec<i64> {
    let token = gateway.server.first_run().unwrap().admin_token;
    let authorization = format!("Bearer {token}");
    let mut client = Client::new(gateway.server.private(), None);
    let path = "/admin/v1/usage?group_by=company";
    let headers = [("authorization", authorization.as_str())];
    let answer = client.request(Method::GET, path, &headers, Bytes::new()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let rows = answer.json();
    let of = |partner: &Partner| {
        let rows = rows["data"].as_array().unwrap().iter();
        let row = { rows }.find(|row| row["company_id"] == partner.company.as_str());
        row.map_or(0, |row| row["requests"].as_i64().unwrap())
    };
    partners.iter().map(of).collect()
}
