//! How fast this process spends the budgets of the service levels: by the metrics that Prometheus' rules go by.

use std::collections::VecDeque;

use comporta_alerts::{Condition, Look, Sign};
use jiff::{SignedDuration, Timestamp};

use crate::metrics::Readings;
use crate::settings::AlertsSettings;

/// Of all requests, those that may fail by our fault, and those that may be slow.
const FAILURES: f64 = 0.001;
const SLOW: f64 = 0.01;
/// Slow is over 200 ms: the bucket's bound.
const BOUND: &str = "0.2";
/// Files of debts take as long as their callers do.
const LEFT_OUT: &str = "boleto-imports";
/// Over both must a budget be spent too fast: what was a hiccup is no alert, and what is over is none any more.
const LONG: SignedDuration = SignedDuration::from_hours(1);
const SHORT: SignedDuration = SignedDuration::from_mins(5);
/// With fewer requests in the long window there is nothing to be judged by.
const LEAST: f64 = 36.0;

/// The counts of the last hour, oldest first.
#[derive(Debug, Default)]
pub(super) struct Budgets(VecDeque<(Timestamp, Counts)>);

/// What was counted since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    requests: f64,
    failed: f64,
    timed: f64,
    slow: f64,
}

impl Budgets {
    /// Notes what was counted by now.
    pub(super) fn note(&mut self, readings: &Readings, now: Timestamp) {
        self.0.push_back((now, Counts::of(readings)));
        // One that is older than the window stays: it is what the window begins with.
        while self.0.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= LONG) {
            self.0.pop_front();
        }
    }

    /// Judges by them, in a process that has the gateway: another one knows nothing of requests.
    pub(super) fn look(&self, readings: &Readings, settings: &AlertsSettings, look: &mut Look) {
        if readings.sum("comporta_http_requests_in_flight").is_some() {
            look.measured.extend([Condition::Failures, Condition::Slow]);
            look.signs.extend(self.signs(settings));
        }
    }

    /// The budgets that are spent too fast.
    fn signs(&self, settings: &AlertsSettings) -> Vec<Sign> {
        let (Some(long), Some(short)) = (self.since(LONG), self.since(SHORT)) else { return Vec::new() };
        let sign = |condition, budget, share: fn(&Counts) -> (f64, f64)| {
            let spent = |counts: &Counts| {
                let (bad, all) = share(counts);
                if all > 0.0 { bad / all / budget } else { 0.0 }
            };
            let too_fast = share(&long).1 >= LEAST
                && spent(&long) >= settings.burn_rate
                && spent(&short) >= settings.burn_rate;
            too_fast.then(|| Sign {
                condition,
                measured: format!("{:.2} %", spent(&long) * budget * 100.0),
                allowed: format!("{:.2} %", settings.burn_rate * budget * 100.0),
            })
        };
        let failures = sign(Condition::Failures, FAILURES, |counts| (counts.failed, counts.requests));
        let slow = sign(Condition::Slow, SLOW, |counts| (counts.slow, counts.timed));
        failures.into_iter().chain(slow).collect()
    }

    /// What was counted in so much time; in what there is, of a process that is younger.
    fn since(&self, window: SignedDuration) -> Option<Counts> {
        let (now, last) = self.0.back()?;
        let begin = self.0.iter().rev().find(|(at, _)| now.duration_since(*at) >= window);
        let (_, first) = begin.or_else(|| self.0.front())?;
        Some(Counts {
            requests: last.requests - first.requests,
            failed: last.failed - first.failed,
            timed: last.timed - first.timed,
            slow: last.slow - first.slow,
        })
    }
}

impl Counts {
    fn of(readings: &Readings) -> Self {
        let kept = |name: &str| {
            readings.sum_where(name, |sample| {
                let is_part = |bound: Option<&str>| bound.is_none_or(|bound| bound == BOUND);
                sample.label("route") != Some(LEFT_OUT) && is_part(sample.label("le"))
            })
        };
        let timed = kept("comporta_http_request_seconds_count");
        Self {
            requests: readings.sum("comporta_http_requests_total").unwrap_or_default(),
            failed: readings.sum_where("comporta_http_requests_total", |sample| {
                sample.label("status").is_some_and(|status| status.starts_with('5'))
            }),
            timed,
            slow: timed - kept("comporta_http_request_seconds_bucket"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Environment, Sources, load};

    fn settings() -> AlertsSettings {
        let environment = Environment::default();
        load(&Sources { file: None, environment: &environment, flags: &[] }).unwrap().alerts
    }

    fn readings(good: u32, failed: u32, slow: u32) -> Readings {
        let all = good + failed + slow;
        Readings::of(format!(
            "comporta_http_requests_total{{route=\"a\",status=\"200\"}} {}\n\
             comporta_http_requests_total{{route=\"a\",status=\"503\"}} {failed}\n\
             comporta_http_request_seconds_bucket{{route=\"a\",le=\"0.1\"}} 0\n\
             comporta_http_request_seconds_bucket{{route=\"a\",le=\"0.2\"}} {}\n\
             comporta_http_request_seconds_bucket{{route=\"boleto-imports\",le=\"0.2\"}} 0\n\
             comporta_http_request_seconds_count{{route=\"boleto-imports\"}} 50\n\
             comporta_http_request_seconds_count{{route=\"a\"}} {all}\n",
            good + slow,
            good + failed,
        ))
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn requests_are_judged_where_the_gateway_is() {
        let judged = |readings: &Readings| {
            let mut look = Look::default();
            Budgets::default().look(readings, &settings(), &mut look);
            look.measured
        };
        assert!(judged(&readings(1, 1, 1)).is_empty());
        let gateway = Readings::of("comporta_http_requests_in_flight 0".to_owned());
        assert_eq!(judged(&gateway), [Condition::Failures, Condition::Slow].into());
    }

    fn found(noted: &[(i64, Readings)]) -> Vec<Sign> {
        let mut budgets = Budgets::default();
        noted.iter().for_each(|(minute, readings)| budgets.note(readings, at(*minute)));
        budgets.signs(&settings())
    }

    #[test]
    fn a_budget_that_is_spent_too_fast_over_both_windows_is_told() {
        let signs = found(&[(0, readings(0, 0, 0)), (55, readings(900, 0, 0)), (60, readings(950, 20, 0))]);
        assert_eq!(signs.len(), 1);
        assert_eq!((signs[0].condition, signs[0].measured.as_str()), (Condition::Failures, "2.06 %"));
        assert_eq!(signs[0].allowed, "1.44 %");
        let signs = found(&[(0, readings(0, 0, 0)), (55, readings(100, 0, 0)), (60, readings(100, 0, 100))]);
        assert_eq!(
            (signs.len(), signs[0].condition, signs[0].measured.as_str()),
            (1, Condition::Slow, "50.00 %")
        );
    }

    #[test]
    fn what_is_over_and_what_is_too_little_to_judge_by_is_not() {
        assert_eq!(
            found(&[(0, readings(0, 0, 0)), (50, readings(900, 90, 0)), (60, readings(990, 90, 0))]),
            []
        );
        assert_eq!(found(&[(0, readings(0, 0, 0)), (60, readings(10, 20, 0))]), []);
        // What was counted before the hour began is no part of it.
        assert_eq!(found(&[(0, readings(0, 900, 0)), (60, readings(900, 900, 0))]), []);
        assert_eq!(found(&[(0, readings(10, 900, 0))]), []);
    }
}
