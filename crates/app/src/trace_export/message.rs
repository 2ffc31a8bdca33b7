//! Spans as OTLP's message.

use std::collections::BTreeMap;

use comporta_kernel::{Span, SpanKind, SpanValue};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message as _;

/// The flags of a span: W3C's, whose last bit says that it is recorded; that the next two bits say something; and that
/// its parent is elsewhere.
const SAMPLED: u32 = 1;
const PARENT_IS_KNOWN: u32 = otlp::SpanFlags::ContextHasIsRemoteMask as u32;
const PARENT_IS_REMOTE: u32 = otlp::SpanFlags::ContextIsRemoteMask as u32;

/// A batch of this service.
pub(super) fn encode(service: &str, batch: &[Span]) -> Vec<u8> {
    let resource = [("service.name", service), ("service.version", env!("CARGO_PKG_VERSION"))];
    let resource = resource.map(|(key, value)| attribute(key, &SpanValue::from(value.to_owned())));
    let mut scopes: BTreeMap<&str, Vec<otlp::Span>> = BTreeMap::new();
    for told in batch {
        scopes.entry(told.scope).or_default().push(span(told));
    }
    let scope_spans = scopes.into_iter().map(|(scope, spans)| {
        let scope = InstrumentationScope { name: scope.to_owned(), ..Default::default() };
        otlp::ScopeSpans { scope: Some(scope), spans, ..Default::default() }
    });
    let resource_spans = otlp::ResourceSpans {
        resource: Some(Resource { attributes: resource.into(), ..Default::default() }),
        scope_spans: scope_spans.collect(),
        ..Default::default()
    };
    ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec()
}

fn span(span: &Span) -> otlp::Span {
    let (kind, parent_is) = match span.kind {
        SpanKind::Server => (otlp::span::SpanKind::Server, PARENT_IS_REMOTE),
        SpanKind::Client => (otlp::span::SpanKind::Client, 0),
        SpanKind::Internal => (otlp::span::SpanKind::Internal, 0),
    };
    let code = if span.failed { otlp::status::StatusCode::Error } else { otlp::status::StatusCode::Unset };
    otlp::Span {
        trace_id: span.context.trace_id.into(),
        span_id: span.context.span_id.into(),
        parent_span_id: span.parent.map(Vec::from).unwrap_or_default(),
        flags: SAMPLED | span.parent.map_or(0, |_| PARENT_IS_KNOWN | parent_is),
        name: span.name.clone().into_owned(),
        kind: kind.into(),
        start_time_unix_nano: span.began,
        end_time_unix_nano: span.ended,
        attributes: span.attributes.iter().map(|(key, value)| attribute(key, value)).collect(),
        status: Some(otlp::Status { code: code.into(), ..Default::default() }),
        ..Default::default()
    }
}

fn attribute(key: &str, value: &SpanValue) -> KeyValue {
    let value = match value {
        SpanValue::Text(text) => Value::StringValue(text.clone().into_owned()),
        SpanValue::Number(number) => Value::IntValue(*number),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}
