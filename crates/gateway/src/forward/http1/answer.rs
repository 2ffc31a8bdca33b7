//! The body of an answer, with the connection it comes on.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::super::pool::Home;
use super::Http1;
use crate::body::BodyError;
use crate::cluster::Pick;

/// Once the body has ended the connection goes back to its pool.
#[derive(Debug)]
pub(crate) struct Http1Answer {
    /// Gone once the body has ended or failed.
    connection: Option<Http1>,
    /// Counts as in flight until then.
    pick: Option<Pick>,
    home: Home,
    failed: bool,
}

impl Http1Answer {
    pub(in super::super) fn new(connection: Http1, pick: Pick, home: Home) -> Self {
        let mut answer = Self { connection: Some(connection), pick: Some(pick), home, failed: false };
        answer.give_back_at_end();
        answer
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(connection) = &mut self.connection else { return Poll::Ready(None) };
        let frame = ready!(connection.poll_frame(cx));
        if let Some(Err(_)) = &frame {
            self.failed = true;
            self.connection = None;
            self.pick = None;
        }
        self.give_back_at_end();
        Poll::Ready(frame)
    }

    pub(crate) const fn is_end_stream(&self) -> bool {
        self.connection.is_none() && !self.failed
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.connection.as_ref().map_or_else(|| SizeHint::with_exact(0), Http1::size_hint)
    }

    fn give_back_at_end(&mut self) {
        if let Some(connection) = self.connection.take_if(|connection| connection.has_ended()) {
            self.pick = None;
            if connection.may_stay() {
                self.home.put(connection);
            }
        }
    }
}
