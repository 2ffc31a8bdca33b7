//! A span: a piece of a trace, as it is handed to whoever exports it.

use std::borrow::Cow;

/// What was done in a trace, from when to when. Holds nothing secret: no header, no query.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: [u8; 16],
    /// Its own id.
    pub span_id: [u8; 8],
    /// The span in which it began.
    pub parent: Option<[u8; 8]>,
    /// Which end of a call it is.
    pub kind: SpanKind,
    /// What it is called in lists: of few values.
    pub name: String,
    /// When it began, in nanoseconds since 1970.
    pub began: u64,
    /// When it ended, likewise.
    pub ended: u64,
    /// It came to nothing.
    pub failed: bool,
    /// What else is known of it, by OpenTelemetry's names.
    pub attributes: Vec<(&'static str, SpanValue)>,
}

/// Which end of a call a span is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpanKind {
    /// The one that answers.
    Server,
    /// The one that asks.
    Client,
}

/// What an attribute says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SpanValue {
    /// A text.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
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
