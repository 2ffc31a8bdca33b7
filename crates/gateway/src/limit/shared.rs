//! The counts that all gateways share, in Redis or Valkey: asked over one connection, and never waited for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comporta_kernel::Secret;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, Script};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Rule, Subject};
use crate::model::gcra::Verdict;

/// How long a request waits for the server, which answers a healthy one in well under a millisecond.
const PATIENCE: Duration = Duration::from_millis(50);
/// Failures in a row after which nobody asks any more until the server has been seen again.
const FAILURES: u32 = 3;
/// Between two tries to reach the server, and how long one may take.
const PAUSE: Duration = Duration::from_secs(1);
/// Questions under way; more would only wait for each other.
const IN_FLIGHT: usize = 1024;
/// The key with which a new connection is tried, for it must be able to write.
const PROBE: &str = "comporta:limit:probe";

/// Limits kept in Redis or Valkey for all gateways.
#[derive(Debug)]
pub(crate) struct Shared {
    server: Arc<Server>,
    keeper: AbortHandle,
}

/// The server cannot be asked now: the limits of this process must do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Away;

/// The URL names no server. It may hold a password, so it is not told.
#[derive(Debug, thiserror::Error)]
#[error("expected redis:// or rediss://, a host, and perhaps user, password, port and database")]
pub(crate) struct BadUrl;

struct Server {
    client: Client,
    script: Script,
    /// None while it is away.
    link: ArcSwapOption<Link>,
    places: Semaphore,
}

/// A connection, until it fails too often in a row.
struct Link {
    connection: MultiplexedConnection,
    failures: AtomicU32,
    /// Tells the keeper why to give it up.
    broken: mpsc::Sender<String>,
}

impl Shared {
    /// Whether the URL names a server.
    ///
    /// # Errors
    /// When it is none of a Redis server.
    pub(crate) fn check(url: &Secret) -> Result<(), BadUrl> {
        client(url).map(|_| ())
    }

    /// Begins to reach the server, from the runtime of `handle`; until it is there, it is away.
    ///
    /// # Errors
    /// When the URL is none of a Redis server.
    pub(crate) fn connect(url: &Secret, handle: &Handle) -> Result<Self, BadUrl> {
        let server = Arc::new(Server {
            client: client(url)?,
            script: Script::new(include_str!("shared/take.lua")),
            link: ArcSwapOption::empty(),
            places: Semaphore::new(IN_FLIGHT),
        });
        let keeper = handle.spawn(Arc::clone(&server).keep()).abort_handle();
        Ok(Self { server, keeper })
    }

    /// Decides on a request, in 50 ms at most.
    pub(crate) async fn take(&self, rule: &Rule, subject: Subject<'_>) -> Result<Verdict, Away> {
        let link = self.server.link.load_full().filter(|link| !link.is_broken()).ok_or(Away)?;
        let _place = self.server.places.try_acquire().map_err(|_| Away)?;
        let key = key(rule, subject);
        let asked = self.server.ask(&link.connection, &key, rule.gcra.interval(), rule.gcra.capacity());
        match timeout(PATIENCE, asked).await {
            Ok(Ok((allowed, owed))) => {
                link.failures.store(0, Ordering::Relaxed);
                Ok(rule.gcra.verdict(allowed, owed))
            }
            Ok(Err(error)) => Err(link.failed(error.to_string(), error.is_unrecoverable_error())),
            Err(_) => Err(link.failed(format!("no answer within {} ms", PATIENCE.as_millis()), false)),
        }
    }

    #[cfg(test)]
    fn is_away(&self) -> bool {
        self.server.link.load().is_none()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Server {
    /// Keeps a link to the server, and tells of each outage once at its beginning and once at its end.
    async fn keep(self: Arc<Self>) {
        let mut pace = interval(PAUSE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut outage = false;
        loop {
            pace.tick().await;
            let reason = match self.reach().await {
                Ok((link, mut broken)) => {
                    self.link.store(Some(link));
                    metrics::gauge!("comporta_gateway_limits_shared").set(1.0);
                    if std::mem::take(&mut outage) {
                        tracing::info!("limits are shared again: Redis is back");
                    }
                    let reason = broken.recv().await.unwrap_or_default();
                    self.link.store(None);
                    reason
                }
                Err(reason) => reason,
            };
            metrics::gauge!("comporta_gateway_limits_shared").set(0.0);
            if !std::mem::replace(&mut outage, true) {
                tracing::warn!(reason, "Redis is away: each gateway limits by itself");
            }
        }
    }

    /// Connects, and asks once to see that questions are answered, in time.
    async fn reach(&self) -> Result<(Arc<Link>, mpsc::Receiver<String>), String> {
        let settings =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PAUSE)).set_response_timeout(None);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&settings);
        let connection = connecting.await.map_err(|error| error.to_string())?;
        // The first question may have to bring the script along.
        let probed = timeout(PAUSE, self.ask(&connection, PROBE, 1, 1)).await;
        probed.map_err(|_| "no answer")?.map_err(|error: RedisError| error.to_string())?;
        let (broken, told) = mpsc::channel(1);
        Ok((Arc::new(Link { connection, failures: AtomicU32::new(0), broken }), told))
    }

    async fn ask(
        &self,
        connection: &MultiplexedConnection,
        key: &str,
        interval: u64,
        capacity: u64,
    ) -> RedisResult<(bool, u64)> {
        let mut connection = connection.clone();
        self.script.key(key).arg(interval).arg(capacity).invoke_async(&mut connection).await
    }
}

impl Link {
    fn is_broken(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES
    }

    fn failed(&self, reason: String, for_good: bool) -> Away {
        self.failures.fetch_add(if for_good { FAILURES } else { 1 }, Ordering::Relaxed);
        if self.is_broken() {
            // Full or closed: the keeper knows already.
            let _ = self.broken.try_send(reason);
        }
        Away
    }
}

fn client(url: &Secret) -> Result<Client, BadUrl> {
    Client::open(url.expose()).map_err(|_| BadUrl)
}

/// The subject's name in Redis: the same for every gateway, and telling nothing of the subject.
fn key(rule: &Rule, subject: Subject<'_>) -> String {
    let mut hasher = Sha256::new_with_prefix(rule.id.to_be_bytes());
    subject.identify(|bytes| hasher.update(bytes));
    ["comporta:limit:", &URL_SAFE_NO_PAD.encode(&hasher.finalize()[..16])].concat()
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
