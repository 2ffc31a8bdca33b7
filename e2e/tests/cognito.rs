//! Tokens of Amazon Cognito, as somebody else's reading of its protocol (moto's) issues them: taken by scope, and
//! refused when anything about them is wrong.
#![cfg(test)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comporta_e2e::Gateway;
use comporta_neighbours::{Moto, moved_clock};
use comporta_testkit::{Answer, Client};
use serde_json::{Value, json};

const USER: &str = "ann";
const PASSWORD: &str = "Correct-horse-9";
/// What moto's access tokens, like Cognito's own of people who sign in by an API, hold as `scope`.
const SIGNED_IN: &str = "aws.cognito.signin.user.admin";
const PATIENCE: Duration = Duration::from_secs(10);
/// How long tokens last, and a minute for clocks that differ.
const OVER: &str = "+62m";

/// A user pool with a resource server's scopes, a person, and clients.
struct Pool<'a> {
    moto: &'a Moto,
    id: String,
}

/// What a sign-in gives.
struct Tokens {
    access: String,
    id: String,
    refresh: String,
}

impl<'a> Pool<'a> {
    async fn create(moto: &'a Moto, name: &str) -> Self {
        let made = ask(moto, "CreateUserPool", json!({"PoolName": name})).await;
        let pool = Self { moto, id: text(&made["UserPool"]["Id"]) };
        let scopes = ["ledger:read", "ledger:write"]
            .map(|scope| json!({"ScopeName": scope, "ScopeDescription": scope}));
        let server = json!({"Identifier": "comporta", "Name": "Comporta", "Scopes": scopes});
        pool.ask("CreateResourceServer", server).await;
        pool.ask("AdminCreateUser", json!({"Username": USER})).await;
        let password = json!({"Username": USER, "Password": PASSWORD, "Permanent": true});
        pool.ask("AdminSetUserPassword", password).await;
        pool
    }

    fn issuer(&self) -> String {
        format!("https://cognito-idp.us-east-1.amazonaws.com/{}", self.id)
    }

    /// Its keys, at an address of our own, as of a private endpoint.
    fn jwks_uri(&self) -> String {
        format!("http://{}/{}/.well-known/jwks.json", self.moto.address(), self.id)
    }

    async fn client(&self, name: &str) -> String {
        let asked = json!({"ClientName": name, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
            "AllowedOAuthScopes": ["comporta/ledger:read"]});
        text(&self.ask("CreateUserPoolClient", asked).await["UserPoolClient"]["ClientId"])
    }

    /// Gives the person what a group stands for.
    async fn join(&self, group: &str) {
        self.ask("CreateGroup", json!({"GroupName": group})).await;
        self.ask("AdminAddUserToGroup", json!({"Username": USER, "GroupName": group})).await;
    }

    async fn sign_in(&self, client: &str) -> Tokens {
        let parameters = json!({"USERNAME": USER, "PASSWORD": PASSWORD});
        let asked =
            json!({"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters});
        let found = &ask(self.moto, "InitiateAuth", asked).await["AuthenticationResult"];
        let [access, id, refresh] = ["AccessToken", "IdToken", "RefreshToken"].map(|name| text(&found[name]));
        Tokens { access, id, refresh }
    }

    async fn ask(&self, act: &str, mut asked: Value) -> Value {
        asked["UserPoolId"] = json!(self.id);
        ask(self.moto, act, asked).await
    }
}

/// One act of Cognito's own API.
async fn ask(moto: &Moto, act: &str, asked: Value) -> Value {
    let target = format!("AWSCognitoIdentityProviderService.{act}");
    // moto takes any signature.
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0",
        ),
    ];
    let answer = Client::new(moto.address(), None).post("/", &headers, asked.to_string()).await.unwrap();
    assert_eq!(answer.status, 200, "{act}: {}", answer.text());
    answer.json()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A gateway that believes a pool's tokens for one client, for the company of the first run.
async fn believing(pool: &Pool<'_>, client: &str, more: Value) -> Gateway {
    let gateway = Gateway::start(&json!({})).await;
    let company = gateway.server.first_run().unwrap().company_id;
    let mut issuer = json!({"issuer": pool.issuer(), "jwks_uri": pool.jwks_uri(), "audience": [client],
        "company": {"claim": "client_id", "map": {client: company}}});
    issuer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    gateway.reload(&json!({"issuers": [issuer]})).await;
    gateway
}

async fn call(address: SocketAddr, method: hyper::Method, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let body = if method == hyper::Method::POST {
        r#"{"kind":"credit","amount":"1.00","description":"By a token"}"#
    } else {
        ""
    };
    Client::new(address, None).request(method, "/v1/entries", &headers, body.into()).await.unwrap()
}

async fn read(address: SocketAddr, token: &str) -> Answer {
    call(address, hyper::Method::GET, token).await
}

/// The first token waits for the issuer's keys.
async fn until_believed(address: SocketAddr, token: &str) {
    let begun = Instant::now();
    loop {
        let answer = read(address, token).await;
        if answer.status == 200 {
            return;
        }
        assert!(answer.status == 503 && begun.elapsed() < PATIENCE, "{}: {}", answer.status, answer.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn refused(answer: &Answer, status: u16, why: &str) {
    let text = answer.text();
    assert!(answer.status == status && text.contains(why), "{} for {status}, {why}: {text}", answer.status);
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_s_token_opens_what_its_scopes_open_and_no_more() {
    let moto = Moto::start(&[]).unwrap();
    let pool = Pool::create(&moto, "partners").await;
    let client = pool.client("acme").await;
    pool.join("comporta/ledger:read").await;
    pool.join("books:write").await;
    // moto puts no resource server's scopes into a token, but the groups of whoever signs in.
    let by_group = json!({"scopes_claim": "cognito:groups", "scopes_prefix": "comporta/"});
    let gateway = believing(&pool, &client, by_group).await;
    let address = gateway.server.public();
    let tokens = pool.sign_in(&client).await;
    until_believed(address, &tokens.access).await;
    refused(&call(address, hyper::Method::POST, &tokens.access).await, 403, "ledger:write");
    let authorization = format!("Bearer {}", tokens.access);
    let books = Client::new(address, None)
        .request(hyper::Method::GET, "/v1/books", &[("authorization", &authorization)], "".into())
        .await;
    refused(&books.unwrap(), 403, "books:read");

    // What is granted is in the next token; the one before stays as it was.
    pool.join("comporta/ledger:write").await;
    let wider = pool.sign_in(&client).await;
    let posted = call(address, hyper::Method::POST, &wider.access).await;
    assert_eq!(posted.status, 201, "{}", posted.text());
    refused(&call(address, hyper::Method::POST, &tokens.access).await, 403, "ledger:write");
    let mut server = gateway.server;
    server.stop().await.unwrap();
    let who = format!("\"key\":\"jwt:{}\"", text(&claims(&wider.access)["sub"]));
    assert!(server.log().contains(&who), "{who}: {}", server.log());
    assert!(!server.log().contains(&wider.access), "a token is no word for a log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scope_claim_itself_is_read_where_routes_ask_for_it() {
    let moto = Moto::start(&[]).unwrap();
    let pool = Pool::create(&moto, "partners").await;
    let client = pool.client("acme").await;
    let gateway = believing(&pool, &client, json!({})).await;
    let mut settings: Value =
        serde_json::from_slice(&std::fs::read(gateway.settings_file()).unwrap()).unwrap();
    let entries = |scope: &str| {
        json!([{"name": "days", "match": {"path": "/days/**"}, "upstream": "docs",
            "auth": {"any_of": ["jwt"], "scopes": {"*": scope}}}])
    };
    settings["routes"] = entries(SIGNED_IN);
    gateway.reload(&settings).await;
    let address = gateway.server.public();
    let tokens = pool.sign_in(&client).await;
    assert_eq!(claims(&tokens.access)["scope"], SIGNED_IN);
    let authorization = format!("Bearer {}", tokens.access);
    let at = async |path| {
        let headers = [("authorization", authorization.as_str())];
        let answer = Client::new(address, None).request(hyper::Method::GET, path, &headers, "".into()).await;
        answer.unwrap()
    };
    let begun = Instant::now();
    while at("/days/x").await.status == 503 {
        assert!(begun.elapsed() < PATIENCE);
    }
    // The service behind has no such page: the token was let through to it.
    assert_eq!(at("/days/x").await.status, 404);
    refused(&at("/v1/entries").await, 403, "ledger:read");
    settings["routes"] = entries("comporta/ledger:read");
    gateway.reload(&settings).await;
    refused(&at("/days/x").await, 403, "comporta/ledger:read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_wrong_in_any_way_opens_nothing() {
    let moto = Moto::start(&[]).unwrap();
    let (pool, other) = (Pool::create(&moto, "partners").await, Pool::create(&moto, "staff").await);
    let (client, stranger) = (pool.client("acme").await, pool.client("stranger").await);
    let elsewhere = other.client("acme").await;
    for pool in [&pool, &other] {
        pool.join("comporta/ledger:read").await;
    }
    let by_group = json!({"scopes_claim": "cognito:groups", "scopes_prefix": "comporta/"});
    let gateway = believing(&pool, &client, by_group).await;
    let address = gateway.server.public();
    let good = pool.sign_in(&client).await;
    until_believed(address, &good.access).await;

    assert_eq!(claims(&good.id)["token_use"], "id");
    refused(&read(address, &good.id).await, 401, "access token");
    refused(&read(address, &good.refresh).await, 401, "three parts");
    refused(&read(address, &pool.sign_in(&stranger).await.access).await, 401, "audience");
    // Signed by the same key, for moto has one for all pools: who issued it is what tells them apart.
    let others = other.sign_in(&elsewhere).await;
    refused(&read(address, &others.access).await, 401, "issuer");

    let parts: Vec<&str> = good.access.split('.').collect();
    let mut more = claims(&good.access);
    more["cognito:groups"] = json!(["comporta/ledger:read", "comporta/ledger:admin"]);
    let more = URL_SAFE_NO_PAD.encode(more.to_string());
    refused(&read(address, &[parts[0], &more, parts[2]].join(".")).await, 401, "signature");
    let mut signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    signature[17] ^= 1;
    let signature = URL_SAFE_NO_PAD.encode(signature);
    refused(&read(address, &[parts[0], parts[1], &signature].join(".")).await, 401, "signature");
    let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"dummy"}"#);
    refused(&read(address, &format!("{unsigned}.{}.", parts[1])).await, 401, "algorithm");
    assert_eq!(read(address, &good.access).await.status, 200, "the good one is still good");

    // An hour on, by the clock of another gateway of the same installation.
    let late = moved_clock(OVER).unwrap();
    let late = late.iter().fold(gateway.server.beside(), |setup, (name, value)| setup.with(name, value));
    let late = late.roles("gateway,ledger").start().await.unwrap();
    let begun = Instant::now();
    let answer = loop {
        let answer = read(late.public(), &good.access).await;
        if answer.status != 503 || begun.elapsed() > PATIENCE {
            break answer;
        }
    };
    refused(&answer, 401, "expired");
}
