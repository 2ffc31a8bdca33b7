//! What sends failures to Sentry: one of a kind a second, and none while it wants to hear nothing.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use comporta_kernel::{Clock, Rng};
use metrics::{Counter, counter};
use reqwest::Client;
use sentry_types::{Dsn, Uuid};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::{Common, RELEASE, Report};
use super::{Error, limits};
use crate::outbound;

/// For one event, from the connection's beginning to the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// From one event of a kind to the next.
const EACH: Duration = Duration::from_secs(1);
/// Kinds that are told apart; those beyond share one turn.
const KINDS: usize = 256;
const AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");
const AGENT: &str = concat!("comporta/", env!("CARGO_PKG_VERSION"));

/// Sends failures to Sentry.
pub struct Sender {
    queue: mpsc::Receiver<Report>,
    client: Client,
    url: String,
    headers: HeaderMap,
    common: Common,
    clock: Clock,
    rng: Rng,
    turns: Turns,
    /// Until when Sentry wants to hear nothing.
    quiet_until: Option<Instant>,
    counts: Counts,
    is_out: bool,
}

/// When each kind was told of last, and how often it was not since.
#[derive(Debug, Default)]
struct Turns(HashMap<Vec<String>, (Instant, u64)>);

struct Counts {
    sent: Counter,
    /// More than one of a kind in a second.
    repeated: Counter,
    /// Sentry wanted to hear nothing.
    limited: Counter,
    /// Sentry was not there, or refused.
    refused: Counter,
}

impl Sender {
    pub(super) fn new(
        dsn: &Dsn,
        queue: mpsc::Receiver<Report>,
        environment: String,
        clock: Clock,
        rng: Rng,
    ) -> Result<Self, Error> {
        let auth = HeaderValue::try_from(dsn.to_auth(Some(AGENT)).to_string());
        let mut auth = auth.map_err(|error| Error(error.into()))?;
        auth.set_sensitive(true);
        let kind = HeaderValue::from_static("application/x-sentry-envelope");
        let dropped = |reason: &'static str| counter!("comporta_sentry_dropped_total", "reason" => reason);
        Ok(Self {
            queue,
            client: outbound::client(PATIENCE).map_err(Error)?,
            url: dsn.envelope_api_url().to_string(),
            headers: HeaderMap::from_iter([(AUTH, auth), (CONTENT_TYPE, kind)]),
            common: Common { environment, release: RELEASE },
            clock,
            rng,
            turns: Turns::default(),
            quiet_until: None,
            counts: Counts {
                sent: counter!("comporta_sentry_sent_total"),
                repeated: dropped("rate"),
                limited: dropped("limited"),
                refused: dropped("refused"),
            },
            is_out: false,
        })
    }

    /// Sends until told to stop; then what is left, for two seconds at most.
    pub async fn run(mut self, stop: CancellationToken) {
        outbound::flush(self.send_all(&stop), &stop).await;
        self.counts.refused.increment(self.queue.len() as u64);
    }

    /// Returns once stopped with nothing left.
    async fn send_all(&mut self, stop: &CancellationToken) {
        loop {
            let next = match stop.run_until_cancelled(self.queue.recv()).await {
                Some(next) => next,
                None => self.queue.try_recv().ok(),
            };
            let Some(report) = next else { return };
            self.send(&report).await;
        }
    }

    async fn send(&mut self, report: &Report) {
        let now = Instant::now();
        if self.quiet_until.is_some_and(|until| now < until) {
            return self.counts.limited.increment(1);
        }
        let Some(left_out) = self.turns.take(report.what.kind(), now) else {
            return self.counts.repeated.increment(1);
        };
        let id = uuid(self.rng.bytes());
        let envelope = report.envelope(&self.common, id, SystemTime::from(self.clock.now()), left_out);
        let mut body = Vec::new();
        if envelope.to_writer(&mut body).is_err() {
            return self.counts.refused.increment(1);
        }
        let request = self.client.post(&self.url).headers(self.headers.clone()).body(body);
        let failure = match request.send().await {
            Ok(answer) => {
                self.quiet_until = limits::pause(answer.status(), answer.headers()).map(|pause| now + pause);
                (!answer.status().is_success()).then(|| format!("it answers {}", answer.status()))
            }
            Err(error) => Some(error.without_url().to_string()),
        };
        match failure {
            None => {
                self.counts.sent.increment(1);
                self.is_out = false;
            }
            Some(reason) => {
                self.counts.refused.increment(1);
                // One line for an outage, however long it is.
                if !std::mem::replace(&mut self.is_out, true) {
                    tracing::warn!(reason, "Sentry does not take failures; they are in the log alone");
                }
            }
        }
    }
}

impl Turns {
    /// Whether a kind may be told of now, and how many of it were not since the last.
    fn take(&mut self, kind: Vec<String>, now: Instant) -> Option<u64> {
        let is_new = !self.0.contains_key(&kind);
        if is_new && self.0.len() >= KINDS {
            // Those that were told of long ago and missed nothing are as good as new.
            self.0.retain(|_, (last, left_out)| now.duration_since(*last) < EACH || *left_out > 0);
        }
        let kind = if is_new && self.0.len() >= KINDS { Vec::new() } else { kind };
        match self.0.get_mut(&kind) {
            Some((last, left_out)) if now.duration_since(*last) < EACH => {
                *left_out += 1;
                None
            }
            Some((last, left_out)) => {
                *last = now;
                Some(std::mem::take(left_out))
            }
            None => {
                self.0.insert(kind, (now, 0));
                Some(0)
            }
        }
    }
}

/// A random id (RFC 9562, version 4).
fn uuid(mut bytes: [u8; 16]) -> Uuid {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid::from_bytes(bytes)
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("turns", &self.turns).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_kind_a_second_is_told_and_the_next_says_how_many_were_not() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        let kind = |name: &str| vec![name.to_owned()];
        assert_eq!((turns.take(kind("a"), now), turns.take(kind("b"), now)), (Some(0), Some(0)));
        assert_eq!((turns.take(kind("a"), now), turns.take(kind("a"), now + EACH / 2)), (None, None));
        assert_eq!(
            (turns.take(kind("a"), now + EACH), turns.take(kind("b"), now + EACH)),
            (Some(2), Some(0))
        );
    }

    #[test]
    fn however_many_kinds_there_are_memory_does_not_grow() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        let told = (0..10_000).filter(|number| turns.take(vec![number.to_string()], now).is_some()).count();
        assert_eq!((told, turns.0.len()), (KINDS + 1, KINDS + 1));
        assert_eq!(turns.take(vec!["new".to_owned()], now + EACH), Some(0));
        assert!(turns.0.len() <= KINDS + 1);
    }
}
