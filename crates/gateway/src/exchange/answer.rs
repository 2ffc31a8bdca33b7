//! The answer on its way back: what every answer carries, whoever gave it.

use std::time::Duration;

use bytes::Bytes;
use comporta_http::{PROBLEM_JSON, Problem, X_REQUEST_ID};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::Call;
use crate::body::{AnswerBody, Source};
use crate::headers::Headers;
use crate::limit;
use crate::model::redaction;
use crate::request_log;
use crate::who::Gate;

/// An answer as its caller is to have it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Headers,
    pub(crate) body: AnswerBody,
}

impl Answer {
    pub(crate) fn into_response(self) -> Response<AnswerBody> {
        let mut response = Response::new(self.body);
        (*response.status_mut(), *response.headers_mut()) = (self.status, self.headers.into());
        response
    }
}

/// An answer before it carries what every answer does.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Headers,
    pub(super) body: Source,
    /// How long the body may pause.
    pub(super) patience: Option<Duration>,
}

impl Reply {
    pub(super) fn empty(status: StatusCode, headers: Headers) -> Self {
        Self { status, headers, body: Source::Whole(Bytes::new()), patience: None }
    }

    pub(super) fn redirect(status: StatusCode, location: HeaderValue) -> Self {
        Self::empty(status, Headers::from_iter([(header::LOCATION, location)]))
    }
}

impl Call<'_> {
    /// A refusal, with its body.
    #[cold]
    pub(super) fn refused(&mut self, problem: &Problem) -> Reply {
        let mut told = HeaderMap::new();
        problem.tell(&mut told);
        let mut headers = Headers::from(told);
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        let body = problem.body(self.record.uri.path(), self.record.request_id());
        self.record.problem = Some(problem.kind().slug);
        Reply { status: problem.kind().status, headers, body: Source::Whole(body.into()), patience: None }
    }

    /// A 401 says what is taken.
    pub(super) fn unauthenticated(&mut self, gate: &Gate, problem: Box<Problem>) -> Box<Problem> {
        if problem.kind().status == StatusCode::UNAUTHORIZED {
            for challenge in gate.challenges() {
                self.told.append(header::WWW_AUTHENTICATE, challenge);
            }
        }
        problem
    }

    /// What every answer carries is added here, and the record goes with the body to its end.
    pub(super) fn reply(mut self, reply: Reply) -> Answer {
        if reply.status.is_server_error() {
            self.give_back();
        }
        let Self { mut record, told, limits, page, .. } = self;
        let Reply { status, mut headers, body, patience } = reply;
        record.status = status.as_u16();
        // What is told here stands in place of what the answer says, all its lines together.
        headers.replace(told);
        limit::write(&limits.told(record.route.as_deref()), &mut headers);
        if let Some((route, origin)) = &page
            && let Some(cors) = &route.cors
        {
            cors.answer(origin, &mut headers);
        }
        headers.insert(X_REQUEST_ID, record.request_id.clone());
        if record.is_logged() {
            record.answer_head = Some(request_log::kept(&headers, &redaction::OF_ANSWERS));
        }
        if let Some(bodies) = &mut record.bodies
            && (record.sampled || record.status >= 400)
        {
            bodies.answers(&headers);
        }
        Answer { status, headers, body: AnswerBody::new(body, record, patience) }
    }
}
