//! Sends letters by the transport that the settings name.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use comporta_kernel::{Clock, Rate, Secret};
use lettre::message::Mailbox;

use crate::message::{Written, mailbox};
use crate::outbox::Outbox;
use crate::smtp::Smtp;
use crate::{Error, Message};

/// How letters leave.
#[derive(Clone, Debug)]
pub enum Transport {
    /// To a mail server.
    Smtp {
        /// `smtps://user:password@host`, or `smtp://` for one that turns to TLS itself.
        url: Secret,
        /// Connections at once; more letters wait.
        connections: usize,
        /// Letters a second, an hour; more wait. None is as fast as the server takes them.
        rate: Option<Rate>,
    },
    /// Into files of a folder, one for each letter: for trying things out.
    File {
        /// The folder; made when there is none.
        folder: PathBuf,
    },
}

/// Sends letters. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    from: Mailbox,
    clock: Clock,
    way: Way,
}

enum Way {
    Smtp(Box<Smtp>),
    File(Outbox),
}

impl Mailer {
    /// A mailer whose letters come from `from`, such as `Comporta <contas@comporta.example>`. Asks nobody yet.
    ///
    /// # Errors
    /// [`Error::Address`] or [`Error::Server`]: what the settings say cannot be.
    pub fn new(transport: Transport, from: &str, clock: Clock) -> Result<Self, Error> {
        let from = mailbox(from, "sender's address")?;
        let way = match transport {
            Transport::Smtp { url, connections, rate } => {
                Way::Smtp(Box::new(Smtp::new(&url, from.email.domain(), connections, rate)?))
            }
            Transport::File { folder } => Way::File(Outbox::new(folder)),
        };
        // At none: a rate does not see the first of a counter that begins with it.
        for outcome in ["sent", "failed", "refused", "unknown"] {
            mails(&way, outcome).increment(0);
        }
        Ok(Self(Arc::new(Inner { from, clock, way })))
    }

    /// Sends a letter, within two minutes or so, and a wait for one of the connections. Once it says so, the server
    /// has it, or it is in its file.
    ///
    /// # Errors
    /// [`Error`], which says whether another attempt makes sense.
    pub async fn send(&self, message: &Message) -> Result<(), Error> {
        let Inner { from, clock, way } = &*self.0;
        let begun = Instant::now();
        let sent = match message.written(from, clock.now()) {
            Ok(written) => way.send(written).await,
            Err(error) => Err(error),
        };
        let outcome = sent.as_ref().map_or_else(Error::outcome, |()| "sent");
        mails(way, outcome).increment(1);
        metrics::histogram!("comporta_mail_seconds", "transport" => way.name()).record(begun.elapsed());
        sent
    }

    /// Whether a letter that is sent again takes the place of the first, so that nobody gets two.
    #[must_use]
    pub fn replaces(&self) -> bool {
        matches!(self.0.way, Way::File(_))
    }
}

fn mails(way: &Way, outcome: &'static str) -> metrics::Counter {
    metrics::counter!("comporta_mails_total", "transport" => way.name(), "outcome" => outcome)
}

impl Way {
    async fn send(&self, written: Written) -> Result<(), Error> {
        match self {
            Self::Smtp(smtp) => smtp.send(&written.envelope, &written.text).await,
            Self::File(outbox) => outbox.put(written).await,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Smtp(_) => "smtp",
            Self::File(_) => "file",
        }
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("transport", &self.0.way.name()).finish_non_exhaustive()
    }
}
