//! Spans of requests on their way to a collector, by OTLP over HTTP.
//!
//! The messages are `opentelemetry-proto`'s, the transport is the HTTP client that the program has already. The rest of
//! the OpenTelemetry SDK is left out: its spans are made through a context per thread, and its exporter neither counts
//! what it drops nor tells the beginning of an outage from its thousandth batch.
//!
//! Nothing here is on a request's way but the queue's end, which never waits.

mod collector;
mod message;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comporta_gateway::Tracing;
use comporta_kernel::{Span, SpanSink};
use metrics::{Counter, counter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::collector::{Collector, Failure};
use crate::outbound;
use crate::settings::TracingSettings;

/// Spans that wait at most; what comes beyond is dropped.
const QUEUE: usize = 4096;
/// Spans sent at once.
const BATCH: usize = 512;
/// How long the first span of a batch waits for others.
const LINGER: Duration = Duration::from_secs(2);
/// How often a batch is sent before it is given up.
const ATTEMPTS: u32 = 5;
/// The pause after a first failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, whatever the collector asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot send traces")]
pub struct Error(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The way to the collector of the settings: where the gateway puts its spans, and what sends them. `None` if they name
/// no collector.
///
/// # Errors
/// When no client can be made for it.
pub fn open(settings: &TracingSettings) -> Result<Option<(Tracing, Exporter)>, Error> {
    let Some(url) = &settings.otlp else { return Ok(None) };
    let collector = Collector::new(url, &settings.headers)?;
    let (put, queue) = mpsc::channel(QUEUE);
    let dropped = counter!("comporta_trace_spans_dropped_total");
    let sink = Arc::new(Queue { put, dropped: dropped.clone() });
    let exporter = Exporter {
        queue,
        batch: Vec::new(),
        collector,
        service: settings.service_name.clone(),
        exported: counter!("comporta_trace_spans_exported_total"),
        dropped,
        is_out: false,
    };
    Ok(Some((Tracing { sink, sample: settings.sample }, exporter)))
}

/// Where the gateway puts its spans.
struct Queue {
    put: mpsc::Sender<Span>,
    dropped: Counter,
}

impl SpanSink for Queue {
    fn record(&self, span: Span) {
        if self.put.try_send(span).is_err() {
            self.dropped.increment(1);
        }
    }
}

/// Sends spans to the collector.
pub struct Exporter {
    queue: mpsc::Receiver<Span>,
    /// What is being sent.
    batch: Vec<Span>,
    collector: Collector,
    service: String,
    exported: Counter,
    dropped: Counter,
    /// The collector does not take what it is sent.
    is_out: bool,
}

impl Exporter {
    /// Sends until told to stop; then sends what is left, for two seconds at most.
    pub async fn run(mut self, stop: CancellationToken) {
        outbound::flush(self.send_all(&stop), &stop).await;
        let left = self.batch.len() + self.queue.len();
        self.dropped.increment(left as u64);
    }

    /// Returns once stopped with nothing left.
    async fn send_all(&mut self, stop: &CancellationToken) {
        loop {
            self.gather(stop).await;
            if self.batch.is_empty() {
                return;
            }
            self.deliver(stop).await;
        }
    }

    /// Takes spans until there are enough for a batch, or the first has waited long enough. Once stopped it takes what
    /// is there.
    async fn gather(&mut self, stop: &CancellationToken) {
        let Self { queue, batch, .. } = self;
        let wait = async {
            queue.recv_many(batch, BATCH).await;
            let more = async {
                while batch.len() < BATCH && queue.recv_many(batch, BATCH - batch.len()).await > 0 {}
            };
            let _ = tokio::time::timeout(LINGER, more).await;
        };
        if stop.run_until_cancelled(wait).await.is_none() {
            batch.extend(std::iter::from_fn(|| queue.try_recv().ok()).take(BATCH - batch.len()));
        }
    }

    /// Sends the batch, again after pauses while that may help and nobody wants to stop.
    async fn deliver(&mut self, stop: &CancellationToken) {
        let body = Bytes::from(message::encode(&self.service, &self.batch));
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=ATTEMPTS {
            // Before the end of the process it is tried once more, but no longer.
            let is_last = attempt == ATTEMPTS || stop.is_cancelled();
            let failure = match self.collector.take(body.clone()).await {
                Ok(rejected) => return self.delivered(rejected),
                Err(failure) => failure,
            };
            self.tell_outage(&failure);
            let wait = failure.asks_for().unwrap_or(pause).min(LONGEST_PAUSE);
            if is_last || !failure.may_pass() {
                break;
            }
            stop.run_until_cancelled(tokio::time::sleep(wait)).await;
            pause *= 2;
        }
        self.dropped.increment(self.batch.len() as u64);
        self.batch.clear();
    }

    fn delivered(&mut self, rejected: u64) {
        let sent = self.batch.len() as u64;
        let rejected = rejected.min(sent);
        self.exported.increment(sent - rejected);
        self.dropped.increment(rejected);
        self.batch.clear();
        if std::mem::take(&mut self.is_out) {
            tracing::info!("the collector takes traces again");
        }
    }

    /// One line for an outage, however long it is.
    fn tell_outage(&mut self, failure: &Failure) {
        if !std::mem::replace(&mut self.is_out, true) {
            tracing::warn!(reason = %failure, "the collector does not take traces; what cannot wait is dropped");
        }
    }
}
