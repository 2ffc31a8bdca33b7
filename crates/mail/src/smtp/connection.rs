//! A dialogue with a mail server: announced in one go where the server allows it, the letter in one write.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::timeout;

use super::server::Server;
use crate::Error;

type Failure = lettre::transport::smtp::Error;

/// How long a server may take for an answer, and to take a letter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) answer: Duration,
    pub(super) letter: Duration,
}

/// An open connection to a server.
pub(super) struct Connection {
    inner: AsyncSmtpConnection,
    patience: Patience,
    /// Whether the server takes commands before it has answered those before (RFC 2920).
    pipelines: bool,
    state: State,
}

/// What the server expects.
enum State {
    /// The beginning of a letter.
    Idle,
    /// More of an announcement that has failed.
    Begun,
    /// It is not known, or nothing.
    Over,
}

impl Connection {
    pub(super) async fn open(server: &Server, hello: &ClientId, patience: Patience) -> Result<Self, Error> {
        let opening = timeout(patience.answer, async {
            let mut inner = server.connect(hello, patience.answer).await?;
            // lettre has asked what the server offers, but does not tell of this.
            let pipelines = match inner.command(Ehlo::new(hello.clone())).await {
                Ok(offers) => offers.message().any(|offer| offer.eq_ignore_ascii_case("PIPELINING")),
                Err(failure) if failure.status().is_some() => false,
                Err(failure) => return Err(failure),
            };
            Ok(Self { inner, patience, pipelines, state: State::Idle })
        });
        // Whatever the server answers here is about us, not about the letter: it may be put right.
        opening.await.map_err(|_| Error::Silent(patience.answer))?.map_err(Error::Unreachable)
    }

    /// From whom to whom, up to where the server waits for the letter.
    pub(super) async fn announce(&mut self, envelope: &Envelope) -> Result<(), Error> {
        self.state = State::Over;
        let commands = self.commands(envelope);
        let mut outcome = Ok(());
        for number in 0..commands.len() {
            let answer = match (self.pipelines, number) {
                (false, _) => self.ask(&commands[number]).await,
                (true, 0) => self.ask(commands.concat()).await,
                (true, _) => self.hear().await,
            };
            let is_last = number + 1 == commands.len();
            match answer {
                // It waits for a letter to nobody. The connection ends instead: that sends none.
                Ok(()) if is_last && outcome.is_err() => return outcome,
                Ok(()) => {}
                Err(failure) => {
                    let ends = failure.is_of_the_server();
                    // The first failure says what is wrong; later ones follow from it.
                    outcome = outcome.and(Err(failure));
                    if ends {
                        return outcome;
                    }
                    if !self.pipelines {
                        break;
                    }
                }
            }
        }
        self.state = State::Begun;
        outcome
    }

    /// Sends the letter that was announced: from here on a silence leaves open whether it was taken.
    pub(super) async fn deliver(&mut self, letter: &str) -> Result<(), Error> {
        self.state = State::Over;
        let outcome = match timeout(self.patience.letter, self.inner.command(content(letter))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(failure)) if failure.status().is_some() => Err(refusal(failure)),
            Ok(Err(failure)) => return Err(Error::Unknown(Some(failure))),
            Err(_) => return Err(Error::Unknown(None)),
        };
        if !outcome.as_ref().is_err_and(Error::is_of_the_server) {
            self.state = State::Idle;
        }
        outcome
    }

    /// Makes it ready for another letter; `false` if it is not to be used again.
    pub(super) async fn settle(&mut self) -> bool {
        match self.state {
            State::Idle => true,
            State::Begun => self.ask(Rset).await.is_ok(),
            State::Over => false,
        }
    }

    fn commands(&self, envelope: &Envelope) -> Vec<String> {
        let mut parameters = Vec::new();
        // An address that is not ASCII (RFC 6531): a server that cannot take it says so.
        let addresses = envelope.from().into_iter().chain(envelope.to());
        let plain = addresses.map(AsRef::<str>::as_ref).all(str::is_ascii);
        if !plain && self.inner.server_info().supports_feature(Extension::SmtpUtfEight) {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let from = Mail::new(envelope.from().cloned(), parameters).to_string();
        let to = envelope.to().iter().map(|to| Rcpt::new(to.clone(), Vec::new()).to_string());
        std::iter::once(from).chain(to).chain([Data.to_string()]).collect()
    }

    async fn ask(&mut self, command: impl Display) -> Result<(), Error> {
        let answer = timeout(self.patience.answer, self.inner.command(command)).await;
        self.understood(answer.ok())
    }

    async fn hear(&mut self) -> Result<(), Error> {
        let answer = timeout(self.patience.answer, self.inner.read_response()).await;
        self.understood(answer.ok())
    }

    fn understood(&self, answer: Option<Result<Response, Failure>>) -> Result<(), Error> {
        let answer = answer.ok_or(Error::Silent(self.patience.answer))?;
        answer.map(drop).map_err(refusal)
    }
}

impl Error {
    /// Whether the server cannot be used, whatever the letter.
    pub(super) const fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Silent(_))
    }
}

/// The letter as it is sent: a line that begins with a point gets another (RFC 5321, 4.5.2), and a point alone ends it.
fn content(letter: &str) -> String {
    let stuffed = if letter.contains("\r\n.") {
        Cow::Owned(letter.replace("\r\n.", "\r\n.."))
    } else {
        Cow::Borrowed(letter)
    };
    let first = if letter.starts_with('.') { "." } else { "" };
    let last = if letter.ends_with("\r\n") { ".\r\n" } else { "\r\n.\r\n" };
    [first, &stuffed, last].concat()
}

fn refusal(failure: Failure) -> Error {
    match failure.status().map(u16::from) {
        // 421 says that the server closes; 530, 534, 535 and 538 ask who we are (RFC 4954): not the letter's fault.
        None | Some(421 | 530 | 534 | 535 | 538) => Error::Unreachable(failure),
        Some(_) if failure.is_permanent() => Error::Refused(failure),
        Some(_) => Error::Deferred(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::content;

    #[test]
    fn a_line_of_a_point_alone_does_not_end_a_letter() {
        assert_eq!(content("a\r\n.\r\n.\r\n..b\r\n"), "a\r\n..\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(content(".a"), "..a\r\n.\r\n");
        assert_eq!(content("a.\r\nb"), "a.\r\nb\r\n.\r\n");
    }
}
