//! Letters in the database: who is to get one, who is getting one, and what came of it.

use async_trait::async_trait;
use comporta_db::{Error, Tx};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};

use crate::model::{Boleto, BoletoId, DeliveryStatus, ImportId};

/// Boletos of a company whose ids follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdRange {
    pub(crate) company: CompanyId,
    /// The first id.
    pub(crate) from: Uuid,
    /// The last id.
    pub(crate) to: Uuid,
}

/// Which letters are to be sent now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) range: IdRange,
    /// Whether only boletos that their bank knows are sent.
    pub(crate) only_registered: bool,
    pub(crate) limit: u32,
    pub(crate) at: Timestamp,
}

/// A letter that is ours to send.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    /// As it stands from the claim on; its number of attempts tells this claim from any other.
    pub(crate) boleto: Boleto,
    /// How often its letter was asked for again.
    pub(crate) resends: u32,
}

/// What a claim gave.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// In the order of their ids.
    pub(crate) letters: Vec<Claimed>,
    /// The last id that was looked at, if there was one: also that of a boleto which nobody is to pay any more.
    pub(crate) last: Option<Uuid>,
    /// How many were looked at.
    pub(crate) seen: usize,
}

/// What came of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) id: BoletoId,
    /// The attempt that its claim counted.
    pub(crate) attempt: u32,
    /// `Sent`, `Failed` or `Unknown`; `Queued` for one that is to be tried again.
    pub(crate) status: DeliveryStatus,
    /// Why it was not sent.
    pub(crate) error: Option<String>,
}

#[async_trait]
pub(crate) trait Delivers: Send + Sync {
    /// Takes queued letters of a range, the first ones: nobody else gets them. Those of boletos that are not to be paid
    /// any more are taken off the queue.
    async fn claim_letters(&self, tx: &mut Tx, claim: &Claim) -> Result<Claims, Error>;
    /// Writes down what came of letters; gives of how many. Who lost a letter meanwhile, so that it is held to be of
    /// unknown fate, may still say what its fate is, but not queue it again.
    async fn settle_letters(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        settled: &[Settled],
        at: Timestamp,
    ) -> Result<u64, Error>;
    /// Takes letters of a range from one status to another; gives how many.
    async fn move_letters(
        &self,
        tx: &mut Tx,
        range: &IdRange,
        (from, to): (DeliveryStatus, DeliveryStatus),
        error: Option<&str>,
        at: Timestamp,
    ) -> Result<u64, Error>;
    /// The first ids of an import's chunks.
    async fn chunks_of(&self, tx: &mut Tx, company: CompanyId, import: ImportId) -> Result<Vec<Uuid>, Error>;
    /// Queues a boleto's letter again, as another letter.
    async fn queue_again(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: BoletoId,
        at: Timestamp,
    ) -> Result<(), Error>;
}

impl Claims {
    /// From the rows that a claim changed, in any order.
    pub(crate) fn of(mut rows: Vec<Claimed>) -> Self {
        rows.sort_by_key(|row| row.boleto.id);
        let (last, seen) = (rows.last().map(|row| row.boleto.id.uuid()), rows.len());
        rows.retain(|row| row.boleto.delivery.status == DeliveryStatus::Sending);
        Self { letters: rows, last, seen }
    }
}
