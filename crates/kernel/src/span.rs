//! Spans: pieces of a trace, how they are made, and where they go.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::{Clock, Rng};

/// What was done in a trace, from when to when. Holds nothing secret: no header, no query, no statement's arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The part of the program that tells of it, such as `comporta.gateway`.
    pub scope: &'static str,
    /// Itself, in its trace.
    pub context: SpanContext,
    /// The id of the span in which it began.
    pub parent: Option<[u8; 8]>,
    /// Which end of a call it is.
    pub kind: SpanKind,
    /// What it is called in lists: of few values.
    pub name: Cow<'static, str>,
    /// When it began, in nanoseconds since 1970.
    pub began: u64,
    /// When it ended, likewise.
    pub ended: u64,
    /// It came to nothing.
    pub failed: bool,
    /// What else is known of it, by OpenTelemetry's names.
    pub attributes: Vec<(&'static str, SpanValue)>,
}

/// A span's place: its trace, and its id there. Whoever works within a span that is recorded knows it by this.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SpanContext {
    /// The trace, never zero.
    pub trace_id: [u8; 16],
    /// The span, never zero.
    pub span_id: [u8; 8],
}

/// Which end of a call a span is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpanKind {
    /// The one that answers another process.
    Server,
    /// The one that asks.
    Client,
    /// Neither: work within the process.
    Internal,
}

/// What an attribute says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SpanValue {
    /// A text.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

/// Where the spans of recorded requests go.
pub trait SpanSink: Send + Sync + 'static {
    /// Takes one span, or drops it. Must not wait: it is called on the data plane.
    fn record(&self, span: Span);
}

/// What spans are made with. Cheap to clone.
#[derive(Clone)]
pub struct Spans {
    sink: Arc<dyn SpanSink>,
    clock: Clock,
    rng: Rng,
}

/// A span that has begun and not ended.
#[derive(Clone, Debug)]
pub struct OpenSpan {
    spans: Spans,
    context: SpanContext,
    parent: SpanContext,
    began: u64,
}

impl Spans {
    /// Spans that go to `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn SpanSink>, clock: Clock, rng: Rng) -> Self {
        Self { sink, clock, rng }
    }

    /// Begins a span within another one, now.
    #[must_use]
    pub fn begin(&self, parent: SpanContext) -> OpenSpan {
        let context = SpanContext { trace_id: parent.trace_id, span_id: self.rng.bytes() };
        OpenSpan { spans: self.clone(), context, parent, began: self.now() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_nanosecond()).unwrap_or(0)
    }
}

impl OpenSpan {
    /// Its place, for what is done within it.
    #[must_use]
    pub const fn context(&self) -> SpanContext {
        self.context
    }

    /// What it is made with.
    #[must_use]
    pub const fn spans(&self) -> &Spans {
        &self.spans
    }

    /// Tells of it, as ending now. `failure` is a word of few for what went wrong (`error.type`).
    pub fn end(
        &self,
        scope: &'static str,
        kind: SpanKind,
        name: Cow<'static, str>,
        mut attributes: Vec<(&'static str, SpanValue)>,
        failure: Option<SpanValue>,
    ) {
        let failed = failure.is_some();
        attributes.extend(failure.map(|failure| ("error.type", failure)));
        self.spans.sink.record(Span {
            scope,
            context: self.context,
            parent: Some(self.parent.span_id),
            kind,
            name,
            began: self.began,
            // A clock that was set back meanwhile must not make it end before it began.
            ended: self.spans.now().max(self.began),
            failed,
            attributes,
        });
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").finish_non_exhaustive()
    }
}

impl From<&'static str> for SpanValue {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for SpanValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u16> for SpanValue {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for SpanValue {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::SignedDuration;

    use super::*;
    use crate::{ManualClock, Timestamp};

    #[derive(Default)]
    struct Kept(Mutex<Vec<Span>>);

    impl SpanSink for Kept {
        fn record(&self, span: Span) {
            self.0.lock().unwrap().push(span);
        }
    }

    #[test]
    fn a_span_lies_in_its_parent_s_trace_and_never_ends_before_it_began() {
        let (kept, clock) = (Arc::new(Kept::default()), ManualClock::at(Timestamp::UNIX_EPOCH));
        clock.advance(SignedDuration::from_secs(9));
        let spans = Spans::new(kept.clone(), clock.clone().into(), Rng::seeded(1));
        let parent = SpanContext { trace_id: [7; 16], span_id: [8; 8] };
        let outer = spans.begin(parent);
        let inner = outer.spans().begin(outer.context());
        clock.advance(SignedDuration::from_secs(-5));
        inner.end("a", SpanKind::Client, "inner".into(), Vec::new(), Some("late".into()));
        outer.end("a", SpanKind::Internal, "outer".into(), Vec::new(), None);
        let kept = kept.0.lock().unwrap();
        let [inner, outer] = kept.as_slice() else { panic!("{kept:?}") };
        assert_eq!((inner.parent, outer.parent), (Some(outer.context.span_id), Some([8; 8])));
        assert_eq!((inner.context.trace_id, inner.failed, outer.failed), ([7; 16], true, false));
        assert_eq!((inner.began, inner.ended), (9_000_000_000, 9_000_000_000));
        assert_eq!(inner.attributes, [("error.type", SpanValue::from("late"))]);
    }
}
