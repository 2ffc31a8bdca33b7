//! Fetches an issuer's keys by its discovery document (OpenID Connect Discovery 1.0), within bounds.

use std::sync::Arc;
use std::time::Duration;

use comporta_jwt::JwkSet;
use http::StatusCode;
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::key_set::KeySet;
use crate::{config, tls};

/// For one document, from the connection's beginning to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);
const LARGEST: usize = 256 * 1024;
const MOST_KEYS: usize = 64;
const MOST_REDIRECTS: usize = 3;

/// Where an issuer's keys are found.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    issuer: String,
    jwks_uri: Option<String>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The client itself cannot be made.
    #[error("no HTTP client can be made")]
    Http(#[from] reqwest::Error),
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the issuer cannot be reached, or breaks off")]
    Transport(#[from] reqwest::Error),
    #[error("the issuer answers {0}")]
    Status(StatusCode),
    #[error("the issuer's answer has more than {LARGEST} bytes")]
    TooLarge,
    #[error("the issuer's answer is not the JSON document that it should be")]
    Document(#[from] serde_json::Error),
    #[error("the discovery document is another issuer's")]
    OtherIssuer,
    #[error("the discovery document's jwks_uri is no URL, or less safe than the issuer's")]
    JwksUri,
    #[error("the issuer has more than {MOST_KEYS} keys")]
    TooManyKeys,
    #[error("the issuer has no key that signatures can be verified with")]
    NoKeys,
}

/// What is read of a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// A client for issuers and logins.
pub(crate) fn client() -> Result<Client, ClientError> {
    let client = Client::builder()
        .tls_backend_preconfigured(tls::web_client()?)
        .timeout(PATIENCE)
        .redirect(Policy::custom(follow_within_scheme))
        // What is not in the settings is not obeyed.
        .no_proxy()
        .build();
    Ok(client?)
}

fn follow_within_scheme(attempt: Attempt<'_>) -> Action {
    let first = attempt.previous().first().map(Url::scheme);
    if attempt.previous().len() > MOST_REDIRECTS || first != Some(attempt.url().scheme()) {
        // Its status is the answer then, and refused.
        return attempt.stop();
    }
    attempt.follow()
}

impl Fetcher {
    pub(super) fn new(client: Client, settings: &config::Issuer) -> Self {
        let jwks_uri = settings.jwks_uri.as_ref().map(|uri| uri.as_str().to_owned());
        Self { client, issuer: settings.issuer.as_str().to_owned(), jwks_uri }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether one by these settings would ask the same.
    pub(super) fn asks_as(&self, settings: &config::Issuer) -> bool {
        let jwks_uri = settings.jwks_uri.as_ref().map(config::Uri::as_str);
        (&*self.issuer, self.jwks_uri.as_deref()) == (settings.issuer.as_str(), jwks_uri)
    }

    /// The issuer's keys, at least one.
    pub(super) async fn keys(&self) -> Result<KeySet, FetchError> {
        let url = match &self.jwks_uri {
            Some(uri) => Url::parse(uri).map_err(|_| FetchError::JwksUri)?,
            None => self.discover().await?,
        };
        let published: JwkSet = self.document(url).await?;
        if published.keys.len() > MOST_KEYS {
            return Err(FetchError::TooManyKeys);
        }
        let keys = KeySet::new(Arc::new(published));
        if keys.is_empty() { Err(FetchError::NoKeys) } else { Ok(keys) }
    }

    async fn discover(&self) -> Result<Url, FetchError> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let address = Url::parse(&address).map_err(|_| FetchError::JwksUri)?;
        let is_secure = address.scheme() == "https";
        let found: Discovery = self.document(address).await?;
        if found.issuer != self.issuer {
            return Err(FetchError::OtherIssuer);
        }
        let url = Url::parse(&found.jwks_uri).map_err(|_| FetchError::JwksUri)?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if !is_secure => Ok(url),
            _ => Err(FetchError::JwksUri),
        }
    }

    async fn document<D: DeserializeOwned>(&self, url: Url) -> Result<D, FetchError> {
        let answer = self.client.get(url).header("accept", "application/json").send().await?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        Ok(serde_json::from_slice(&bounded(answer).await?)?)
    }
}

async fn bounded(mut answer: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > LARGEST {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
