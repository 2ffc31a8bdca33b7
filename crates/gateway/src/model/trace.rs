//! The trace that a request belongs to: W3C Trace Context (levels 1 and 2), and AWS X-Ray's header.

mod hex;
mod tracestate;

use comporta_kernel::SpanContext;
use http::{HeaderName, HeaderValue};

pub(crate) use self::hex::Hex;
use self::hex::{lower_hex, read_hex};
use crate::headers::Headers;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const X_RAY: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The flag of a trace that somebody records.
const SAMPLED: u8 = 1;

/// The flag of an id whose last seven bytes are random (level 2).
const RANDOM: u8 = 2;

/// The length of `00-<trace id>-<parent>-<flags>`.
const TRACEPARENT_LEN: usize = 55;

/// The length of `Root=1-<time>-<rest>;Parent=<parent>;Sampled=<0 or 1>`.
const X_RAY_LEN: usize = 74;

/// The trace that a request belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TraceContext {
    /// Its id, never zero.
    pub(crate) trace_id: [u8; 16],
    /// The caller's span, in which the request was made.
    pub(crate) parent: Option<[u8; 8]>,
    /// Whether it is recorded; `None` where nobody has decided yet.
    pub(crate) sampled: Option<bool>,
    /// Who began it.
    pub(crate) origin: Origin,
    /// The last seven bytes of the id are known to be random.
    random: bool,
}

/// Who began a trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// Somebody before us, who told of it in `traceparent`.
    Traceparent,
    /// Somebody before us, who told of it in `x-amzn-trace-id`.
    XRay,
    /// The gateway.
    Gateway,
}

impl TraceContext {
    /// The trace that a caller goes on with, or a new one if there is none or it is malformed.
    pub(crate) fn of(headers: &Headers, new_id: impl FnOnce() -> [u8; 16]) -> Self {
        let w3c = headers.only(TRACEPARENT).and_then(|value| read_traceparent(value.as_bytes()));
        let told = w3c.or_else(|| headers.only(X_RAY).and_then(|value| read_x_ray(value.as_bytes())));
        told.unwrap_or_else(|| Self {
            trace_id: new_id(),
            parent: None,
            sampled: None,
            origin: Origin::Gateway,
            random: true,
        })
    }

    /// The caller's span, if what it says in `traceparent` is sound and asks to be recorded.
    pub(crate) fn recorded(traceparent: &HeaderValue) -> Option<SpanContext> {
        let told = read_traceparent(traceparent.as_bytes()).filter(|told| told.sampled == Some(true))?;
        Some(SpanContext { trace_id: told.trace_id, span_id: told.parent? })
    }

    /// Says upstream that it is called in a span of this trace. `tracestate` stays as far as it is sound and belongs
    /// to this trace; X-Ray's header is written where there was one, and always tells of the same trace.
    pub(crate) fn child(&self, span_id: [u8; 8], headers: &mut Headers) {
        if self.origin == Origin::Traceparent {
            tracestate::tidy(headers);
        } else {
            headers.remove(TRACESTATE);
        }
        set(headers, TRACEPARENT, &self.traceparent(span_id));
        if headers.contains_key(X_RAY) {
            set(headers, X_RAY, &self.x_ray(span_id));
        }
    }

    /// The id as it stands in logs: 32 lower-case hexadecimal digits.
    pub(crate) fn trace_id_hex(&self) -> Hex<32> {
        Hex::of(&self.trace_id)
    }

    /// What upstreams are told of being recorded: what nobody decided is theirs to record.
    fn is_sampled(&self) -> bool {
        self.sampled.unwrap_or(true)
    }

    fn traceparent(&self, span_id: [u8; 8]) -> [u8; TRACEPARENT_LEN] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        lower_hex(&self.trace_id, &mut text[3..35]);
        lower_hex(&span_id, &mut text[36..52]);
        let flags = if self.is_sampled() { SAMPLED } else { 0 } | if self.random { RANDOM } else { 0 };
        lower_hex(&[flags], &mut text[53..55]);
        text
    }

    fn x_ray(&self, span_id: [u8; 8]) -> [u8; X_RAY_LEN] {
        let mut text = *b"Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0";
        lower_hex(&self.trace_id[..4], &mut text[7..15]);
        lower_hex(&self.trace_id[4..], &mut text[16..40]);
        lower_hex(&span_id, &mut text[48..64]);
        text[73] = if self.is_sampled() { b'1' } else { b'0' };
        text
    }
}

fn set(headers: &mut Headers, name: HeaderName, text: &[u8]) {
    match HeaderValue::from_bytes(text) {
        Ok(value) => headers.insert(name, value),
        Err(_) => headers.remove(name),
    }
}

/// `version-trace_id-parent_id-flags`; later versions may go on after another `-`.
fn read_traceparent(value: &[u8]) -> Option<TraceContext> {
    let (known, more) = value.split_at_checked(TRACEPARENT_LEN)?;
    let dashes = [2, 35, 52].into_iter().all(|place| known[place] == b'-');
    let [version] = read_hex::<1>(&known[..2])?;
    let ends_well = match version {
        0 => more.is_empty(),
        0xff => false,
        _ => more.is_empty() || more[0] == b'-',
    };
    if !dashes || !ends_well {
        return None;
    }
    let trace_id = read_hex(&known[3..35]).filter(|id| *id != [0; 16])?;
    let parent = read_hex(&known[36..52]).filter(|id| *id != [0; 8])?;
    let [flags] = read_hex::<1>(&known[53..])?;
    Some(TraceContext {
        trace_id,
        parent: Some(parent),
        sampled: Some(flags & SAMPLED != 0),
        origin: Origin::Traceparent,
        random: flags & RANDOM != 0,
    })
}

/// `Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=<0, 1 or ?>` in any order, `Root` alone being needed.
fn read_x_ray(value: &[u8]) -> Option<TraceContext> {
    let text = std::str::from_utf8(value).ok()?;
    let field = |name: &str| {
        let fields = text.split(';').filter_map(|field| field.trim().split_once('='));
        let mut values =
            fields.filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        values.next()
    };
    let root = field("Root")?.strip_prefix("1-")?;
    let (time, rest) = root.split_once('-')?;
    let (time, rest) = (read_hex::<4>(time.as_bytes())?, read_hex::<12>(rest.as_bytes())?);
    let mut trace_id = [0; 16];
    trace_id[..4].copy_from_slice(&time);
    trace_id[4..].copy_from_slice(&rest);
    let parent = field("Parent").and_then(|parent| read_hex(parent.as_bytes()));
    let context = TraceContext {
        trace_id,
        parent: parent.filter(|id| *id != [0; 8]),
        sampled: field("Sampled").and_then(|flag| match flag {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }),
        origin: Origin::XRay,
        random: false,
    };
    (trace_id != [0; 16]).then_some(context)
}

#[cfg(test)]
mod tests;
