//! Letters to a mail server (RFC 5321), over connections that are kept for the next letter.
//!
//! The connections are ours, and not those of a pool that hides them: one whose dialogue was broken off is never used
//! again, and whether a letter may have been taken before that is known.

mod connection;
mod pace;
mod server;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use comporta_kernel::{Rate, Secret};
use lettre::address::Envelope;
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Semaphore;

use self::connection::{Connection, Patience};
use self::pace::Pace;
use self::server::Server;
pub use self::server::ServerError;
use crate::Error;

/// Servers look into a letter while their client waits.
const USUAL: Patience = Patience { answer: Duration::from_secs(30), letter: Duration::from_secs(120) };
/// Longest time between two letters on one connection; servers close them after some minutes.
const KEEP: Duration = Duration::from_secs(30);

/// A mail server, and connections to it.
pub(crate) struct Smtp {
    server: Server,
    hello: ClientId,
    patience: Patience,
    pace: Option<Pace>,
    room: Semaphore,
    kept: Mutex<Vec<(Instant, Connection)>>,
}

impl Smtp {
    pub(crate) fn new(
        url: &Secret,
        own_name: &str,
        connections: usize,
        rate: Option<Rate>,
    ) -> Result<Self, ServerError> {
        Ok(Self {
            server: Server::parse(url.expose())?,
            hello: ClientId::Domain(own_name.to_owned()),
            patience: USUAL,
            pace: rate.map(Pace::new),
            room: Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS)),
            kept: Mutex::default(),
        })
    }

    pub(crate) async fn send(&self, envelope: &Envelope, letter: &str) -> Result<(), Error> {
        // Never closed: there is always a place at last.
        let _place = self.room.acquire().await;
        // After the place: those who wait for one have no turn to lose.
        if let Some(pace) = &self.pace {
            pace.turn().await;
        }
        let mut connection = self.announced(envelope).await?;
        let outcome = connection.deliver(letter).await;
        self.keep(connection).await;
        outcome
    }

    /// A connection on which the server waits for the letter.
    async fn announced(&self, envelope: &Envelope) -> Result<Connection, Error> {
        if let Some(mut kept) = self.take_kept() {
            match kept.announce(envelope).await {
                Ok(()) => return Ok(kept),
                // The server had done with the connection. Nothing was sent, so it is tried on another.
                Err(failure) if failure.is_of_the_server() => {}
                Err(failure) => {
                    self.keep(kept).await;
                    return Err(failure);
                }
            }
        }
        let mut connection = Connection::open(&self.server, &self.hello, self.patience).await?;
        match connection.announce(envelope).await {
            Ok(()) => Ok(connection),
            Err(failure) => {
                self.keep(connection).await;
                Err(failure)
            }
        }
    }

    fn take_kept(&self) -> Option<Connection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(since, _)| since.elapsed() < KEEP);
        kept.pop().map(|(_, connection)| connection)
    }

    async fn keep(&self, mut connection: Connection) {
        if connection.settle().await {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push((Instant::now(), connection));
        }
    }
}

#[cfg(test)]
mod tests;
