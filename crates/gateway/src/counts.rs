//! Prometheus' counters of requests, by route, method and status: never by company.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use metrics::{Counter, Histogram};

use crate::number_map::NumberMap;
use crate::record::Record;

/// Series beyond this many are counted under the status `other`: routes come and go with reloads.
const SERIES: usize = 20_000;

/// Statuses of failures of ours. Each is there, at none, as soon as its route is called: a rate does not see the first
/// of a counter that begins with it.
const FAILURES: [u16; 4] = [500, 502, 503, 504];

/// A core's handles of the counters it has used: looked up once, then an addition.
#[derive(Default)]
pub(crate) struct Counts {
    handles: Mutex<Handles>,
    in_flight: AtomicU32,
}

#[derive(Default)]
struct Handles {
    requests: NumberMap<Counter>,
    seconds: NumberMap<Histogram>,
}

impl Counts {
    /// A request has come, and will be counted.
    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests that have come and were not counted yet.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, record: &Record, took: Duration) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let (id, name) = record.route.as_ref().map_or((0, "none"), |route| (route.id(), route.name()));
        let (id, method) = (u64::from(id), known_method(&record.method));
        let series = id << 32 | (method as u64) << 16 | u64::from(record.status);
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        let Handles { requests, seconds } = &mut *handles;
        if requests.len() > SERIES {
            requests.clear();
            seconds.clear();
        }
        requests
            .entry(series)
            .or_insert_with(|| {
                FAILURES
                    .iter()
                    .for_each(|&status| requests_total(name, METHODS[method], status).increment(0));
                requests_total(name, METHODS[method], record.status)
            })
            .increment(1);
        seconds.entry(id).or_insert_with(|| request_seconds(name)).record(took);
    }
}

fn requests_total(route: &str, method: &'static str, status: u16) -> Counter {
    let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
    metrics::counter!("comporta_http_requests_total", &labels)
}

fn request_seconds(route: &str) -> Histogram {
    metrics::histogram!("comporta_http_request_seconds", "route" => route.to_owned())
}

/// What stands as `method`: a caller may send any word, as a label it must be one of a few.
const METHODS: [&str; 8] = ["other", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A method's place among them.
fn known_method(method: &Method) -> usize {
    match *method {
        Method::GET => 1,
        Method::HEAD => 2,
        Method::POST => 3,
        Method::PUT => 4,
        Method::PATCH => 5,
        Method::DELETE => 6,
        Method::OPTIONS => 7,
        _ => 0,
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts").finish_non_exhaustive()
    }
}
