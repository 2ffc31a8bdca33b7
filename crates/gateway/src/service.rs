//! A service of this process, called without a socket between: on its own runtime, never on a core of the data plane.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::body::{BodyError, Passing, RequestBody, Source};
use crate::core::Core;
use crate::incoming::Incoming;
use crate::ports::{Service, ServiceBody};

/// Bodies up to this are handed over whole: one wake-up of the other runtime in place of one per piece.
const WHOLE: u64 = 64 * 1024;
/// Pieces of a longer body under way to a service: each may be as much as was read at once.
const PIECES_IN: usize = 2;
/// Pieces of its answer under way back, as it cut them.
const PIECES_OUT: usize = 8;

/// A service and the runtime it lives on. Clones share one.
#[derive(Clone)]
pub(crate) struct Called {
    service: Arc<dyn Service>,
    runtime: Handle,
    in_flight: Arc<AtomicUsize>,
    most: usize,
}

/// Why a service gave no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// As much as it may do is under way.
    Full,
    /// The caller's body is to blame.
    Body(BodyError),
    /// Its task ended without one.
    Failed,
}

impl Called {
    pub(crate) fn new(service: Arc<dyn Service>, runtime: Handle, most: usize) -> Self {
        Self { service, runtime, in_flight: Arc::new(AtomicUsize::new(0)), most }
    }

    /// Calls it with the caller's body.
    ///
    /// A caller who leaves does not end what began: the call is a task of the services' runtime.
    pub(crate) async fn call(
        &self,
        core: &Arc<Core>,
        request: Request<Incoming>,
        passing: Passing<'_>,
    ) -> Result<(http::response::Parts, Source), NoAnswer> {
        let place = self.place()?;
        let (parts, body) = request.into_parts();
        let (body, rest) = hand_over(core, body, passing).await.map_err(NoAnswer::Body)?;
        let (tell, told) = oneshot::channel();
        let service = Arc::clone(&self.service);
        self.runtime.spawn(async move {
            let response = service.call(Request::from_parts(parts, body)).await;
            answer(response, tell).await;
            drop(place);
        });
        match rest {
            None => told.await.map_err(|_| NoAnswer::Failed),
            // Handed on from here, where the caller's connection is read, until the service has answered.
            Some(rest) => {
                let mut told = told;
                tokio::select! {
                    biased;
                    told = &mut told => told.map_err(|_| NoAnswer::Failed),
                    handed = rest.hand_on() => match handed {
                        Ok(()) => told.await.map_err(|_| NoAnswer::Failed),
                        Err(error) => Err(NoAnswer::Body(error)),
                    },
                }
            }
        }
    }

    fn place(&self) -> Result<Place, NoAnswer> {
        let place = Place(Arc::clone(&self.in_flight));
        // Counted first: two who come at once must not both take the last place.
        if self.in_flight.fetch_add(1, Ordering::Relaxed) < self.most {
            Ok(place)
        } else {
            Err(NoAnswer::Full)
        }
    }
}

/// One of the calls under way.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The rest of a long body, still to be handed on.
struct Rest {
    body: RequestBody,
    pieces: mpsc::Sender<Result<Frame<Bytes>, BodyError>>,
}

/// A short body whole, a long one as a channel and what fills it.
async fn hand_over(
    core: &Arc<Core>,
    body: Incoming,
    passing: Passing<'_>,
) -> Result<(RequestBody, Option<Rest>), BodyError> {
    if body.is_end_stream() {
        return Ok((RequestBody::whole(Bytes::new()), None));
    }
    let exact = body.size_hint().exact();
    let body = RequestBody::streaming(core, body, passing);
    if exact.is_some_and(|length| length <= WHOLE) {
        return Ok((RequestBody::whole(body.collect().await?.to_bytes()), None));
    }
    let (pieces, received) = mpsc::channel(PIECES_IN);
    Ok((RequestBody::channel(received, exact), Some(Rest { body, pieces })))
}

impl Rest {
    async fn hand_on(self) -> Result<(), BodyError> {
        let Self { mut body, pieces } = self;
        while let Some(frame) = body.frame().await {
            let failed = frame.as_ref().err().copied();
            // A service that wants no more of it has an answer ready, or failed.
            if pieces.send(frame).await.is_err() {
                return Ok(());
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Tells the answer to the data plane: a short body whole, a long one piece by piece.
async fn answer(response: Response<ServiceBody>, tell: oneshot::Sender<(http::response::Parts, Source)>) {
    let (parts, mut body) = response.into_parts();
    if body.size_hint().upper().is_some_and(|length| length <= WHOLE) {
        let whole = body.collect().await;
        let source = match whole {
            Ok(whole) => Source::Whole(whole.to_bytes()),
            Err(error) => {
                tracing::error!(%error, "a service's answer broke off");
                return;
            }
        };
        // The caller may have left; what was done stays done.
        let _ = tell.send((parts, source));
        return;
    }
    let (pieces, received) = mpsc::channel(PIECES_OUT);
    if tell.send((parts, Source::Service(received))).is_err() {
        return;
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            tracing::warn!(%error, "a service's answer broke off");
            BodyError::Upstream
        });
        let broken = frame.is_err();
        if pieces.send(frame).await.is_err() || broken {
            return;
        }
    }
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Called").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}
