//! `Idempotency-Key`: one key, one effect, one answer, kept in the transaction that does the work.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use comporta_db::{Db, Tx};
use comporta_kernel::{Clock, CompanyId, RequestKey, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::store::idempotency as store;
use crate::{Problem, kinds};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const LONGEST: usize = 255;

/// A key read from the headers, before the body was.
#[derive(Debug)]
pub(crate) struct HeaderKey(String);

impl HeaderKey {
    /// The key in the headers, if any.
    ///
    /// # Errors
    /// A 400 problem when it is empty, too long, sent twice, or not plain ASCII.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(&HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let text = value.to_str().unwrap_or_default();
        let good = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !good || values.next().is_some() {
            let detail = "Idempotency-Key: expected one key of 1 to 255 visible ASCII characters";
            return Err(Problem::new(&kinds::MALFORMED, detail));
        }
        Ok(Some(Self(text.to_owned())))
    }

    pub(crate) fn of_request(self, method: &Method, path: &str, body: &[u8]) -> RequestKey {
        let mut hash = Sha256::new();
        for part in [method.as_str().as_bytes(), path.as_bytes(), body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        RequestKey { key: self.0, hash: hash.finalize().into() }
    }
}

/// The key of a request whose body is read piece by piece: it is whole once the body's hash is known.
#[derive(Debug)]
pub struct StreamedKey {
    key: HeaderKey,
    method: Method,
    /// With the query: it may say what is to be done with the body.
    path: String,
}

impl StreamedKey {
    /// The key in a request's head, if any.
    ///
    /// # Errors
    /// A 400 problem when it is no key.
    pub fn of_head(head: &Parts) -> Result<Option<Self>, Problem> {
        let key = HeaderKey::from_headers(&head.headers)?;
        Ok(key.map(|key| Self { key, method: head.method.clone(), path: head.uri.to_string() }))
    }

    /// The key of a request with this body, by its SHA-256.
    #[must_use]
    pub fn of_body(self, hash: &[u8; 32]) -> RequestKey {
        self.key.of_request(&self.method, &self.path, hash)
    }
}

/// An answer given before to the same request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Its HTTP status.
    pub status: u16,
    /// Its JSON body.
    pub body: String,
}

impl Remembered {
    /// An answer to be remembered.
    #[must_use]
    pub fn new(status: StatusCode, body: &impl serde::Serialize) -> Self {
        Self { status: status.as_u16(), body: serde_json::to_string(body).unwrap_or_default() }
    }

    /// Marks any answer as given before.
    #[must_use]
    pub fn replayed(mut response: Response) -> Response {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

impl IntoResponse for Remembered {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let json = HeaderValue::from_static("application/json");
        Self::replayed((status, [(header::CONTENT_TYPE, json)], self.body).into_response())
    }
}

/// Why a key could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The key came with another request before.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] comporta_db::Error),
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::KeyReused => Self::new(
                &kinds::KEY_REUSED,
                "this Idempotency-Key was sent before with another method, path or body",
            ),
            IdempotencyError::Db(error) => error.into(),
        }
    }
}

/// Remembers answers to requests that carried a key. For what is not money: answers are kept for two days.
#[derive(Debug, Clone)]
pub struct Idempotency {
    clock: Clock,
}

impl Idempotency {
    /// Two days, where the contract asks for one at least.
    const KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);

    /// Remembers by this clock.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// Claims a key for the work that `tx` is about to do, or gives the answer of the work done before.
    /// A request that runs at the same time with the same key waits here for the first one's end.
    ///
    /// # Errors
    /// [`IdempotencyError::KeyReused`] when the key came with another request.
    pub async fn claim(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        key: &RequestKey,
    ) -> Result<Option<Remembered>, IdempotencyError> {
        if store::insert(tx, company, key, self.clock.now()).await? {
            return Ok(None);
        }
        match store::find(tx, company, &key.key).await? {
            Some((hash, answer)) if hash == key.hash => Ok(Some(answer)),
            _ => Err(IdempotencyError::KeyReused),
        }
    }

    /// Remembers the answer of the work that `tx` did under a claimed key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remember(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        key: &RequestKey,
        answer: &Remembered,
    ) -> Result<(), comporta_db::Error> {
        store::set_answer(tx, company, &key.key, answer).await
    }

    /// Forgets answers older than two days; gives how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_old(&self, db: &Db) -> Result<u64, comporta_db::Error> {
        let oldest: Timestamp = self.clock.now() - Self::KEPT;
        let mut tx = db.begin().await?;
        let forgotten = store::delete_before(&mut tx, oldest).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
