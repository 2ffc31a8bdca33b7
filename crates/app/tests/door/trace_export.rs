//! Spans on their way to a collector that is well, busy, broken or silent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use comporta::settings::TracingSettings;
use comporta::trace_export::{self, Exporter};
use comporta_gateway::Tracing;
use comporta_kernel::{Span, SpanContext, SpanKind};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::collector::Collector;

/// An exporter, and what it has counted.
struct Case {
    tracing: Tracing,
    exporter: Option<Exporter>,
    counted: PrometheusHandle,
    stop: CancellationToken,
}

fn case(url: &str) -> Case {
    let recorder = PrometheusBuilder::new().build_recorder();
    let settings = TracingSettings {
        otlp: Some(url.parse().unwrap()),
        sample: "100%".parse().unwrap(),
        service_name: "shop".to_owned(),
        headers: Default::default(),
    };
    let opened = metrics::with_local_recorder(&recorder, || trace_export::open(&settings));
    let (tracing, exporter) = opened.unwrap().unwrap();
    Case { tracing, exporter: Some(exporter), counted: recorder.handle(), stop: CancellationToken::new() }
}

impl Case {
    fn record(&self, spans: usize) {
        for _ in 0..spans {
            self.tracing.sink.record(Span {
                scope: "comporta.test",
                context: SpanContext { trace_id: [1; 16], span_id: [2; 8] },
                parent: None,
                kind: SpanKind::Server,
                name: "GET".into(),
                began: 1,
                ended: 2,
                failed: false,
                attributes: Vec::new(),
            });
        }
    }

    fn run(&mut self) -> JoinHandle<()> {
        tokio::spawn(self.exporter.take().unwrap().run(self.stop.clone()))
    }

    /// Spans that reached the collector, and spans that never will.
    fn counted(&self) -> (u64, u64) {
        let text = self.counted.render();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map_or(0, |value| value.trim().parse().unwrap())
        };
        (value("comporta_trace_spans_exported_total "), value("comporta_trace_spans_dropped_total "))
    }

    async fn until_counted(&self, exported: u64, dropped: u64) {
        let counted = async {
            while self.counted() != (exported, dropped) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), counted).await;
        assert!(waited.is_ok(), "{:?}", self.counted());
    }
}

#[tokio::test]
async fn spans_are_sent_in_batches_and_the_rest_before_the_end() {
    let collector = Collector::start().await;
    let mut case = case(&collector.url());
    case.record(1100);
    let running = case.run();
    case.until_counted(1024, 0).await;
    case.stop.cancel();
    running.await.unwrap();
    assert_eq!(case.counted(), (1100, 0));
    let sizes = collector.messages().into_iter().map(|message| {
        let resource = message.resource_spans.into_iter().next().unwrap();
        resource.scope_spans[0].spans.len()
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [512, 512, 76]);
}

#[tokio::test]
async fn a_lone_span_does_not_wait_for_company_for_ever() {
    let collector = Collector::start().await;
    let mut case = case(&collector.url());
    case.record(1);
    let began = Instant::now();
    case.run();
    case.until_counted(1, 0).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_silent_collector_costs_the_queue_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut case = case(&format!("http://{}", listener.local_addr().unwrap()));
    case.record(10_000);
    assert_eq!(case.counted(), (0, 10_000 - 4096), "recording neither waits nor grows");
    let running = case.run();
    let (_held, _) = listener.accept().await.unwrap();
    case.stop.cancel();
    let began = Instant::now();
    running.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "the end waits two seconds, not for the collector");
    assert_eq!(case.counted(), (0, 10_000), "every span is accounted for");
}

#[tokio::test]
async fn an_outage_is_told_once_at_its_beginning_and_once_at_its_end() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let collector = Collector::start().await;
    for _ in 0..3 {
        collector.will_answer((StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "0")]));
    }
    let mut case = case(&collector.url());
    case.record(512);
    case.run();
    case.until_counted(512, 0).await;
    let sent = collector.sent();
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|(_, body)| *body == sent[0].1), "the same batch each time");
    // The end is told a moment after it was counted.
    for _ in 0..500 {
        if log.lines().len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let lines = log.lines();
    let [beginning, end] = &lines[..] else { panic!("{lines:?}") };
    assert!(beginning.contains("WARN") && beginning.contains("503"), "{beginning}");
    assert!(end.contains("takes traces again"), "{end}");
}

#[tokio::test]
async fn what_the_collector_will_never_take_is_not_sent_again() {
    let collector = Collector::start().await;
    collector.will_answer(StatusCode::BAD_REQUEST);
    let partial = ExportTracePartialSuccess { rejected_spans: 12, error_message: "too old".to_owned() };
    let partial = ExportTraceServiceResponse { partial_success: Some(partial) };
    collector.will_answer(partial.encode_to_vec());
    let mut case = case(&collector.url());
    case.record(1024);
    case.run();
    case.until_counted(500, 524).await;
    assert_eq!(collector.sent().len(), 2);
}

/// Lines of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
