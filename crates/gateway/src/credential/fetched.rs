//! A token that is fetched from the upstream's own login, or an OAuth 2.0 token endpoint, and kept until it nears its
//! end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use comporta_http::Problem;
use comporta_jwt::Token;
use comporta_kernel::Clock;
use http::{HeaderName, HeaderValue};
use reqwest::Client;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::{CredentialFault, secret_header, unavailable, wrong};
use crate::config::TokenCredential;
use crate::gateway::Neighbours;
use crate::headers::Headers;
use crate::issuers::fetch::client;

/// Largest answer of a login, in bytes.
const LARGEST: usize = 64 * 1024;
/// How long a token is taken to live when nothing says so.
const UNSAID: Duration = Duration::from_secs(300);
/// After a fetch that failed, none is tried for so long.
const PAUSE: Duration = Duration::from_secs(1);

/// A token and how it is got.
pub(crate) struct Fetched {
    config: TokenCredential,
    header: HeaderName,
    client: Client,
    runtime: Handle,
    clock: Clock,
    held: ArcSwapOption<Held>,
    /// Held while fetching, with when the last fetch failed: of many requests one fetches.
    fetching: Mutex<Option<Instant>>,
}

struct Held {
    value: HeaderValue,
    renew_at: Instant,
    ends: Instant,
}

/// Why there is no token. Never shows the answer: it may hold one.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the login cannot be reached, or breaks off")]
    Transport(#[from] reqwest::Error),
    #[error("the login answers {0}")]
    Status(http::StatusCode),
    #[error("the login's answer has more than {LARGEST} bytes")]
    TooLarge,
    #[error("the login's answer is not JSON")]
    NotJson(#[from] serde_json::Error),
    #[error("the login's answer has no text at `{0}`")]
    NoToken(String),
    #[error("the token is no text for a header")]
    NoHeader,
}

impl Fetched {
    pub(super) fn new(config: &TokenCredential, neighbours: &Neighbours) -> Result<Self, CredentialFault> {
        let header = HeaderName::from_bytes(config.header.as_bytes());
        for (field, path) in [("token.from", Some(&config.from)), ("token.expires", config.expires.as_ref())]
        {
            if path.is_some_and(|path| !path.starts_with('.') || path.len() < 2) {
                return Err(wrong(field, "expected a path such as .access_token or .data.token"));
            }
        }
        Ok(Self {
            config: config.clone(),
            header: header.map_err(|_| wrong("token.header", "expected the name of a header"))?,
            client: client().map_err(|error| wrong("token", &error.to_string()))?,
            runtime: neighbours.runtime.clone(),
            clock: neighbours.clock.clone(),
            held: ArcSwapOption::empty(),
            fetching: Mutex::default(),
        })
    }

    pub(super) async fn show(self: &Arc<Self>, headers: &mut Headers) -> Result<(), Box<Problem>> {
        let now = Instant::now();
        let held = self.held.load_full().filter(|held| now < held.ends);
        let held = match held {
            Some(held) => {
                if now >= held.renew_at && self.fetching.try_lock().is_ok() {
                    // While it is still good another one is fetched; nobody waits for it.
                    let this = Arc::clone(self);
                    self.runtime.spawn(async move { this.renew(now).await });
                }
                held
            }
            None => {
                let this = Arc::clone(self);
                let renewed = self.runtime.spawn(async move { this.renew(now).await });
                renewed.await.ok().flatten().ok_or_else(unavailable)?
            }
        };
        headers.insert(&self.header, held.value.clone());
        Ok(())
    }

    /// Fetches a token, unless another request has done so since `asked`, or just failed to.
    async fn renew(&self, asked: Instant) -> Option<Arc<Held>> {
        let mut failed = self.fetching.lock().await;
        let held = self.held.load_full().filter(|held| asked < held.renew_at);
        if held.is_some() || failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return held;
        }
        match self.fetch().await {
            Ok(fetched) => {
                *failed = None;
                let fetched = Arc::new(fetched);
                self.held.store(Some(Arc::clone(&fetched)));
                Some(fetched)
            }
            Err(error) => {
                tracing::warn!(%error, url = %self.config.url, "no token can be fetched for an upstream");
                *failed = Some(Instant::now());
                None
            }
        }
    }

    async fn fetch(&self) -> Result<Held, FetchError> {
        let body: Vec<(&str, &str)> =
            self.config.body.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        let request = self.client.post(self.config.url.as_str()).header("accept", "application/json");
        let request = if self.config.form {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(body).finish();
            request.header("content-type", "application/x-www-form-urlencoded").body(form)
        } else {
            let object: serde_json::Map<String, Value> =
                body.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            request.header("content-type", "application/json").body(Value::Object(object).to_string())
        };
        let began = Instant::now();
        let mut response = request.send().await?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status()));
        }
        let mut text = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if text.len() + piece.len() > LARGEST {
                return Err(FetchError::TooLarge);
            }
            text.extend_from_slice(&piece);
        }
        self.read(&serde_json::from_slice(&text)?, began)
    }

    fn read(&self, answer: &Value, began: Instant) -> Result<Held, FetchError> {
        let token = at(answer, &self.config.from).and_then(Value::as_str);
        let token = token.ok_or_else(|| FetchError::NoToken(self.config.from.clone()))?;
        let said = self.config.expires.as_ref().and_then(|path| seconds(at(answer, path)?));
        let life = said.or_else(|| self.life_in(token)).unwrap_or(UNSAID);
        let value = match self.config.scheme.as_str() {
            "" => secret_header(token),
            scheme => secret_header(&format!("{scheme} {token}")),
        };
        // Another is fetched when four fifths are over, so that none is shown that ends on its way.
        let (renew_at, ends) = (began + life * 4 / 5, began + life);
        Ok(Held { value: value.ok_or(FetchError::NoHeader)?, renew_at, ends })
    }

    /// How long a JWT says it lives.
    fn life_in(&self, token: &str) -> Option<Duration> {
        let ends = Token::parse(token).ok()?.unverified_expiry()?;
        u64::try_from(ends - self.clock.now().as_second()).ok().map(Duration::from_secs)
    }
}

/// What is at a path such as `.data.token`.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').skip(1).try_fold(value, |value, key| value.get(key))
}

/// A length of time in seconds, as a number or as text.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_and_lives_are_read_as_logins_write_them() {
        let answer = json!({"data": {"token": "t"}, "expires_in": 3600, "ttl": "60"});
        assert_eq!(at(&answer, ".data.token"), Some(&json!("t")));
        assert_eq!(at(&answer, ".data.nothing"), None);
        assert_eq!(seconds(&answer["expires_in"]), Some(Duration::from_secs(3600)));
        assert_eq!(seconds(&answer["ttl"]), Some(Duration::from_secs(60)));
        assert_eq!(seconds(&json!(-1)), None);
    }
}
