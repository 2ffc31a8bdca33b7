//! A service's handling of a request as a span, and what the database does meanwhile within it.
//!
//! Whoever calls the service says in the request's extensions in which span it does so, if that one is recorded. If it
//! is not, nothing is made and nothing is allocated.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use comporta_db::Trace;
use comporta_http::Problem;
use comporta_kernel::{OpenSpan, SpanContext, SpanKind, SpanValue, Spans};
use futures_util::future::Either;
use tower::{Layer, Service};

const SCOPE: &str = "comporta.service";
/// The kind of failure of a call that was left, or whose handler panicked.
const BROKEN_OFF: &str = "broken_off";

/// A caller in another process: put beside the [`SpanContext`] where the request came over a socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromElsewhere;

/// Puts spans around a service's routes.
#[derive(Clone, Debug)]
pub(crate) struct ServiceSpans {
    spans: Spans,
    service: &'static str,
}

/// A route with spans around it.
#[derive(Clone, Debug)]
pub(crate) struct Told<S> {
    inner: S,
    layer: ServiceSpans,
}

/// What is told of a call, when it is answered or dropped.
struct Call {
    open: OpenSpan,
    service: &'static str,
    kind: SpanKind,
    method: Method,
    route: Option<MatchedPath>,
    answered: Option<(StatusCode, Option<&'static str>)>,
}

impl ServiceSpans {
    pub(crate) const fn new(spans: Spans, service: &'static str) -> Self {
        Self { spans, service }
    }

    fn call(&self, within: SpanContext, request: &Request) -> Call {
        let from_elsewhere = request.extensions().get::<FromElsewhere>().is_some();
        Call {
            open: self.spans.begin(within),
            service: self.service,
            kind: if from_elsewhere { SpanKind::Server } else { SpanKind::Internal },
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            answered: None,
        }
    }
}

impl<S> Layer<S> for ServiceSpans {
    type Service = Told<S>;

    fn layer(&self, inner: S) -> Told<S> {
        Told { inner, layer: self.clone() }
    }
}

impl<S> Service<Request> for Told<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(within) = request.extensions().get::<SpanContext>().copied() else {
            return Either::Left(self.inner.call(request));
        };
        let mut call = self.layer.call(within, &request);
        let trace = Trace::new(self.layer.spans.clone(), call.open.context());
        let answer = self.inner.call(request);
        Either::Right(Box::pin(async move {
            let answer = trace.around(answer).await;
            if let Ok(answer) = &answer {
                call.is_answered(answer);
            }
            answer
        }))
    }
}

impl Call {
    fn is_answered(&mut self, answer: &Response) {
        let problem = answer.extensions().get::<Problem>().map(|problem| problem.kind().slug);
        self.answered = Some((answer.status(), problem));
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let route = self.route.as_ref().map(|route| route.as_str().to_owned());
        let name: Cow<'static, str> = match &route {
            Some(route) => format!("{} {route}", self.method).into(),
            None => self.service.into(),
        };
        let mut attributes: Vec<(&'static str, SpanValue)> = vec![
            ("comporta.service", self.service.into()),
            ("http.request.method", self.method.to_string().into()),
        ];
        attributes.extend(route.map(|route| ("http.route", route.into())));
        let failure = match self.answered {
            None => Some(BROKEN_OFF.into()),
            Some((status, problem)) => {
                attributes.push(("http.response.status_code", status.as_u16().into()));
                let failure = || problem.map_or_else(|| status.as_u16().to_string().into(), Into::into);
                status.is_server_error().then(failure)
            }
        };
        self.open.end(SCOPE, self.kind, name, attributes, failure);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use axum::body::Body;
    use axum::routing::get;
    use axum::{Extension, Router};
    use comporta_kernel::{Clock, Rng, Span, SpanSink};
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<Span>>);

    impl SpanSink for Kept {
        fn record(&self, span: Span) {
            self.0.lock().unwrap().push(span);
        }
    }

    async fn ask(path: &str, within: Option<SpanContext>) -> (Response, Vec<Span>) {
        let kept = Arc::new(Kept::default());
        let spans = Spans::new(kept.clone(), Clock::system(), Rng::seeded(3));
        let seen = async || Trace::current().is_some().to_string();
        let router = Router::new()
            .route("/days/{day}", get(seen))
            .route("/fails", get(async || StatusCode::BAD_GATEWAY))
            .layer(ServiceSpans::new(spans, "ledger"));
        let router = match within {
            Some(within) => router.layer(Extension(within)),
            None => router,
        };
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer: Result<_, Infallible> = router.oneshot(request).await;
        let spans = std::mem::take(&mut *kept.0.lock().unwrap());
        (answer.unwrap(), spans)
    }

    #[tokio::test]
    async fn a_recorded_call_is_told_by_its_route_and_lends_its_span_to_the_database() {
        let within = SpanContext { trace_id: [1; 16], span_id: [2; 8] };
        let (answer, spans) = ask("/days/2026-11-23", Some(within)).await;
        let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
        let [span] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!(
            (span.name.as_ref(), span.kind, span.failed),
            ("GET /days/{day}", SpanKind::Internal, false)
        );
        assert_eq!((span.context.trace_id, span.parent), ([1; 16], Some([2; 8])));
        assert_eq!(body, "true");
        let (_, spans) = ask("/fails", Some(within)).await;
        assert_eq!(
            (spans[0].failed, spans[0].attributes.last()),
            (true, Some(&("error.type", "502".to_owned().into())))
        );
    }

    #[tokio::test]
    async fn a_call_that_is_not_recorded_is_not_told() {
        let (answer, spans) = ask("/days/2026-11-23", None).await;
        let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
        assert_eq!((body.as_ref(), spans.len()), (&b"false"[..], 0));
    }
}
