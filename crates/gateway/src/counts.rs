//! Prometheus' counters of requests, by route, method and status: never by company.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use metrics::{Counter, Histogram};

use crate::record::Record;

/// Series beyond this many are counted under the status `other`: routes come and go with reloads.
const SERIES: usize = 20_000;

/// A core's handles of the counters it has used: looked up once, then an addition.
#[derive(Default)]
pub(crate) struct Counts(Mutex<Handles>);

#[derive(Default)]
struct Handles {
    requests: HashMap<(u32, &'static str, u16), Counter>,
    seconds: HashMap<u32, Histogram>,
}

impl Counts {
    pub(crate) fn count(&self, record: &Record, took: Duration) {
        let (id, name) = record.route.as_ref().map_or((0, "none"), |route| (route.id(), route.name()));
        let method = known_method(&record.method);
        let mut handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Handles { requests, seconds } = &mut *handles;
        if requests.len() > SERIES {
            requests.clear();
            seconds.clear();
        }
        requests
            .entry((id, method, record.status))
            .or_insert_with(|| requests_total(name, method, record.status))
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

/// A caller may send any word as a method: as a label it must be one of a few.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts").finish_non_exhaustive()
    }
}
