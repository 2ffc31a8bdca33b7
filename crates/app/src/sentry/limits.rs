//! How long Sentry wants to hear nothing: `x-sentry-rate-limits`, or 429 and `retry-after`.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

/// What a 429 asks for that says nothing of time.
const UNSAID: Duration = Duration::from_secs(60);
/// The longest that is taken at its word.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// For how long no event may be sent after an answer.
pub(super) fn pause(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let mut limits = headers.get_all("x-sentry-rate-limits").iter().peekable();
    let pause = match limits.peek() {
        Some(_) => limits.filter_map(|value| of_limits(value.to_str().ok()?)).max(),
        None if status == StatusCode::TOO_MANY_REQUESTS => {
            Some(headers.get(header::RETRY_AFTER).and_then(of_retry_after).unwrap_or(UNSAID))
        }
        None => None,
    };
    pause.map(|pause| pause.min(LONGEST))
}

/// `seconds:categories:scope:reason`, with commas between; no category stands for all, and events are `error`.
fn of_limits(text: &str) -> Option<Duration> {
    let pauses = text.split(',').filter_map(|limit| {
        let mut parts = limit.trim().split(':');
        let seconds = seconds(parts.next()?)?;
        let categories = parts.next().unwrap_or_default();
        let concerns = categories.is_empty() || categories.split(';').any(|category| category == "error");
        concerns.then_some(seconds)
    });
    pauses.max()
}

/// Seconds; the other form, a date, is not worth a reader here.
fn of_retry_after(value: &HeaderValue) -> Option<Duration> {
    seconds(value.to_str().ok()?)
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds.ceil()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(status: u16, headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        pause(StatusCode::from_u16(status).unwrap(), &headers.collect()).map(|pause| pause.as_secs())
    }

    #[test]
    fn limits_of_errors_and_of_everything_are_obeyed_and_others_are_not() {
        const LIMITS: &str = "x-sentry-rate-limits";
        assert_eq!(asked(200, &[(LIMITS, "60:error;transaction:key, 2700:session:organization")]), Some(60));
        assert_eq!(
            asked(429, &[(LIMITS, "60::organization:usage_exceeded"), ("retry-after", "5")]),
            Some(60)
        );
        assert_eq!(asked(429, &[(LIMITS, "60:transaction:key"), ("retry-after", "5")]), None);
        assert_eq!(asked(200, &[(LIMITS, "nonsense, 7:error")]), Some(7));
        assert_eq!(asked(200, &[(LIMITS, "99999999:error")]), Some(86_400));
    }

    #[test]
    fn a_429_pauses_even_if_it_does_not_say_for_how_long() {
        assert_eq!(asked(429, &[("retry-after", "12")]), Some(12));
        assert_eq!(asked(429, &[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]), Some(60));
        assert_eq!(
            (asked(429, &[]), asked(200, &[]), asked(500, &[("retry-after", "3")])),
            (Some(60), None, None)
        );
    }
}
