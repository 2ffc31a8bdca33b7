//! Brings a notice to people: to each by itself, so that nobody waits for another, and a few times if need be.

use std::collections::BTreeSet;
use std::time::Duration;

use comporta_kernel::{Causes, Clock};
use comporta_mail::Mailer;
use tokio::time::{sleep, timeout};

use crate::letter::{id, letter, payload};
use crate::model::Notice;
use crate::webhook::{Failure, Webhook};

/// Pauses before another attempt.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];
/// For all attempts to reach one receiver: less than a notice stays with a process.
const PATIENCE: Duration = Duration::from_secs(240);
/// What the webhook is called among the receivers; readers go by their addresses.
const WEBHOOK: &str = "webhook";

/// The ways to people.
#[derive(Clone, Debug)]
pub struct Channels {
    /// What the installation is called.
    pub installation: String,
    /// What letters leave by.
    pub mailer: Mailer,
    /// Who gets a letter.
    pub readers: Vec<String>,
    /// The webhook, if there is one.
    pub webhook: Option<Webhook>,
    /// The time.
    pub clock: Clock,
}

impl Channels {
    /// All who are to be told.
    pub(crate) fn receivers(&self) -> BTreeSet<String> {
        let webhook = self.webhook.as_ref().map(|_| WEBHOOK.to_owned());
        self.readers.iter().cloned().chain(webhook).collect()
    }

    /// Brings it to one of them; gives whether it is there, or may be.
    pub(crate) async fn bring(&self, notice: &Notice, receiver: &str) -> bool {
        let is_webhook = receiver == WEBHOOK;
        let bringing =
            async { if is_webhook { self.post(notice).await } else { self.mail(notice, receiver).await } };
        let outcome = timeout(PATIENCE, bringing).await.unwrap_or_else(|slow| Err(Failure::new(slow)));
        tell(if is_webhook { "webhook" } else { "mail" }, notice, &outcome);
        outcome.map_or_else(|failure| failure.may_have_arrived, |()| true)
    }

    async fn mail(&self, notice: &Notice, reader: &str) -> Result<(), Failure> {
        let number = self.readers.iter().position(|one| one == reader).unwrap_or_default();
        let (mailer, message) = (&self.mailer, &letter(notice, &self.installation, reader, number));
        let once = || async move {
            mailer.send(message).await.map_err(|error| {
                // The server may have it: nobody is to get two.
                let may_have_arrived = matches!(error, comporta_mail::Error::Unknown(_));
                let is_final = may_have_arrived || error.is_permanent();
                Failure { is_final, may_have_arrived, ..Failure::new(Causes(&error)) }
            })
        };
        attempt(once).await
    }

    async fn post(&self, notice: &Notice) -> Result<(), Failure> {
        let Some(webhook) = &self.webhook else { return Ok(()) };
        let (id, body) = (id(notice), payload(notice, &self.installation, self.clock.now()));
        attempt(|| webhook.send(&id, &body)).await
    }
}

/// Begins the counters at none: a rate does not see the first of a counter that begins with it.
pub(crate) fn begin_counts() {
    for (channel, outcome) in
        [("mail", "sent"), ("mail", "failed"), ("webhook", "sent"), ("webhook", "failed")]
    {
        count(channel, outcome, 0);
    }
}

fn count(channel: &'static str, outcome: &'static str, by: u64) {
    metrics::counter!("comporta_alerts_told_total", "channel" => channel, "outcome" => outcome).increment(by);
}

async fn attempt<Once>(once: impl Fn() -> Once + Send) -> Result<(), Failure>
where
    Once: Future<Output = Result<(), Failure>> + Send,
{
    for pause in PAUSES {
        match once().await {
            Err(failure) if !failure.is_final => sleep(pause).await,
            ended => return ended,
        }
    }
    once().await
}

fn tell(channel: &'static str, notice: &Notice, outcome: &Result<(), Failure>) {
    let (alert, kind) = (notice.condition.name(), notice.kind);
    match outcome {
        Ok(()) => {
            count(channel, "sent", 1);
            tracing::info!(alert, ?kind, channel, "people were told");
        }
        Err(Failure { reason, .. }) => {
            count(channel, "failed", 1);
            tracing::error!(alert, ?kind, channel, reason, "an alert could not be told");
        }
    }
}
