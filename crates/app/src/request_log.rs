//! Logged requests on their way from the gateway into the database: a bounded queue, and batches.
//!
//! On a request's way is the queue's end alone, which never waits. While the database is away the queue fills, what comes
//! beyond is dropped and counted, and nothing else suffers.

use std::sync::Arc;
use std::time::Duration;

use comporta_gateway::{LoggedBody, LoggedRequest, RequestLog as Sink, RequestLogging};
use comporta_kernel::{Causes, IdSource};
use comporta_partners::{
    self as partners, BodyDetails, Details, MessageDetails, RequestLog, StageTimings, TraceId,
};
use metrics::{Counter, counter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::outbound;
use crate::settings::RequestLogSettings;

/// Requests written at once.
const BATCH: usize = 500;
/// How long the first request of a batch waits for others.
const LINGER: Duration = Duration::from_millis(500);
/// The pause after a first failure; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The way into the log: where the gateway puts requests, and what writes them. `None` if nothing is to be logged.
#[must_use]
pub fn open(
    settings: &RequestLogSettings,
    log: RequestLog,
    ids: IdSource,
) -> Option<(RequestLogging, Writer)> {
    if !settings.enabled {
        return None;
    }
    let (put, queue) = mpsc::channel(settings.queue.get());
    let sink = Arc::new(Queue { put, dropped: dropped("queue") });
    let writer = Writer {
        queue,
        batch: Vec::new(),
        log,
        ids,
        written: counter!("comporta_request_log_written_total"),
        failed: dropped("database"),
        is_out: false,
    };
    Some((RequestLogging { sink, sample: settings.sample, rate: settings.rate }, writer))
}

fn dropped(reason: &'static str) -> Counter {
    counter!("comporta_request_log_dropped_total", "reason" => reason)
}

/// Where the gateway puts requests.
struct Queue {
    put: mpsc::Sender<Box<LoggedRequest>>,
    dropped: Counter,
}

impl Sink for Queue {
    fn record(&self, request: Box<LoggedRequest>) {
        if self.put.try_send(request).is_err() {
            self.dropped.increment(1);
        }
    }
}

/// Writes requests into the database.
pub struct Writer {
    queue: mpsc::Receiver<Box<LoggedRequest>>,
    /// What is being written.
    batch: Vec<partners::LoggedRequest>,
    log: RequestLog,
    ids: IdSource,
    written: Counter,
    failed: Counter,
    /// The database does not take what it is given.
    is_out: bool,
}

impl Writer {
    /// Writes until told to stop; then what is left, for two seconds at most.
    pub async fn run(mut self, stop: CancellationToken) {
        outbound::flush(self.write_all(&stop), &stop).await;
        let left = self.batch.len() + self.queue.len();
        self.failed.increment(left as u64);
    }

    /// Returns once stopped with nothing left.
    async fn write_all(&mut self, stop: &CancellationToken) {
        loop {
            self.gather(stop).await;
            if self.batch.is_empty() {
                return;
            }
            self.write(stop).await;
        }
    }

    /// Takes requests until there are enough for a batch, or the first has waited long enough. Once stopped it takes what
    /// is there.
    async fn gather(&mut self, stop: &CancellationToken) {
        let (queue, mut taken) = (&mut self.queue, Vec::new());
        let wait = async {
            queue.recv_many(&mut taken, BATCH).await;
            let more = async {
                loop {
                    let room = BATCH - taken.len();
                    if room == 0 || queue.recv_many(&mut taken, room).await == 0 {
                        return;
                    }
                }
            };
            let _ = tokio::time::timeout(LINGER, more).await;
        };
        if stop.run_until_cancelled(wait).await.is_none() {
            let room = BATCH - taken.len();
            taken.extend(std::iter::from_fn(|| queue.try_recv().ok()).take(room));
        }
        for request in taken {
            self.batch.push(kept(*request, &self.ids));
            // Bodies are read and masked here: others shall have their turn in between.
            tokio::task::consume_budget().await;
        }
    }

    /// Writes the batch, again after pauses as long as the database is away.
    async fn write(&mut self, stop: &CancellationToken) {
        let mut pause = FIRST_PAUSE;
        let rows = self.batch.len() as u64;
        loop {
            match self.log.write(&self.batch).await {
                Ok(()) => {
                    self.written.increment(rows);
                    if std::mem::take(&mut self.is_out) {
                        tracing::info!("the request log is written again");
                    }
                    break;
                }
                Err(partners::Error::Db(error)) if error.is_unavailable() || error.is_conflict() => {
                    // One line for an outage, however long it is.
                    if !std::mem::replace(&mut self.is_out, true) {
                        tracing::warn!(%error, "the request log cannot be written; what finds no room is dropped");
                    }
                    if stop.is_cancelled() {
                        self.failed.increment(rows);
                        break;
                    }
                    stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => {
                    tracing::error!(
                        error = %Causes(&error),
                        "a batch of the request log is lost"
                    );
                    self.failed.increment(rows);
                    break;
                }
            }
        }
        self.batch.clear();
    }
}

/// A request as the database keeps it.
fn kept(mut request: LoggedRequest, ids: &IdSource) -> partners::LoggedRequest {
    let (request_body, response_body) = request.take_bodies();
    let timings = request.timings;
    partners::LoggedRequest {
        id: ids.next_of(request.at),
        at: request.at,
        company_id: request.company,
        key_id: request.key,
        request_id: request.request_id,
        trace_id: TraceId(request.trace_id),
        method: request.method,
        path: request.path,
        query: request.query,
        route: request.route,
        status: request.status,
        broken_off: request.broken_off,
        sampled: request.sampled,
        problem: request.problem.map(str::to_owned),
        target: request.target.map(|target| target.to_string()),
        client: request.client.to_string(),
        bytes_in: request.bytes_in,
        bytes_out: request.bytes_out,
        timings: StageTimings {
            who: micros(timings.who),
            limit: micros(timings.limit),
            before: timings.before.map(micros),
            upstream: timings.upstream.map(micros),
            body: timings.body.map(micros),
            total: micros(timings.total),
        },
        details: Details {
            request: message(request.request_headers, request_body),
            response: message(request.response_headers, response_body),
        },
    }
}

fn message(headers: Vec<(&'static str, String)>, body: Option<LoggedBody>) -> MessageDetails {
    MessageDetails {
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: body.map(|body| BodyDetails { text: body.text, cut: body.cut }),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
