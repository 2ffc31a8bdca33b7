//! On to a target: which one, on which connection, and what is tried again.

mod connect;
mod http1;
mod http2;
mod outgoing;
mod pool;
mod stream;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use http::{Response, StatusCode, Version};
use hyper::body::Incoming;
use tokio_rustls::TlsConnector;

use self::connect::Connection;
use self::http1::SendFailure;
use crate::body::{BodyError, Flow, RequestBody, Source};
use crate::cluster::{Cluster, NoTarget, Outcome, Pick};
use crate::config::{HttpVersion, Retry, Timeouts};
use crate::core::Core;
use crate::credential::Credential;
use crate::deadline::TimedOut;
use crate::headers::Headers;

pub(crate) use connect::offered;
pub(crate) use http1::{Http1, Http1Answer};
pub(crate) use http2::Http2Answer;
pub(crate) use outgoing::Outgoing;
use pool::Home;
pub(crate) use pool::Pool;
pub(crate) use stream::Stream;

/// Targets over HTTP, and how they are spoken to.
pub(crate) struct Remote {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) version: HttpVersion,
    pub(crate) tls: TlsConnector,
    /// Tells its connections from those to the same targets under other settings of TLS.
    pub(crate) variant: u64,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Retry,
    pub(crate) max_idle: u32,
    pub(crate) credential: Option<Credential>,
}

/// The body that goes on.
#[derive(Debug)]
pub(crate) enum OutgoingBody {
    /// None: the request may be sent again.
    Empty,
    /// The caller's, as it comes: once sent, it is gone.
    /// Boxed, because it is large, most requests have none, and it goes from hand to hand.
    Streaming { body: Box<RequestBody>, flow: Arc<Flow> },
}

/// A target's answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
    pub(crate) from: From,
    /// The target that gave it.
    pub(crate) target: Arc<str>,
}

/// What follows an answer's head.
#[derive(Debug)]
pub(crate) enum From {
    /// A body.
    Body(Source),
    /// Another protocol, on this connection.
    Upgrade(Box<(Http1, Pick)>),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Every target has as much as it may have.
    Full,
    /// No target is there, or none could be reached.
    Unreachable,
    /// The target broke off, or answered what is no HTTP.
    Broke,
    /// It took too long.
    TimedOut,
    /// The caller's body is to blame.
    Body(BodyError),
}

/// Sends a request on, again if it may be repeated and the budget allows.
pub(crate) async fn forward(
    core: &Core,
    remote: &Remote,
    request: &mut Outgoing<'_>,
    body: OutgoingBody,
    sent: Instant,
) -> Result<Answered, Failure> {
    let now = core.nanos(sent);
    remote.cluster.count_request(now);
    let left = remote.retry.attempts;
    let mut attempts = Attempts { core, remote, request, tried: 0, is_gone: false, left, now };
    match body {
        OutgoingBody::Empty => attempts.repeatable().await,
        OutgoingBody::Streaming { body, flow } => attempts.once(body, &flow).await,
    }
}

struct Attempts<'a, 'r> {
    core: &'a Core,
    remote: &'a Remote,
    request: &'a mut Outgoing<'r>,
    /// Targets tried already, a bit each.
    tried: u64,
    /// Whether the target tried last took no connection.
    is_gone: bool,
    left: u32,
    /// When the latest attempt began.
    now: u64,
}

impl Attempts<'_, '_> {
    /// A request without a body.
    async fn repeatable(&mut self) -> Result<Answered, Failure> {
        let repeatable = self.request.method.is_idempotent() && !self.request.upgrades;
        let mut pick = self.pick().await?;
        loop {
            let sent = self.attempt(pick, None, None).await;
            let failure = match sent {
                Ok(answered) if repeatable && is_bad_gateway(answered.status) && self.may_repeat() => {
                    match self.pick().await {
                        Ok(another) => pick = another,
                        // Nobody else has room: what was answered is better than nothing.
                        Err(_) => return Ok(answered),
                    }
                    continue;
                }
                Ok(answered) => return Ok(answered),
                Err((failure, _)) => failure,
            };
            let reached = failure != Failure::Unreachable;
            if (reached && !repeatable) || !self.may_repeat() {
                return Err(failure);
            }
            pick = self.pick().await.map_err(|_| failure)?;
        }
    }

    /// A request with a body, which goes out once: again only as long as no target has been reached.
    async fn once(&mut self, mut body: Box<RequestBody>, flow: &Flow) -> Result<Answered, Failure> {
        loop {
            let pick = self.pick().await?;
            match self.attempt(pick, Some(body), Some(flow)).await {
                Ok(answered) => return Ok(answered),
                Err((_, Some(unsent))) if self.may_repeat() => body = unsent,
                Err((failure, _)) => return Err(failure),
            }
        }
    }

    async fn pick(&mut self) -> Result<Pick, Failure> {
        let (core, cluster, now) = (self.core, &self.remote.cluster, self.now);
        let pick = match cluster.pick(core.random(), self.tried, now) {
            // All have been tried: the one that broke a connection may take a new one. Who took none will not now
            // either: sooner whom probes call dead.
            Err(NoTarget::AllTried) => {
                let dead = self.is_gone.then(|| cluster.pick_dead(core.random(), self.tried, now)).flatten();
                dead.map_or_else(
                    || {
                        self.tried = 0;
                        cluster.pick(core.random(), 0, now)
                    },
                    Ok,
                )
            }
            // The first moments of an upstream: its names are being looked up.
            Err(NoTarget::Unresolved) => {
                cluster.looked_up().await;
                cluster.pick(core.random(), self.tried, core.nanos_now())
            }
            pick => pick,
        };
        let pick = pick.map_err(|none| match none {
            NoTarget::Full => Failure::Full,
            NoTarget::AllTried | NoTarget::Unresolved => Failure::Unreachable,
        })?;
        self.tried |= 1 << pick.index();
        Ok(pick)
    }

    /// Whether there is one more attempt, and room for it in the budget.
    fn may_repeat(&mut self) -> bool {
        self.now = self.core.nanos_now();
        let may = self.left > 0 && self.remote.cluster.may_retry(self.now);
        self.left = self.left.saturating_sub(1);
        may
    }

    /// One attempt at one target. A body of which nothing was sent comes back with the failure.
    async fn attempt(
        &mut self,
        mut pick: Pick,
        mut body: Option<Box<RequestBody>>,
        flow: Option<&Flow>,
    ) -> Result<Answered, (Failure, Option<Box<RequestBody>>)> {
        loop {
            let connection = self.connection(&mut pick).await;
            self.is_gone = connection.is_err();
            let (connection, pooled) = match connection {
                Ok(found) => found,
                Err(_) => {
                    pick.report(Outcome::ConnectFailed, || self.core.nanos_now());
                    return Err((Failure::Unreachable, body));
                }
            };
            let sent = self.send(connection, body, flow, &pick).await;
            let failure = match sent {
                Ok(given) => return Ok(self.answered(given, pick)),
                // The target closed it while it was idle: not a word was said on it.
                Err(SendError::Failed(SendFailure::Unsent(unsent))) if pooled => {
                    body = Some(unsent);
                    continue;
                }
                Err(SendError::TimedOut) => Failure::TimedOut,
                // The caller's doing: nothing of it is held against the target.
                Err(SendError::Failed(SendFailure::Body(error))) => return Err((Failure::Body(error), None)),
                Err(SendError::Failed(SendFailure::Unsent(unsent))) => {
                    pick.report(Outcome::Broke, || self.core.nanos_now());
                    return Err((Failure::Broke, Some(unsent)));
                }
                Err(SendError::Failed(SendFailure::Broke(error))) => {
                    tracing::debug!(%error, target_url = pick.target().url(), "an upstream broke off");
                    Failure::Broke
                }
                Err(SendError::Failed(SendFailure::Closed)) => Failure::Broke,
            };
            let outcome = if failure == Failure::TimedOut { Outcome::TimedOut } else { Outcome::Broke };
            pick.report(outcome, || self.core.nanos_now());
            return Err((failure, None));
        }
    }

    /// A connection to the target, and whether it was one of the pool.
    async fn connection(&self, pick: &mut Pick) -> io::Result<(Connection, bool)> {
        let (pool, remote, key) = (&self.core.pool, self.remote, self.remote.pool_key(pick));
        if remote.version != HttpVersion::Http1
            && !self.request.upgrades
            && let Some(connection) = pool.http2(key)
        {
            return Ok((Connection::Http2(connection), true));
        }
        let pooled = poll_fn(|cx| Poll::Ready(pool.take_http1(key, remote.max_idle, cx))).await;
        if let Some(connection) = pooled {
            return Ok((Connection::Http1(connection), true));
        }
        let connection = self.connect(pick).await?;
        if let Connection::Http2(connection) = &connection {
            pool.put_http2(key, connection);
        }
        Ok((connection, false))
    }

    /// A new connection, to the first of the target's addresses that takes one.
    async fn connect(&self, pick: &mut Pick) -> io::Result<Connection> {
        // An upgrade is a thing of HTTP/1.1.
        let version = if self.request.upgrades { HttpVersion::Http1 } else { self.remote.version };
        let limit = self.remote.timeouts.connect.duration();
        let mut address = pick.address();
        loop {
            let tls = pick.target().server_name().cloned().map(|name| (name, &self.remote.tls));
            // Boxed, because it is large and seldom: most requests find a connection.
            let connecting = Box::pin(connect::connect(address, tls, version));
            let connection = self.core.deadlines.within(limit, connecting).await;
            let error = match connection {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => error,
                Err(TimedOut) => io::ErrorKind::TimedOut.into(),
            };
            tracing::debug!(%error, %address, "a target takes no connection");
            address = pick.another_address().ok_or(error)?;
        }
    }

    async fn send(
        &mut self,
        connection: Connection,
        body: Option<Box<RequestBody>>,
        flow: Option<&Flow>,
        pick: &Pick,
    ) -> Result<Given, SendError> {
        let limit = self.remote.timeouts.response.duration();
        let deadlines = &self.core.deadlines;
        let sending = async {
            match connection {
                Connection::Http1(mut connection) => {
                    let (status, headers) = connection.send(self.request.head(pick.target()), body).await?;
                    Ok(Given::Http1(status, headers, connection))
                }
                Connection::Http2(mut connection) => {
                    // The headers stay here for another attempt while there may be one.
                    let request = self.request.http2(pick.target(), body, self.left > 0);
                    let response = Box::pin(connection.send(request)).await?;
                    Ok(Given::Http2(Box::new(response)))
                }
            }
        };
        let sent = match flow {
            None => deadlines.within(limit, sending).await,
            Some(flow) => deadlines.while_moving(limit, flow, sending).await,
        };
        match sent {
            Ok(given) => given.map_err(SendError::Failed),
            Err(TimedOut) => Err(SendError::TimedOut),
        }
    }

    fn answered(&self, given: Given, pick: Pick) -> Answered {
        let target = pick.target().shared_url();
        let (status, version, headers, from) = match given {
            Given::Http1(status, headers, connection) => {
                pick.report(Outcome::Answered(status), || self.core.nanos_now());
                let from = match status {
                    StatusCode::SWITCHING_PROTOCOLS => From::Upgrade(Box::new((connection, pick))),
                    _ => {
                        let home =
                            Home { pool: Arc::clone(&self.core.pool), key: self.remote.pool_key(&pick) };
                        From::Body(Source::Http1(Http1Answer::new(connection, pick, home)))
                    }
                };
                (status, Version::HTTP_11, headers, from)
            }
            Given::Http2(response) => {
                let (parts, incoming) = response.into_parts();
                pick.report(Outcome::Answered(parts.status), || self.core.nanos_now());
                let from = From::Body(Source::Http2(Box::new(Http2Answer::new(incoming, pick))));
                (parts.status, parts.version, parts.headers.into(), from)
            }
        };
        Answered { status, version, headers, from, target }
    }
}

/// The head of an answer, and where the rest of it comes from.
enum Given {
    Http1(StatusCode, Headers, Http1),
    Http2(Box<Response<Incoming>>),
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

impl Remote {
    /// Under which a core keeps connections to the target.
    fn pool_key(&self, pick: &Pick) -> u64 {
        u64::from(pick.target().id()) | self.variant
    }
}

enum SendError {
    Failed(SendFailure),
    TimedOut,
}

/// Answers that say that the one asked could not reach another: the next target may.
fn is_bad_gateway(status: StatusCode) -> bool {
    matches!(status.as_u16(), 502..=504)
}
