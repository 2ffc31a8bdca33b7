//! A listener that serves a router over HTTP/1.1 with bounded connections and patience, and stops gently.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use comporta_gateway::Drain;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The pause after `accept` fails, for instance because no descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const AT_ONCE: Drain = Drain { last_call: Duration::ZERO, grace: Duration::ZERO };

/// What bounds a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait in the listener's queue.
    pub connections: usize,
    /// How long the head of a request may take to arrive, idle time between requests included.
    pub header_timeout: Duration,
}

/// Tells listeners to stop, and how patiently; none yet at first. Dropped, it stops them at once.
pub type Stop = watch::Sender<Option<Drain>>;

/// Where a listener is told to.
pub type Stopped = watch::Receiver<Option<Drain>>;

/// Serves until told to stop, then lets the requests in flight end.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, mut stop: Stopped) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout);
    let router = router.layer(map_response_with_state(stop.clone(), last_answer));
    let service = TowerToHyperService::new(router);
    let room = Arc::new(Semaphore::new(limits.connections));
    let (connections, close_idle) = (TaskTracker::new(), CancellationToken::new());
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            // Who would tell may be gone: that is the end, too.
            _ = stop.wait_for(Option::is_some) => break,
            accepted = accepted => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are written whole: waiting to fill a packet only adds delay.
        let _ = stream.set_nodelay(true);
        let connection = http.serve_connection(TokioIo::new(stream), service.clone());
        let closing = close_idle.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            // A client that breaks off, or is too slow, is its own affair.
            tokio::select! {
                // What has come is looked at before anything is closed.
                biased;
                _ = connection.as_mut() => {}
                () = closing.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    let Drain { last_call, grace } = (*stop.borrow()).unwrap_or(AT_ONCE);
    if timeout(last_call.min(grace), connections.wait()).await.is_err() {
        close_idle.cancel();
        if timeout(grace.saturating_sub(last_call), connections.wait()).await.is_err() {
            tracing::warn!("requests still in flight were cut off");
        }
    }
}

/// Once told to stop, each answer is its connection's last.
async fn last_answer(State(stop): State<Stopped>, mut response: Response) -> Response {
    if stop.borrow().is_some() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    const LAST_CALL: Duration = Duration::from_millis(500);
    const DRAIN: Drain = Drain { last_call: LAST_CALL, grace: Duration::from_secs(10) };
    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";

    async fn answer(stream: &mut TcpStream) -> String {
        stream.write_all(GET).await.unwrap();
        let mut bytes = [0; 1024];
        let length = stream.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[tokio::test]
    async fn a_connection_between_two_requests_brings_one_more_and_one_that_brings_none_is_closed_soon() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "well"));
        let limits = Limits { connections: 10, header_timeout: DRAIN.grace };
        let (stop, stopped) = watch::channel(None);
        let served = tokio::spawn(serve(listener, router, limits, stopped));
        let [mut busy, mut idle, mut silent] = [
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        ];
        for stream in [&mut busy, &mut idle] {
            assert!(!answer(stream).await.contains("connection: close"));
        }
        stop.send(Some(DRAIN)).unwrap();
        let begun = Instant::now();
        tokio::time::sleep(LAST_CALL / 2).await;
        let last = answer(&mut busy).await;
        assert!(last.ends_with("well") && last.contains("connection: close"), "{last}");
        for stream in [&mut busy, &mut idle, &mut silent] {
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        }
        served.await.unwrap();
        assert!((LAST_CALL..2 * LAST_CALL).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        assert!(TcpStream::connect(address).await.is_err());
    }
}
