//! Panics and failures of ours, told to people by way of Sentry.
//!
//! The messages are `sentry-types`', the transport is the HTTP client that the program has already. The rest of Sentry's
//! client is left out: it gathers what happened on a thread, headers and messages included, and here nothing may be told
//! that a caller sent. What is told is put together field by field, in `event.rs`.

mod event;
mod limits;
mod place;
mod sender;
mod watch;

use std::fmt;
use std::panic::PanicHookInfo;
use std::sync::Arc;

use comporta_gateway::config::Percent;
use comporta_gateway::{Failure, FailureSink};
use comporta_http::kinds;
use comporta_kernel::{Clock, Rng, Secret};
use metrics::{Counter, counter};
use sentry_types::Dsn;
use tokio::sync::mpsc;

use self::event::{Report, What};
pub use self::sender::Sender;
pub use self::watch::{of_request, watch};
use crate::settings::SentrySettings;

/// Failures that wait to be told; what comes beyond is dropped.
const QUEUE: usize = 256;

/// Why failures cannot be told.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell Sentry of failures")]
pub struct Error(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Whether a text is a DSN.
#[must_use]
pub fn is_dsn(dsn: &Secret) -> bool {
    dsn.expose().parse::<Dsn>().is_ok()
}

/// The way to the Sentry of the settings: who is told of failures, and what sends them. `None` if they name none.
///
/// # Errors
/// When no client can be made for it.
pub fn open(settings: &SentrySettings, clock: Clock, rng: Rng) -> Result<Option<(Reports, Sender)>, Error> {
    let Some(dsn) = &settings.dsn else { return Ok(None) };
    let dsn = dsn.expose().parse::<Dsn>().map_err(|error| Error(error.into()))?;
    let (put, queue) = mpsc::channel(QUEUE);
    let reports = Reports(Arc::new(Inner {
        put,
        sample: settings.sample,
        unavailable: settings.unavailable,
        rng: rng.clone(),
        dropped: counter!("comporta_sentry_dropped_total", "reason" => "queue"),
    }));
    let sender = Sender::new(&dsn, queue, settings.environment.clone(), clock, rng)?;
    Ok(Some((reports, sender)))
}

/// Takes failures. Cheap to clone; nothing in it waits.
#[derive(Clone)]
pub struct Reports(Arc<Inner>);

struct Inner {
    put: mpsc::Sender<Report>,
    sample: Percent,
    unavailable: bool,
    rng: Rng,
    dropped: Counter,
}

impl Reports {
    /// Tells of every panic of this process from now on, whoever else is told of them.
    pub fn tell_panics(self) {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            self.panicked(info);
            before(info);
        }));
    }

    fn panicked(&self, info: &PanicHookInfo<'_>) {
        // A message that stands in the program holds nothing of anybody's; one that was put together might.
        let message = info.payload().downcast_ref::<&'static str>().copied();
        let place = info.location().map(|place| (place::told(place.file()), place.line()));
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        self.put(|| Report {
            what: What::Panic { message, place, thread },
            request_id: watch::request_under_way(),
            trace_id: None,
        });
    }

    fn put(&self, report: impl FnOnce() -> Report) {
        let chance = u64::from(u32::from_le_bytes(self.0.rng.bytes()));
        if chance * 100 < u64::from(self.0.sample.hundredths()) << 32
            && self.0.put.try_send(report()).is_err()
        {
            self.0.dropped.increment(1);
        }
    }
}

impl FailureSink for Reports {
    fn failed(&self, failure: &Failure<'_>) {
        let is_ours = failure.problem == kinds::INTERNAL.slug
            || (self.0.unavailable && failure.problem == kinds::UNAVAILABLE.slug);
        if is_ours {
            self.put(|| Report {
                what: What::Answer {
                    status: failure.status,
                    problem: failure.problem,
                    route: failure.route.map(str::to_owned),
                },
                request_id: Some(failure.request_id.to_owned()),
                trace_id: failure.trace_id,
            });
        }
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").finish_non_exhaustive()
    }
}
