//! A caller's connection of HTTP/1.1, from its first request to its last: one task reads, asks and answers.

mod encode;
mod head;
mod line;

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Method, StatusCode, header};
use http_body::Body as _;

use self::encode::{AnswerHead, Connection as Said, answer_head};
use self::head::Heard;
use self::line::{Line, Read, Way};
use crate::body::AnswerBody;
use crate::connections::{Connection, Open};
use crate::core::Core;
use crate::exchange::{Answer, Asked, exchange, refuse};
use crate::forward::Stream;
use crate::head::Head;
use crate::http1::{Length, Sending, Stopped, Told};
use crate::incoming::Incoming;
use crate::model::forwarded::Peer;
use crate::request_log::HeadText;
use crate::upgrade::{self, Accepted};

pub(crate) use self::line::Http1Body;

/// A connection being served.
struct Serving<'a> {
    core: &'a Arc<Core>,
    connection: &'a Arc<Connection>,
    peer: &'a Peer,
    line: Line,
    /// The request under way; its place is used again.
    asked: Asked,
    sending: Sending<AnswerBody>,
}

/// What follows an answer.
enum Next {
    /// Another request.
    Request,
    /// The end, once what still comes has been read if the caller has more to send.
    End { linger: bool },
    /// Another protocol.
    Protocol(Box<Accepted>),
}

/// Serves a connection to its end.
pub(super) async fn serve(core: &Arc<Core>, open: &Arc<Open>, stream: Stream, peer: Peer) -> io::Result<()> {
    let connection = open.connection();
    let line = Line::new(stream);
    let asked = Asked { head: Head::default(), text: HeadText::default(), body: Incoming::Empty };
    let mut serving = Serving { core, connection, peer: &peer, line, asked, sending: Sending::default() };
    let next = loop {
        let next = match poll_fn(|cx| serving.poll_head(cx)).await? {
            None => return Ok(()),
            Some(Ok(heard)) => serving.request(heard).await?,
            Some(Err(fault)) => {
                connection.begins();
                let answer = refuse(core, connection, &peer, fault.problem());
                let told = Told { closes: true, ..Told::default() };
                serving.answer(answer, &Method::GET, &told).await?;
                Next::End { linger: true }
            }
        };
        if !matches!(next, Next::Request) {
            break next;
        }
    };
    if let Next::Protocol(accepted) = next {
        // The request had no body: nobody else holds the line.
        let Some((stream, ahead)) = serving.line.into_parts() else { return Ok(()) };
        return upgrade::carry(core, open, stream, &ahead, *accepted).await;
    }
    serving.end(matches!(next, Next::End { linger: true })).await
}

impl Serving<'_> {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Read>>> {
        let deadlines = &self.core.deadlines;
        let came = || self.connection.came(deadlines, &self.core.patience());
        let read = self.line.poll_head(cx, &mut self.asked.head, came);
        if read.is_pending() && self.connection.is_to_rest() {
            self.line.rest();
            self.asked.head = Head::default();
            self.sending.rest();
        }
        read
    }

    /// Has a request answered.
    async fn request(&mut self, heard: Heard) -> io::Result<Next> {
        let Heard { told, text } = heard;
        self.connection.begins();
        let method = self.asked.head.method.clone();
        self.asked.text = HeadText::Plain(text);
        if told.has_body() {
            self.asked.body = self.line.body().map_or(Incoming::Empty, Incoming::Http1);
        }
        let answer = {
            let mut answer = pin!(exchange(self.core, self.connection, self.peer, &mut self.asked));
            poll_fn(|cx| match answer.as_mut().poll(cx) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                // Nobody waits for an answer: what is under way towards it is dropped.
                Poll::Pending => self.line.poll_left(cx).map(|()| None),
            })
            .await
        };
        self.asked.head.clear();
        self.asked.body = Incoming::Empty;
        match answer {
            Some(answer) => self.answer(answer, &method, &told).await,
            None => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    async fn answer(&mut self, answer: Answer, method: &Method, told: &Told) -> io::Result<Next> {
        let Answer { status, mut headers, mut body } = answer;
        let upgrade = body.take_upgrade();
        let exact = body.size_hint().exact();
        let is_head = *method == Method::HEAD;
        if is_head
            && let Some(length @ 1..) = exact
            && !headers.contains_key(header::CONTENT_LENGTH)
        {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        let length = match exact {
            _ if is_head || has_no_body(status) => None,
            Some(exact) => Some(Length::Bytes(exact)),
            None if told.is_old => Some(Length::UntilClose),
            None => Some(Length::Chunked),
        };
        let standing = self.line.stop_asking();
        let closes = !(standing.has_come_whole || standing.is_being_read)
            || standing.is_unasked
            || !told.may_stay()
            || length == Some(Length::UntilClose)
            || self.core.connections.is_draining()
            || headers.get(header::CONNECTION).is_some_and(|said| said == "close");
        let connection = match upgrade {
            Some(_) => Said::Changes,
            None if closes => Said::Closes,
            None if told.is_old => Said::KeptAlive,
            None => Said::Stays,
        };
        let date = self.core.date();
        let head = AnswerHead { status, headers: &headers, length, connection, date: &date };
        let body = match length {
            None => {
                body.skip();
                None
            }
            Some(_) => Some(body).filter(|_| exact != Some(0)),
        };
        self.sending.begin(body, length.unwrap_or(Length::Bytes(0)), !told.trailers, |text| {
            text.extend_from_slice(standing.unsaid);
            answer_head(text, &head);
        });
        drop(headers);
        poll_fn(|cx| self.poll_send(cx)).await?;
        if let Some(accepted) = upgrade {
            return Ok(Next::Protocol(accepted));
        }
        let whole = standing.has_come_whole || self.line.has_come_whole();
        Ok(match closes || !whole {
            true => Next::End { linger: !whole || self.line.has_more() },
            false => Next::Request,
        })
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut way = Way { line: &self.line, core: self.core, connection: self.connection };
        match self.sending.poll(&mut way, cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(Stopped::Io(error))) => Poll::Ready(Err(error)),
            // The caller must not take what it has for the whole: the connection ends in the middle.
            Poll::Ready(Err(Stopped::Body(error))) => Poll::Ready(Err(io::Error::other(error))),
            Poll::Ready(Err(Stopped::Short)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Pending => self.line.poll_left(cx).map(|()| Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }

    /// Closes the connection. To close while the caller still sends would make the kernel take back the answer too, if
    /// it has not been read: so what still comes is read and dropped for a moment (RFC 9112, 9.6).
    async fn end(self, linger: bool) -> io::Result<()> {
        poll_fn(|cx| self.line.poll_shutdown(cx)).await?;
        self.connection.lingers(&self.core.deadlines);
        while linger && poll_fn(|cx| self.line.poll_drop(cx)).await? > 0 {}
        Ok(())
    }
}

/// RFC 9110, 6.4.1.
fn has_no_body(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
