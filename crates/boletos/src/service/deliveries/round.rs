//! A round through a range of boletos: each that is queued gets one attempt.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use comporta_db::Tx;
use comporta_kernel::{Causes, Uuid};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use super::sender::{Landed, Sender};
use super::{Attempt, Deliveries, MailWhen, ROUNDS};
use crate::error::Error;
use crate::model::DeliveryStatus;
use crate::store::delivery::{Claim, Claims, IdRange, Settled};

/// How long a job takes letters: then others have their turn, and a stop need not wait for a whole range.
const SLICE: Duration = Duration::from_secs(10);
/// How long outcomes are gathered before they are written down together.
const GATHER: Duration = Duration::from_millis(20);
/// Letters of a claim at most.
const AT_ONCE: usize = 128;
/// A database that fails is asked again after so long, for the outcomes are held nowhere else.
const PATIENCE: Duration = Duration::from_secs(1);
/// So many letters in a row that found no server: the rest would find none either.
const CUT_OFF: u32 = 16;

/// What is left of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    /// What has not been gone through yet.
    pub(crate) range: IdRange,
    /// Where the next round begins.
    pub(crate) begin: Uuid,
    /// From 1.
    pub(crate) number: u32,
    /// Whether a letter of it is to be tried again.
    pub(crate) is_repeated: bool,
    /// Whether it is about one boleto.
    pub(crate) is_single: bool,
}

/// A round on its way.
struct Flight<'a> {
    deliveries: &'a Deliveries,
    round: Round,
    sender: Sender,
    flying: JoinSet<Landed>,
    /// Outcomes that are not written down yet.
    landed: VecDeque<Landed>,
    /// Whether letters may be left.
    may_have_more: bool,
    /// Letters in a row that found no server.
    cut_off: u32,
    /// Why the last of them did not.
    reason: Option<String>,
    /// Whether a commit may have claimed letters that we do not know of.
    is_in_doubt: bool,
    until: Instant,
}

impl Deliveries {
    /// Goes through a range, or as much of it as a job has time for; what is left is enqueued.
    pub(crate) async fn deliver(&self, round: Round, attempt: Attempt) -> Result<(), Error> {
        if attempt.number > 1 {
            self.tell_of_lost(&round.range).await?;
        }
        let mut flight = Flight {
            deliveries: self,
            round,
            sender: Sender::new(self, round.range.company).await?,
            flying: JoinSet::new(),
            landed: VecDeque::new(),
            may_have_more: true,
            cut_off: 0,
            reason: None,
            is_in_doubt: false,
            until: Instant::now() + SLICE,
        };
        flight.fly().await;
        if flight.is_in_doubt {
            // What is queued again by that lies behind us.
            flight.round.is_repeated = true;
            self.tell_of_lost(&round.range).await?;
        }
        flight.end(attempt).await
    }

    /// Letters of a run that did not come to its end: whether they were sent is not known, unless sending them again makes
    /// them the same letter in the same place.
    async fn tell_of_lost(&self, range: &IdRange) -> Result<(), Error> {
        let (to, reason) = if self.0.mailer.replaces() {
            (DeliveryStatus::Queued, None)
        } else {
            (DeliveryStatus::Unknown, Some("the process that sent it ended"))
        };
        let mut tx = self.0.boletos.0.db.begin().await?;
        let moved = (DeliveryStatus::Sending, to);
        let lost = self.store().move_letters(&mut tx, range, moved, reason, self.now()).await?;
        tx.commit().await?;
        if lost > 0 && to == DeliveryStatus::Unknown {
            tracing::warn!(lost, company_id = %range.company, "letters were being sent when a process ended: whether they were sent is unknown");
            metrics::counter!("comporta_boleto_letters_total", "outcome" => "unknown").increment(lost);
        }
        Ok(())
    }
}

impl Flight<'_> {
    /// Sends until there is nothing left to send, the time is over, or no server is found.
    async fn fly(&mut self) {
        loop {
            let places = self.places().await;
            if !places.is_empty() || !self.landed.is_empty() {
                self.turn(places).await;
            }
            let Some(landed) = self.flying.join_next().await else {
                if self.landed.is_empty() && !self.may_claim() {
                    return;
                }
                continue;
            };
            self.land(landed.ok());
            self.gather().await;
        }
    }

    fn may_claim(&self) -> bool {
        self.may_have_more && self.cut_off < CUT_OFF && Instant::now() < self.until
    }

    /// Places for letters; waits for one only if there is nothing else to do.
    async fn places(&self) -> Vec<OwnedSemaphorePermit> {
        let mut places = Vec::new();
        if !self.may_claim() {
            return places;
        }
        let all = &self.deliveries.0.places;
        if self.flying.is_empty() && self.landed.is_empty() {
            places.extend(all.clone().acquire_owned().await.ok());
        }
        while places.len() < if self.round.is_single { 1 } else { AT_ONCE }
            && let Ok(place) = all.clone().try_acquire_owned()
        {
            places.push(place);
        }
        places
    }

    /// Writes down what came of letters and takes others, in one transaction, again and again until the database does it.
    async fn turn(&mut self, mut places: Vec<OwnedSemaphorePermit>) {
        let claims = loop {
            match self.try_turn(places.len()).await {
                Ok(claims) => break claims,
                Err(error) => {
                    self.is_in_doubt = true;
                    tracing::warn!(
                        error = %Causes(&error),
                        "outcomes of letters wait: the database fails"
                    );
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        };
        self.landed.clear();
        if claims.seen < places.len() {
            self.may_have_more = false;
        }
        if let Some(last) = claims.last {
            match next(last).filter(|next| *next <= self.round.range.to) {
                Some(next) => self.round.range.from = next,
                None => self.may_have_more = false,
            }
        }
        for claimed in claims.letters {
            let Some(place) = places.pop() else { break };
            self.flying.spawn(self.sender.clone().send(claimed, place));
        }
    }

    async fn try_turn(&self, limit: usize) -> Result<Claims, Error> {
        let Deliveries(parts) = self.deliveries;
        let (store, now) = (self.deliveries.store(), self.deliveries.now());
        let mut tx = parts.boletos.0.db.begin().await?;
        self.write_down(&mut tx).await?;
        let claims = if limit > 0 {
            let only_registered = parts.mail_when == MailWhen::Registered;
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let claim = Claim { range: self.round.range, only_registered, limit, at: now };
            store.claim_letters(&mut tx, &claim).await?
        } else {
            Claims::default()
        };
        tx.commit().await?;
        Ok(claims)
    }

    async fn write_down(&self, tx: &mut Tx) -> Result<(), Error> {
        if self.landed.is_empty() {
            return Ok(());
        }
        let settled: Vec<Settled> = self.landed.iter().map(|landed| landed.settled.clone()).collect();
        let company = self.round.range.company;
        self.deliveries.store().settle_letters(tx, company, &settled, self.deliveries.now()).await?;
        Ok(())
    }

    /// Outcomes that come shortly after the first.
    async fn gather(&mut self) {
        let end = tokio::time::Instant::now() + GATHER;
        while self.landed.len() < AT_ONCE {
            match tokio::time::timeout_at(end, self.flying.join_next()).await {
                Ok(Some(landed)) => self.land(landed.ok()),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Takes in what came of a letter; of one whose task was dropped nothing did, and it is found `sending`.
    fn land(&mut self, landed: Option<Landed>) {
        let Some(mut landed) = landed else {
            self.is_in_doubt = true;
            return;
        };
        self.cut_off = if landed.is_cut_off { self.cut_off + 1 } else { 0 };
        if landed.settled.status == DeliveryStatus::Queued {
            self.reason.clone_from(&landed.settled.error);
            self.round.is_repeated = true;
            if self.round.number >= ROUNDS {
                landed.settled.status = DeliveryStatus::Failed;
            }
        }
        self.landed.push_back(landed);
    }

    /// Enqueues what is left: of this round, or the next one.
    async fn end(self, attempt: Attempt) -> Result<(), Error> {
        let Self { deliveries, round, may_have_more, cut_off, reason, .. } = self;
        let is_cut_off = cut_off >= CUT_OFF;
        let is_last = round.number >= ROUNDS;
        let mut tx = deliveries.0.boletos.0.db.begin().await?;
        if may_have_more && !is_cut_off {
            deliveries.enqueue_after(&mut tx, attempt, round, Duration::ZERO).await?;
        } else if is_cut_off && is_last {
            let moved = (DeliveryStatus::Queued, DeliveryStatus::Failed);
            let now = deliveries.now();
            deliveries.store().move_letters(&mut tx, &round.range, moved, reason.as_deref(), now).await?;
        } else if round.is_repeated && !is_last {
            let range = IdRange { from: round.begin, ..round.range };
            let next = Round { range, number: round.number + 1, is_repeated: false, ..round };
            deliveries.enqueue_after(&mut tx, attempt, next, deliveries.pause(round.number)).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// The id after another.
fn next(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_add(1).map(Uuid::from_u128)
}
