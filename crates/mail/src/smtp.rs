//! Letters to a mail server (RFC 5321), over connections that are kept for the next letter.
//!
//! The connections are ours, and not those of a pool that hides them: one whose dialogue was broken off is never used
//! again, and whether a letter may have been taken before that is known.

mod server;

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use comporta_kernel::Secret;
use lettre::address::Envelope;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::server::Server;
pub use self::server::ServerError;
use crate::Error;

/// Servers look into a letter while their client waits.
const USUAL: Patience = Patience { answer: Duration::from_secs(30), letter: Duration::from_secs(120) };
/// Longest time between two letters on one connection; servers close them after some minutes.
const KEEP: Duration = Duration::from_secs(30);

/// How long a server may take for an answer, and to take a letter.
#[derive(Clone, Copy, Debug)]
struct Patience {
    answer: Duration,
    letter: Duration,
}

/// A mail server, and connections to it.
pub(crate) struct Smtp {
    server: Server,
    hello: ClientId,
    patience: Patience,
    room: Semaphore,
    kept: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

impl Smtp {
    pub(crate) fn new(url: &Secret, own_name: &str, connections: usize) -> Result<Self, ServerError> {
        Ok(Self {
            server: Server::parse(url.expose())?,
            hello: ClientId::Domain(own_name.to_owned()),
            patience: USUAL,
            room: Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS)),
            kept: Mutex::default(),
        })
    }

    pub(crate) async fn send(&self, envelope: &Envelope, letter: &[u8]) -> Result<(), Error> {
        // Never closed: there is always a place at last.
        let _place = self.room.acquire().await;
        let mut connection = match self.take_kept() {
            Some(mut kept) => match announce(&mut kept, self.patience, envelope).await {
                Ok(()) => return self.deliver(kept, letter).await,
                // The server had done with the connection. Nothing was sent, so it is tried on another.
                Err(failure) if is_over(&failure) => self.connect().await?,
                Err(failure) => return Err(failure),
            },
            None => self.connect().await?,
        };
        announce(&mut connection, self.patience, envelope).await?;
        self.deliver(connection, letter).await
    }

    /// Sends the letter itself: from here on a silence leaves open whether it was taken.
    async fn deliver(&self, mut connection: AsyncSmtpConnection, letter: &[u8]) -> Result<(), Error> {
        match timeout(self.patience.letter, connection.message(letter)).await {
            Ok(Ok(_)) => {
                self.keep(connection);
                Ok(())
            }
            Ok(Err(error)) if error.status().is_some() => Err(refusal(error)),
            Ok(Err(error)) => Err(Error::Unknown(Some(error))),
            Err(_) => Err(Error::Unknown(None)),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let patience = self.patience.answer;
        let connected = timeout(patience, self.server.connect(&self.hello, patience)).await;
        // Whatever the server answers here is about us, not about the letter: it may be put right.
        connected.map_err(|_| Error::Silent(patience))?.map_err(Error::Unreachable)
    }

    fn take_kept(&self) -> Option<AsyncSmtpConnection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(since, _)| since.elapsed() < KEEP);
        kept.pop().map(|(_, connection)| connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), connection));
    }
}

/// From whom to whom, up to where the server waits for the letter.
async fn announce(
    connection: &mut AsyncSmtpConnection,
    patience: Patience,
    envelope: &Envelope,
) -> Result<(), Error> {
    let mut parameters = Vec::new();
    // An address that is not ASCII (RFC 6531): a server that cannot take it says so.
    let addresses = envelope.from().into_iter().chain(envelope.to());
    let plain = addresses.map(AsRef::<str>::as_ref).all(str::is_ascii);
    if !plain && connection.server_info().supports_feature(Extension::SmtpUtfEight) {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    command(connection, patience, Mail::new(envelope.from().cloned(), parameters)).await?;
    for to in envelope.to() {
        command(connection, patience, Rcpt::new(to.clone(), Vec::new())).await?;
    }
    command(connection, patience, Data).await
}

async fn command(
    connection: &mut AsyncSmtpConnection,
    Patience { answer, .. }: Patience,
    command: impl Display,
) -> Result<(), Error> {
    match timeout(answer, connection.command(command)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(refusal(error)),
        Err(_) => Err(Error::Silent(answer)),
    }
}

fn refusal(error: lettre::transport::smtp::Error) -> Error {
    match error.status().map(u16::from) {
        // 421 says that the server closes; 530, 534, 535 and 538 ask who we are (RFC 4954): not the letter's fault.
        None | Some(421 | 530 | 534 | 535 | 538) => Error::Unreachable(error),
        Some(_) if error.is_permanent() => Error::Refused(error),
        Some(_) => Error::Deferred(error),
    }
}

const fn is_over(failure: &Error) -> bool {
    matches!(failure, Error::Unreachable(_) | Error::Silent(_))
}

#[cfg(test)]
mod tests;
