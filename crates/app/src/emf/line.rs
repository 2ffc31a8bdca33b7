//! One line of the embedded metric format, as Amazon CloudWatch specifies it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::metrics::{Readings, Sample};

/// What is told as it is: the metric here, its name there, its unit.
const GAUGES: [(&str, &str, &str); 12] = [
    ("comporta_http_requests_in_flight", "RequestsInFlight", "Count"),
    ("comporta_ledger_pending_deltas", "PendingDeltas", "Count"),
    ("comporta_meter_oldest_waiting_seconds", "MeterLag", "Seconds"),
    ("comporta_jobs_waiting", "JobsWaiting", "Count"),
    ("comporta_jobs_oldest_due_seconds", "OldestJob", "Seconds"),
    ("comporta_backup_age_seconds", "BackupAge", "Seconds"),
    ("comporta_database_up", "DatabaseUp", "Count"),
    ("comporta_service_requests_in_flight", "ServiceRequestsInFlight", "Count"),
    ("process_resident_memory_bytes", "ResidentMemory", "Bytes"),
    ("process_open_fds", "OpenFiles", "Count"),
    ("comporta_meter_segments_waiting", "MeterSegmentsWaiting", "Count"),
    ("comporta_quota_database_away", "QuotasWithoutDatabase", "Count"),
];

/// Makes lines, each of what was counted since the one before.
#[derive(Debug)]
pub(super) struct Teller {
    namespace: String,
    installation: String,
    before: Counts,
}

/// What has been counted since the process began.
#[derive(Clone, Debug, Default)]
struct Counts {
    requests: f64,
    failed: f64,
    refused: f64,
    cpu: f64,
    /// Answers within each bound, in seconds, least first.
    within: Vec<(f64, f64)>,
}

/// The metrics of a line: their definitions, and their values.
#[derive(Debug, Default)]
struct Told {
    definitions: Vec<Value>,
    values: Map<String, Value>,
}

impl Teller {
    pub(super) fn new(namespace: String, installation: String) -> Self {
        Self { namespace, installation, before: Counts::default() }
    }

    /// A line with its end. The first is of all since the process began.
    pub(super) fn line(&mut self, readings: &Readings, at: Timestamp) -> String {
        let now = Counts::of(readings);
        let before = std::mem::replace(&mut self.before, now.clone());
        let mut told = Told::default();
        told.add("Requests", "Count", now.requests - before.requests);
        told.add("Failures", "Count", now.failed - before.failed);
        told.add("Refusals", "Count", now.refused - before.refused);
        told.add("CpuTime", "Seconds", now.cpu - before.cpu);
        let latency = now.since(&before);
        for (name, share) in [("LatencyP50", 0.5), ("LatencyP99", 0.99)] {
            if let Some(seconds) = quantile(&latency, share) {
                // To the microsecond: the bounds are no finer.
                told.add(name, "Milliseconds", (seconds * 1e6).round() / 1e3);
            }
        }
        for (metric, name, unit) in GAUGES {
            if let Some(value) = readings.sum(metric) {
                told.add(name, unit, value);
            }
        }
        for (level, name) in [("80", "CompaniesNearQuota"), ("100", "CompaniesAtQuota")] {
            let of_level = |sample: &Sample<'_>| sample.label("level") == Some(level);
            if readings.sum("comporta_quota_companies").is_some() {
                told.add(name, "Count", readings.sum_where("comporta_quota_companies", of_level));
            }
        }
        if let Some(ends) = readings.sum("comporta_tls_certificate_expires_timestamp_seconds") {
            told.add("CertificateLeft", "Seconds", ends - at.as_second() as f64);
        }
        self.written(told, at)
    }

    /// One dimension of one value: what CloudWatch bills by cannot grow.
    fn written(&self, told: Told, at: Timestamp) -> String {
        let directive = json!({
            "Namespace": self.namespace, "Dimensions": [["Installation"]], "Metrics": told.definitions,
        });
        let mut line = told.values;
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive]}),
        );
        line.insert("Installation".to_owned(), self.installation.clone().into());
        Value::Object(line).to_string() + "\n"
    }
}

impl Told {
    /// Adds a metric, unless its value is none that CloudWatch takes.
    fn add(&mut self, name: &str, unit: &str, value: f64) {
        if value.is_finite() {
            self.definitions.push(json!({"Name": name, "Unit": unit}));
            self.values.insert(name.to_owned(), value.into());
        }
    }
}

impl Counts {
    fn of(readings: &Readings) -> Self {
        let of_class = |class: char| {
            readings.sum_where("comporta_http_requests_total", |sample| {
                sample.label("status").is_some_and(|status| status.starts_with(class))
            })
        };
        let mut within: Vec<(f64, f64)> = Vec::new();
        for sample in readings.samples("comporta_http_request_seconds_bucket") {
            let Some(bound) = sample.label("le").and_then(|bound| bound.parse::<f64>().ok()) else {
                continue;
            };
            match within.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, count)) => *count += sample.value,
                None => within.push((bound, sample.value)),
            }
        }
        within.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        Self {
            requests: readings.sum("comporta_http_requests_total").unwrap_or_default(),
            failed: of_class('5'),
            refused: of_class('4'),
            cpu: readings.sum("process_cpu_seconds_total").unwrap_or_default(),
            within,
        }
    }

    /// Answers within each bound since an earlier count.
    fn since(&self, before: &Self) -> Vec<(f64, f64)> {
        let earlier = |bound: f64| before.within.iter().find(|(known, _)| *known == bound);
        self.within
            .iter()
            .map(|&(bound, count)| (bound, count - earlier(bound).map_or(0.0, |(_, n)| *n)))
            .collect()
    }
}

/// The time within which a share of the answers came, as Prometheus reckons it: evenly between two bounds, and no more
/// than the last one that is finite.
fn quantile(within: &[(f64, f64)], share: f64) -> Option<f64> {
    let all = within.last().map(|(_, count)| *count).filter(|&all| all > 0.0)?;
    let rank = all * share;
    let at = within.iter().position(|(_, count)| *count >= rank)?;
    let (low, under) = at.checked_sub(1).and_then(|before| within.get(before)).copied().unwrap_or_default();
    let (high, count) = *within.get(at)?;
    Some(if high.is_finite() { low + (high - low) * (rank - under) / (count - under).max(1.0) } else { low })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(fast: u32, slow: u32, failed: u32) -> Readings {
        let all = fast + slow;
        Readings::of(format!(
            "comporta_http_requests_total{{status=\"200\"}} {}\ncomporta_http_requests_total{{status=\"500\"}} {failed}\n\
             comporta_http_request_seconds_bucket{{le=\"0.1\"}} {fast}\n\
             comporta_http_request_seconds_bucket{{le=\"0.2\"}} {all}\n\
             comporta_http_request_seconds_bucket{{le=\"+Inf\"}} {all}\n\
             comporta_backup_age_seconds inf\ncomporta_jobs_waiting 3\n",
            all - failed
        ))
    }

    #[test]
    fn a_line_tells_what_was_counted_since_the_one_before() {
        let mut teller = Teller::new("Comporta".to_owned(), "prod".to_owned());
        let at: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let first: Value = serde_json::from_str(&teller.line(&readings(100, 0, 7), at)).unwrap();
        assert_eq!((&first["Requests"], &first["Failures"]), (&json!(100.0), &json!(7.0)));
        let line = teller.line(&readings(150, 50, 9), at);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&line["Requests"], &line["Failures"], &line["JobsWaiting"]),
            (&json!(100.0), &json!(2.0), &json!(3.0))
        );
        assert_eq!((&line["LatencyP50"], &line["LatencyP99"]), (&json!(100.0), &json!(198.0)));
        assert_eq!(line["_aws"]["Timestamp"], 1_795_435_200_000_i64);
        assert!(line.get("BackupAge").is_none(), "infinity is no number of JSON's");
        let quiet = teller.line(&readings(150, 50, 9), at);
        assert!(!quiet.contains("Latency") && quiet.contains("\"Requests\":0.0"), "{quiet}");
    }
}
