//! Which requests are recorded as spans, and what is noted of them on their way.

mod describe;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use comporta_kernel::{Rng, SpanContext, SpanSink};
use http::{HeaderValue, Uri, Version};

use crate::config::Percent;
use crate::model::forwarded::Caller;
use crate::model::gcra::Gcra;
use crate::model::trace::TraceContext;

/// Requests a second, of this process, that are recorded because their callers ask for it. Whoever reaches the gateway
/// may set that flag, key or no key: it must not be a way to fill somebody's bill or disk.
const ASKED_FOR: u32 = 100;

/// Where spans go, and of how many requests.
#[derive(Clone)]
pub struct Tracing {
    /// Takes the spans.
    pub sink: Arc<dyn SpanSink>,
    /// The share of the requests that is recorded where no caller has decided.
    pub sample: Percent,
}

/// Decides which requests are recorded.
pub(crate) struct Tracer {
    sink: Arc<dyn SpanSink>,
    sample: Percent,
    asked_for: Gcra,
    /// When the next request may be recorded because its caller asks for it.
    due: AtomicU64,
}

/// What is noted of a request that is recorded, beside its record.
#[derive(Debug)]
pub(crate) struct Recording {
    span_id: [u8; 8],
    /// The span of the call of the upstream: what the upstream is told of.
    pub(crate) call_id: [u8; 8],
    scheme: &'static str,
    host: Option<HeaderValue>,
    version: Version,
    /// When the upstream was called, and for what.
    call: Option<(Instant, Uri)>,
}

/// The span of a gateway of this installation in which a service elsewhere is called, by its `traceparent`; `None` if
/// that span is not recorded.
#[must_use]
pub fn recorded_within(traceparent: &HeaderValue) -> Option<SpanContext> {
    TraceContext::recorded(traceparent)
}

impl Tracer {
    pub(crate) fn new(tracing: &Tracing) -> Self {
        Self {
            sink: Arc::clone(&tracing.sink),
            sample: tracing.sample,
            asked_for: Gcra::new(ASKED_FOR, Duration::from_secs(1), ASKED_FOR),
            due: AtomicU64::new(0),
        }
    }

    /// Whether a request at `now` is recorded, which its trace says from here on.
    ///
    /// A caller who has decided is obeyed, within bounds: beyond them its flag is passed on, for that trace is its own,
    /// and only our spans are missing. Where the caller left it open we decide by `chance`, any number, and not by the
    /// trace's id, which the caller chose too.
    pub(crate) fn samples(&self, trace: &mut TraceContext, chance: u64, now: u64) -> bool {
        match trace.sampled {
            Some(asked_for) => asked_for && self.has_room(now),
            None => {
                let recorded = (chance >> 32) * 100 < u64::from(self.sample.hundredths()) << 32;
                trace.sampled = Some(recorded);
                recorded
            }
        }
    }

    fn has_room(&self, now: u64) -> bool {
        let take = |due| {
            let (due, verdict) = self.asked_for.take(due, now);
            verdict.allowed.then_some(due)
        };
        self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

impl Recording {
    pub(crate) fn new(rng: &Rng, caller: &Caller, version: Version) -> Self {
        Self {
            span_id: rng.bytes(),
            call_id: rng.bytes(),
            scheme: caller.scheme(),
            host: caller.host().cloned(),
            version,
            call: None,
        }
    }

    /// The request's own span, for what this process does within it.
    pub(crate) const fn context(&self, trace: &TraceContext) -> SpanContext {
        SpanContext { trace_id: trace.trace_id, span_id: self.span_id }
    }

    /// The upstream is called now, for this path.
    pub(crate) fn calls(&mut self, now: Instant, path: Uri) {
        self.call = Some((now, path));
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("sample", &self.sample).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").field("sample", &self.sample).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use comporta_kernel::Span;

    use super::*;
    use crate::headers::Headers;

    struct Nowhere;

    impl SpanSink for Nowhere {
        fn record(&self, _: Span) {}
    }

    fn tracer(sample: u8) -> Tracer {
        Tracer::new(&Tracing { sink: Arc::new(Nowhere), sample: Percent::of(sample) })
    }

    fn of(header: &'static str, value: &'static str) -> TraceContext {
        let headers = Headers::from_iter([(header.parse().unwrap(), HeaderValue::from_static(value))]);
        TraceContext::of(&headers, || [7; 16])
    }

    fn new() -> TraceContext {
        TraceContext::of(&Headers::new(), || [7; 16])
    }

    /// How many of a thousand chances, evenly spread, are taken.
    fn taken(tracer: &Tracer, trace: TraceContext) -> usize {
        let chances = (0..1000u64).map(|step| u64::MAX / 2000 * (2 * step + 1));
        chances.filter(|chance| tracer.samples(&mut trace.clone(), *chance, 0)).count()
    }

    #[test]
    fn the_share_decides_where_no_caller_has() {
        let open = of("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793");
        for trace in [new(), open] {
            assert_eq!([0, 5, 100].map(|share| taken(&tracer(share), trace)), [0, 50, 1000]);
        }
        let mut trace = new();
        assert!(!tracer(5).samples(&mut trace, u64::MAX, 0));
        assert_eq!(trace.sampled, Some(false), "whoever comes after is told");
    }

    #[test]
    fn a_caller_who_has_decided_is_obeyed_up_to_a_hundred_times_a_second() {
        const NO: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        const YES: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(taken(&tracer(100), of("traceparent", NO)), 0);
        let tracer = tracer(0);
        assert_eq!(taken(&tracer, of("traceparent", YES)), 100);
        let mut late = of("traceparent", YES);
        assert!(!tracer.samples(&mut late, 0, 1_000_000));
        assert_eq!(late.sampled, Some(true), "the trace is the caller's own");
        assert!(tracer.samples(&mut late, 0, 1_000_000_000));
    }
}
