//! Brings a notice to people: by every way that there is, each tried a few times.

use std::time::Duration;

use comporta_kernel::Clock;
use comporta_mail::Mailer;
use tokio::time::{sleep, timeout};

use crate::letter::{id, letter, payload};
use crate::model::Notice;
use crate::webhook::{Failure, Webhook};

/// Pauses before another attempt.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];
/// All of it: less than a notice stays with a process.
const PATIENCE: Duration = Duration::from_secs(240);

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
    /// Brings it; gives whether anybody has got it.
    pub(crate) async fn bring(&self, notice: &Notice) -> bool {
        let letters = async {
            let mut arrived = false;
            for (number, reader) in self.readers.iter().enumerate() {
                arrived |= self.mail(notice, reader, number).await;
            }
            arrived
        };
        let bringing = async { tokio::join!(letters, self.post(notice)) };
        timeout(PATIENCE, bringing).await.is_ok_and(|(mailed, posted)| mailed || posted)
    }

    async fn mail(&self, notice: &Notice, reader: &str, number: usize) -> bool {
        let (mailer, message) = (&self.mailer, &letter(notice, &self.installation, reader, number));
        let once = || async move {
            match mailer.send(message).await {
                Ok(()) => Ok(()),
                // The server may have it: nobody is to get two.
                Err(error @ comporta_mail::Error::Unknown(_)) => {
                    Err(Failure { reason: error.to_string(), is_final: true })
                }
                Err(error) => Err(Failure { is_final: error.is_permanent(), reason: error.to_string() }),
            }
        };
        tell("mail", notice, attempt(once).await)
    }

    async fn post(&self, notice: &Notice) -> bool {
        let Some(webhook) = &self.webhook else { return false };
        let (id, body) = (id(notice), payload(notice, &self.installation, self.clock.now()));
        tell("webhook", notice, attempt(|| webhook.send(&id, &body)).await)
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

fn tell(channel: &'static str, notice: &Notice, outcome: Result<(), Failure>) -> bool {
    let alert = notice.condition.name();
    match &outcome {
        Ok(()) => count(channel, "sent", 1),
        Err(Failure { reason, .. }) => {
            count(channel, "failed", 1);
            tracing::error!(alert, channel, reason, "an alert could not be told");
        }
    }
    outcome.is_ok()
}
