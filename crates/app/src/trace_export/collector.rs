//! The collector: what it is sent, and what its answers mean (OTLP 1.x, section OTLP/HTTP).

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use comporta_gateway::config::Uri;
use comporta_kernel::Secret;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use reqwest::{Client, Response};

use super::Error;
use crate::outbound;

/// For one batch, from the connection's beginning to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const LARGEST: usize = 64 * 1024;

/// Where batches are sent.
pub(super) struct Collector {
    client: Client,
    url: String,
    headers: HeaderMap,
}

/// Why a batch was not taken.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody answered, or not to the end.
    Transport(reqwest::Error),
    /// The answer says no.
    Refused { status: StatusCode, retry_after: Option<Duration> },
}

impl Collector {
    pub(super) fn new(url: &Uri, headers: &BTreeMap<String, Secret>) -> Result<Self, Error> {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(name).map_err(|error| Error(error.into()))?;
            let mut value = HeaderValue::try_from(value.expose()).map_err(|error| Error(error.into()))?;
            value.set_sensitive(true);
            all.insert(name, value);
        }
        all.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        let url = format!("{}/v1/traces", url.as_str().trim_end_matches('/'));
        Ok(Self { client: outbound::client(PATIENCE).map_err(Error)?, url, headers: all })
    }

    /// Sends a batch. Gives how many of its spans the collector has rejected for good.
    pub(super) async fn take(&self, batch: Bytes) -> Result<u64, Failure> {
        let request = self.client.post(&self.url).headers(self.headers.clone()).body(batch);
        let answer = request.send().await.map_err(|error| Failure::Transport(error.without_url()))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Failure::Refused { status, retry_after: retry_after(&answer) });
        }
        // Taken is taken, whatever else it says.
        let body = bounded(answer).await.unwrap_or_default();
        let answer = ExportTraceServiceResponse::decode(body.as_slice()).unwrap_or_default();
        let rejected = answer.partial_success.map_or(0, |partial| partial.rejected_spans);
        Ok(u64::try_from(rejected).unwrap_or(0))
    }
}

impl Failure {
    /// Whether the same batch may be taken later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Refused { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
        }
    }

    /// The pause that the collector asks for.
    pub(super) fn asks_for(&self) -> Option<Duration> {
        match self {
            Self::Transport(_) => None,
            Self::Refused { retry_after, .. } => *retry_after,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, .. } => write!(f, "it answers {status}"),
            Self::Transport(error) => {
                write!(f, "{error}")?;
                let mut cause = error.source();
                while let Some(error) = cause {
                    write!(f, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
        }
    }
}

/// Seconds; the other form, a date, is not worth a reader here.
fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn bounded(mut answer: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.ok()? {
        if body.len() + piece.len() > LARGEST {
            return None;
        }
        body.extend_from_slice(&piece);
    }
    Some(body)
}
