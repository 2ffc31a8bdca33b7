//! Onward to who answers: a service of this process, or a target over HTTP.

use std::sync::Arc;
use std::time::Instant;

use comporta_http::{Problem, RequestId, X_REQUEST_ID, kinds};
use http::header::{AUTHORIZATION, CONNECTION, HOST, UPGRADE};
use http::{HeaderValue, Request, Uri, Version};
use http_body::Body as _;

use super::answer::Reply;
use super::{Asked, Call, malformed, too_large};
use crate::body::{BodyError, Flow, Passing, RequestBody, Source};
use crate::credential::Credential;
use crate::forward::{Answered, Failure, From, Outgoing, OutgoingBody, Remote, forward};
use crate::headers::Headers;
use crate::incoming::Incoming;
use crate::model::header_hygiene;
use crate::model::path_pattern::Captures;
use crate::plane::Route;
use crate::request_log::SharedTap;
use crate::service::{Called, NoAnswer};
use crate::who::API_KEY;

impl Call<'_> {
    pub(super) async fn call_service(
        &mut self,
        route: &Route,
        service: &Called,
        asked: &mut Asked,
    ) -> Result<Reply, Box<Problem>> {
        let Asked { head, body, .. } = asked;
        // A service knows its caller from the gateway alone.
        header_hygiene::strip_hop_by_hop(&mut head.headers);
        head.headers.remove(API_KEY);
        let mut request = Request::new(std::mem::replace(body, Incoming::Empty));
        *request.method_mut() = std::mem::take(&mut head.method);
        *request.uri_mut() = std::mem::take(&mut head.uri);
        *request.version_mut() = head.version;
        *request.headers_mut() = std::mem::take(&mut head.headers).into();
        request.extensions_mut().insert(RequestId::new(self.record.request_id().into()));
        if let Some(principal) = self.record.principal.clone() {
            request.extensions_mut().insert(principal);
        }
        if let Some(recording) = &self.record.recording {
            request.extensions_mut().insert(recording.context(&self.record.trace));
        }
        let flow = Arc::<Flow>::default();
        if !request.body().is_end_stream() {
            self.record.bytes_in = Some(Arc::clone(&flow));
        }
        let sent = Instant::now();
        self.record.sent = Some(sent);
        let passing = Passing { limit: route.body_limit, flow: &flow, tap: self.tap() };
        let answer = service.call(self.core, request, passing).await;
        self.record.upstream = Some(sent.elapsed());
        match answer {
            Ok((mut parts, body)) => {
                // What a service learnt of its caller, and why it refused, is told in the access line.
                if self.record.principal.is_none() {
                    self.record.principal = parts.extensions.remove();
                }
                self.record.problem = parts.extensions.get::<Problem>().map(|problem| problem.kind().slug);
                let mut headers = Headers::from(parts.headers);
                route.rewrite.change_response(&mut headers);
                Ok(Reply { status: parts.status, headers, body, patience: None })
            }
            Err(NoAnswer::Full) => Err(Box::new(Problem::unavailable("the service has all it can do"))),
            Err(NoAnswer::Body(error)) => Err(of_body(route, error)),
            Err(NoAnswer::Failed) => {
                Err(Box::new(Problem::new(&kinds::INTERNAL, "the service gave no answer")))
            }
        }
    }

    pub(super) async fn call_remote(
        &mut self,
        route: &Route,
        remote: &Arc<Remote>,
        asked: &mut Asked,
        captures: &Captures,
    ) -> Result<Reply, Box<Problem>> {
        let Asked { head, body, .. } = asked;
        let protocol = match head.version {
            // With a body, it is not certain where the request ends and the other protocol begins.
            Version::HTTP_11 if body.is_end_stream() => header_hygiene::upgrade(&head.headers).cloned(),
            _ => None,
        };
        let path = route.rewrite.path(head.uri.path(), captures, head.uri.query());
        let path = path.map_err(|fault| malformed(&fault))?.or_else(|| head.uri.path_and_query().cloned());
        let mut outgoing = Outgoing {
            method: &head.method,
            path: path.map(Uri::from).unwrap_or_default(),
            headers: &mut head.headers,
            host: route.rewrite.host(),
            upgrades: protocol.is_some(),
        };
        if remote.credential.as_ref().is_some_and(Credential::is_vouched) {
            // A service of this installation records what we do, neither more nor less.
            self.record.trace.sampled = Some(self.record.recording.is_some());
        }
        self.dress(route, outgoing.headers, protocol.as_ref());
        if let Some(credential) = &remote.credential {
            credential.show(self.record.principal.as_deref(), outgoing.headers).await?;
        }
        let body = self.body(route, std::mem::replace(body, Incoming::Empty));
        let sent = Instant::now();
        self.record.sent = Some(sent);
        if let Some(recording) = &mut self.record.recording {
            recording.calls(sent, outgoing.path.clone());
        }
        let answered = forward(self.core, remote, &mut outgoing, body, sent).await;
        self.record.upstream = Some(sent.elapsed());
        let Answered { status, version, mut headers, from, target } =
            answered.map_err(|failure| of_target(route, failure))?;
        self.record.target = Some(target);
        // Its connection goes with it: what follows on it is anybody's guess.
        header_hygiene::check_answer(version, &headers).map_err(|fault| {
            tracing::debug!(%fault, "an upstream's answer is refused");
            Box::new(Problem::new(&kinds::BAD_GATEWAY, "the upstream's answer is ambiguous"))
        })?;
        let body = match from {
            From::Body(body) => body,
            From::Upgrade(accepted) => {
                return Ok(Reply { status, headers, body: Source::Upgrade(accepted), patience: None });
            }
        };
        header_hygiene::strip_hop_by_hop(&mut headers);
        route.rewrite.change_response(&mut headers);
        Ok(Reply { status, headers, body, patience: Some(remote.timeouts.idle.duration()) })
    }

    /// What the target is told: none of the caller's credentials, all that we know of the caller.
    fn dress(&mut self, route: &Route, headers: &mut Headers, protocol: Option<&HeaderValue>) {
        header_hygiene::strip_hop_by_hop(headers);
        header_hygiene::write_plainly(headers);
        headers.remove(HOST);
        headers.remove(API_KEY);
        if route.gate.takes_authorization() {
            headers.remove(AUTHORIZATION);
        }
        if let Some(protocol) = protocol {
            headers.insert(UPGRADE, protocol.clone());
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        self.peer.write(&self.caller, headers);
        let span_id = self.record.recording.as_ref().map(|recording| recording.call_id);
        self.record.trace.child(span_id.unwrap_or_else(|| self.core.rng.bytes()), headers);
        headers.insert(X_REQUEST_ID, self.record.request_id.clone());
        route.rewrite.change_request(headers);
    }

    /// What gathers the request's body, where its route has that logged.
    fn tap(&self) -> Option<SharedTap> {
        self.record.bodies.as_ref().and_then(|bodies| bodies.request())
    }

    fn body(&mut self, route: &Route, body: Incoming) -> OutgoingBody {
        if body.is_end_stream() {
            return OutgoingBody::Empty;
        }
        let flow = Arc::<Flow>::default();
        self.record.bytes_in = Some(Arc::clone(&flow));
        let passing = Passing { limit: route.body_limit, flow: &flow, tap: self.tap() };
        let body = RequestBody::streaming(self.core, body, passing);
        OutgoingBody::Streaming { body: Box::new(body), flow }
    }
}

#[cold]
fn of_body(route: &Route, error: BodyError) -> Box<Problem> {
    match error {
        BodyError::TooLarge => too_large(route.body_limit),
        BodyError::Idle => Box::new(Problem::new(&kinds::REQUEST_TIMEOUT, "the body stopped coming")),
        BodyError::Caller | BodyError::Upstream => {
            Box::new(Problem::new(&kinds::MALFORMED, "the body broke off"))
        }
    }
}

#[cold]
fn of_target(route: &Route, failure: Failure) -> Box<Problem> {
    Box::new(match failure {
        Failure::Full => Problem::unavailable("the upstream has all it can do"),
        Failure::Unreachable => Problem::unavailable("no target of the upstream can be reached"),
        Failure::Broke => Problem::new(&kinds::BAD_GATEWAY, "the upstream broke off before it answered"),
        Failure::TimedOut => Problem::new(&kinds::GATEWAY_TIMEOUT, "the upstream did not answer in time"),
        Failure::Body(error) => return of_body(route, error),
    })
}
