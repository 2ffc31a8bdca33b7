//! What a caller is told of its allowance: draft-ietf-httpapi-ratelimit-headers-11 (May 2026), and RFC 9110's
//! `retry-after`.

use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue};

use super::{Per, Quota, Rule, Standing};
use crate::headers::Headers;
use crate::model::gcra::{Gcra, Verdict};

const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A rate's item and a quota's: two numbers of at most twenty digits each, and what stands around them.
const LONGEST: usize = 128;
/// What a day usually has; of months each has its own.
const SECONDS_OF_A_DAY: u64 = 86_400;

/// What is told of a request's limits: each that held for it, and what it left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told<'a> {
    pub(crate) rate: Option<(&'a Rule, &'a Verdict)>,
    pub(crate) quota: Option<(Quota, Standing)>,
    /// The quota is what the request was refused for.
    pub(crate) used_up: bool,
}

/// Writes the limits and what is left of them, and when to come again if the request may not pass.
pub(crate) fn write(told: &Told<'_>, headers: &mut Headers) {
    if let Some(policy) = told.policy() {
        headers.insert(RATELIMIT_POLICY, policy);
    }
    let mut left = Text::default();
    if let Some((_, verdict)) = told.rate {
        // The draft wants `retry-after` no earlier than the window's end; so with nothing left both tell when the
        // next request may come, and not when the allowance is whole.
        let window = seconds(if verdict.remaining == 0 { verdict.retry_after } else { verdict.reset });
        left.item("default", b'r', verdict.remaining.into(), Some((b't', window)));
        if !verdict.allowed {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds(verdict.retry_after)));
        }
    }
    if let Some((quota, standing)) = told.quota {
        let ends_in = standing.ends_in.as_secs() + u64::from(standing.ends_in.subsec_nanos() > 0);
        left.item(quota.per.name(), b'r', standing.left, Some((b't', ends_in)));
        if told.used_up {
            headers.insert(RETRY_AFTER, HeaderValue::from(ends_in));
        }
    }
    if let Some(left) = left.value() {
        headers.insert(RATELIMIT, left);
    }
}

impl Told<'_> {
    fn policy(&self) -> Option<HeaderValue> {
        let Some((quota, _)) = self.quota else { return self.rate.map(|(rule, _)| rule.policy.clone()) };
        let mut text = Text::default();
        if let Some((rule, _)) = self.rate {
            text.policy(rule.gcra);
        }
        let window = (quota.per == Per::Day).then_some((b'w', SECONDS_OF_A_DAY));
        text.item(quota.per.name(), b'q', quota.requests, window);
        text.value()
    }
}

/// The rule as callers see it: the burst, and the time in which a spent one comes back.
pub(super) fn policy(gcra: Gcra) -> HeaderValue {
    let mut text = Text::default();
    text.policy(gcra);
    // Only visible ASCII was written.
    text.value().unwrap_or_else(|| HeaderValue::from_static("\"default\""))
}

/// Whole seconds, rounded up: whoever waits so long has waited long enough.
const fn seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1_000_000_000)
}

/// A list of items of a structured field (RFC 9651), as it is written.
struct Text {
    bytes: [u8; LONGEST],
    end: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; LONGEST], end: 0 }
    }
}

impl Text {
    fn policy(&mut self, gcra: Gcra) {
        self.item("default", b'q', gcra.burst().into(), Some((b'w', seconds(gcra.capacity()))));
    }

    /// An item with one integer, or two.
    fn item(&mut self, name: &str, first: u8, one: u64, second: Option<(u8, u64)>) {
        if self.end > 0 {
            self.push(b", ");
        }
        self.push(b"\"");
        self.push(name.as_bytes());
        self.push(b"\"");
        self.parameter(first, one);
        if let Some((second, two)) = second {
            self.parameter(second, two);
        }
    }

    fn parameter(&mut self, name: u8, value: u64) {
        self.push(&[b';', name, b'=']);
        self.push(itoa::Buffer::new().format(value).as_bytes());
    }

    fn push(&mut self, text: &[u8]) {
        // Names are short, so there is always room.
        if let Some(room) = self.bytes.get_mut(self.end..self.end + text.len()) {
            room.copy_from_slice(text);
            self.end += text.len();
        }
    }

    fn value(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(&self.bytes[..self.end]).ok().filter(|_| self.end > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limit::tests::rule;

    fn written(rule: &Rule, verdict: &Verdict) -> [Option<String>; 3] {
        told(&Told { rate: Some((rule, verdict)), ..Told::default() })
    }

    fn told(told: &Told<'_>) -> [Option<String>; 3] {
        let mut headers = Headers::new();
        write(told, &mut headers);
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

    #[test]
    fn a_quota_is_told_beside_the_rate_and_what_was_used_up_says_when_to_come_again() {
        let rule = rule("100/s", 200);
        let (_, verdict) = rule.gcra.take(0, 0);
        let quota = Quota { requests: 10_000, per: Per::Month };
        let standing = Standing { left: 17, ends_in: Duration::from_millis(2_500) };
        let both = Told { rate: Some((&rule, &verdict)), quota: Some((quota, standing)), used_up: false };
        let [policy, left, retry] = told(&both);
        assert_eq!(policy.as_deref(), Some("\"default\";q=200;w=2, \"month\";q=10000"));
        assert_eq!(left.as_deref(), Some("\"default\";r=199;t=1, \"month\";r=17;t=3"));
        assert_eq!(retry, None);

        let per_day = Quota { requests: 1_000_000_000_000_000, per: Per::Day };
        let standing = Standing { left: 0, ends_in: Duration::from_secs(86_400) };
        let [policy, left, retry] =
            told(&Told { rate: None, quota: Some((per_day, standing)), used_up: true });
        assert_eq!(policy.as_deref(), Some("\"day\";q=1000000000000000;w=86400"));
        assert_eq!(left.as_deref(), Some("\"day\";r=0;t=86400"));
        assert_eq!(retry.as_deref(), Some("86400"));
        assert_eq!(told(&Told::default()), [None, None, None]);
    }
}
