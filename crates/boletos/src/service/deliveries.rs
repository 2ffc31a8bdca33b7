//! [`Deliveries`]: a letter to each payer, at most one for each step.
//!
//! A round goes once through a range of boletos. It claims a few letters at a time, sends them side by side, and writes
//! down what came of them together with the next claim. A letter is ours to send only by the commit that made it
//! `sending`; it is queued again only by whom it was sent by, who knows that nobody has it. Whose fate nobody knows is
//! `unknown`, and stays so until somebody asks for another letter.

mod round;
mod sender;

use std::sync::Arc;
use std::time::Duration;

use comporta_jobs::{EnqueueOptions, Queue, pause_after};
use comporta_kernel::{BusinessDate, Rng, Timestamp, TypedId as _, Uuid};
use comporta_mail::Mailer;
use tokio::sync::Semaphore;

use super::Boletos;
use crate::error::Error;
use crate::jobs::{DeliverBoleto, DeliverBoletos};
use crate::model::BoletoId;
use crate::store::Store;
use crate::store::delivery::IdRange;

pub(crate) use round::Round;

/// Rounds before a letter that nobody takes is given up: pauses double up to an hour, so about three days.
const ROUNDS: u32 = 100;

/// When a boleto's letter is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailWhen {
    /// When it is issued.
    #[default]
    Issued,
    /// When its bank has registered it.
    Registered,
}

/// How letters are sent.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryOptions {
    /// When.
    pub mail_when: MailWhen,
    /// Letters of this process that are claimed and not settled at once: what a crash leaves of unknown fate at most.
    pub in_flight: usize,
}

/// Brings boletos to their payers. Cheap to clone; clones share their places.
#[derive(Clone, Debug)]
pub struct Deliveries(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    boletos: Boletos,
    mailer: Mailer,
    rng: Rng,
    mail_when: MailWhen,
    places: Arc<Semaphore>,
}

/// Which attempt at which job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) job: Uuid,
    pub(crate) number: u32,
}

impl Deliveries {
    /// Deliveries of these boletos by this mailer.
    #[must_use]
    pub fn new(boletos: Boletos, mailer: Mailer, rng: Rng, options: DeliveryOptions) -> Self {
        let DeliveryOptions { mail_when, in_flight } = options;
        // At none: a rate does not see the first of a counter that begins with it.
        for outcome in ["sent", "deferred", "failed", "unknown"] {
            metrics::counter!("comporta_boleto_letters_total", "outcome" => outcome).increment(0);
        }
        let places = Arc::new(Semaphore::new(in_flight.clamp(1, Semaphore::MAX_PERMITS)));
        Self(Arc::new(Parts { boletos, mailer, rng, mail_when, places }))
    }

    fn store(&self) -> &dyn Store {
        self.0.boletos.store()
    }

    fn queue(&self) -> &Queue {
        &self.0.boletos.0.queue
    }

    fn now(&self) -> Timestamp {
        self.0.boletos.0.clock.now()
    }

    fn day_of(&self, instant: Timestamp) -> BusinessDate {
        self.0.boletos.day_of(instant)
    }

    /// Enqueues what comes after a job, in its last transaction; once, even if the job is run again after that.
    async fn enqueue_after(
        &self,
        tx: &mut comporta_db::Tx,
        attempt: Attempt,
        next: Round,
        pause: Duration,
    ) -> Result<(), Error> {
        let options = EnqueueOptions {
            run_at: Some(self.now() + pause),
            unique_key: Some(format!("after {}", attempt.job.simple())),
        };
        let IdRange { company, from, to } = next.range;
        let [begin, from, to] = [next.begin, from, to].map(BoletoId::from_uuid);
        if next.is_single {
            let job = DeliverBoleto { company_id: company, boleto: from, round: next.number };
            self.queue().enqueue_in(tx, &job, options).await?;
        } else {
            let Round { number: round, is_repeated, .. } = next;
            let job = DeliverBoletos { company_id: company, begin, from, to, round, is_repeated };
            self.queue().enqueue_in(tx, &job, options).await?;
        }
        Ok(())
    }

    /// Before the next round.
    fn pause(&self, number: u32) -> Duration {
        pause_after(number, &self.0.rng)
    }
}
