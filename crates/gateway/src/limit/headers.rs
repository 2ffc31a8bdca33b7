//! What a caller is told of its allowance: draft-ietf-httpapi-ratelimit-headers-11 (May 2026), and RFC 9110's
//! `retry-after`.

use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue};

use super::Rule;
use crate::headers::Headers;
use crate::model::gcra::{Gcra, Verdict};

const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Two numbers of at most ten digits and what stands around them.
const LONGEST: usize = 40;

/// Writes the rule and what is left of it, and when to come again if the request may not pass.
pub(crate) fn write(rule: &Rule, verdict: &Verdict, headers: &mut Headers) {
    headers.insert(RATELIMIT_POLICY, rule.policy.clone());
    // The draft wants `retry-after` no earlier than the window's end; so with nothing left both tell when the
    // next request may come, and not when the allowance is whole.
    let window = seconds(if verdict.remaining == 0 { verdict.retry_after } else { verdict.reset });
    headers.insert(RATELIMIT, item(b";r=", verdict.remaining.into(), b";t=", window));
    if !verdict.allowed {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(verdict.retry_after)));
    }
}

/// The rule as callers see it: the burst, and the time in which a spent one comes back.
pub(super) fn policy(gcra: Gcra) -> HeaderValue {
    item(b";q=", gcra.burst().into(), b";w=", seconds(gcra.capacity()))
}

/// Whole seconds, rounded up: whoever waits so long has waited long enough.
const fn seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1_000_000_000)
}

/// An item of a structured field with two integers (RFC 9651).
fn item(first: &[u8], one: u64, second: &[u8], two: u64) -> HeaderValue {
    let mut text = [0; LONGEST];
    let mut end = 0;
    let (mut digits_of_one, mut digits_of_two) = (itoa::Buffer::new(), itoa::Buffer::new());
    let parts: [&[u8]; 5] = [
        b"\"default\"",
        first,
        digits_of_one.format(one).as_bytes(),
        second,
        digits_of_two.format(two).as_bytes(),
    ];
    for part in parts {
        text[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    // Only visible ASCII was written.
    HeaderValue::from_bytes(&text[..end]).unwrap_or_else(|_| HeaderValue::from_static("\"default\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::tests::rule;

    fn written(rule: &Rule, verdict: &Verdict) -> [Option<String>; 3] {
        let mut headers = Headers::new();
        write(rule, verdict, &mut headers);
        ["ratelimit-policy", "ratelimit", "retry-after"]
            .map(|name| headers.get(name).map(|value| value.to_str().unwrap().to_owned()))
    }

    #[test]
    fn a_request_that_passes_is_told_what_is_left_until_when() {
        let rule = rule("100/s", 200);
        let (_, verdict) = rule.gcra.take(1_490_000_000, 0);
        let [policy, left, retry] = written(&rule, &verdict);
        assert_eq!(policy.as_deref(), Some("\"default\";q=200;w=2"));
        assert_eq!(left.as_deref(), Some("\"default\";r=50;t=2"));
        assert_eq!(retry, None);
    }

    #[test]
    fn a_request_that_may_not_pass_is_told_when_to_come_again_in_whole_seconds_rounded_up() {
        let rule = rule("1000/h", 1);
        let (due, first) = rule.gcra.take(0, 0);
        assert_eq!(written(&rule, &first)[1].as_deref(), Some("\"default\";r=0;t=4"));
        let (_, second) = rule.gcra.take(due, 500_000_000);
        let [policy, left, retry] = written(&rule, &second);
        assert_eq!(policy.as_deref(), Some("\"default\";q=1;w=4"));
        assert_eq!(left.as_deref(), Some("\"default\";r=0;t=4"));
        assert_eq!(retry.as_deref(), Some("4"));
        let (_, last) = rule.gcra.take(due, 3_599_999_999);
        assert_eq!(written(&rule, &last)[2].as_deref(), Some("1"), "never at once");
    }

    #[test]
    fn the_largest_numbers_fit() {
        let rule = rule("1000000000/s", u32::MAX);
        let verdict = Verdict { allowed: false, remaining: u32::MAX, reset: 1 << 52, retry_after: 1 << 52 };
        assert_eq!(written(&rule, &verdict)[1].as_deref(), Some("\"default\";r=4294967295;t=4503600"));
    }
}
