//! Sends boletos to their payers: those of a chunk, or one.

use comporta_jobs::{Context, Job, JobError};
use comporta_kernel::{CompanyId, TypedId as _, Uuid};
use serde::{Deserialize, Serialize};

use crate::model::{BoletoId, chunk_ids};
use crate::service::{Attempt, Deliveries, Round};
use crate::store::delivery::IdRange;

/// Sends the queued boletos of a range of ids, for some seconds; what is left it enqueues. A run that comes after one that
/// did not end says so of the letters that were being sent: it does not send them.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeliverBoletos {
    pub(crate) company_id: CompanyId,
    /// Where each round begins.
    pub(crate) begin: BoletoId,
    /// Where this one goes on.
    pub(crate) from: BoletoId,
    pub(crate) to: BoletoId,
    /// From 1.
    pub(crate) round: u32,
    /// Whether there are letters for another round.
    pub(crate) is_repeated: bool,
}

/// Sends one boleto, as soon as others let it.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeliverBoleto {
    pub(crate) company_id: CompanyId,
    pub(crate) boleto: BoletoId,
    /// From 1.
    pub(crate) round: u32,
}

impl DeliverBoletos {
    /// Those of a chunk.
    pub(crate) fn of_chunk(company_id: CompanyId, first_id: Uuid) -> Self {
        let (from, to) = chunk_ids(first_id);
        let (from, to) = (BoletoId::from_uuid(from), BoletoId::from_uuid(to));
        Self { company_id, begin: from, from, to, round: 1, is_repeated: false }
    }
}

impl DeliverBoleto {
    pub(crate) fn new(company_id: CompanyId, boleto: BoletoId) -> Self {
        Self { company_id, boleto, round: 1 }
    }
}

impl Job for DeliverBoletos {
    const NAME: &'static str = "deliver_boletos";
    /// Giving up is the letters' own business: what is left of a run that died is always to be told.
    const ATTEMPTS: u32 = u32::MAX;
    /// One keeps all connections busy; the second does while the first waits for its last letters.
    const AT_ONCE: usize = 2;
    type State = Deliveries;

    async fn run(&self, context: &Context<Deliveries>) -> Result<(), JobError> {
        let range = IdRange { company: self.company_id, from: self.from.uuid(), to: self.to.uuid() };
        let (number, is_repeated) = (self.round, self.is_repeated);
        let round = Round { range, begin: self.begin.uuid(), number, is_repeated, is_single: false };
        deliver(context, round).await
    }
}

impl Job for DeliverBoleto {
    const NAME: &'static str = "deliver_boleto";
    const ATTEMPTS: u32 = u32::MAX;
    const AT_ONCE: usize = 4;
    type State = Deliveries;

    async fn run(&self, context: &Context<Deliveries>) -> Result<(), JobError> {
        let id = self.boleto.uuid();
        let range = IdRange { company: self.company_id, from: id, to: id };
        let round = Round { range, begin: id, number: self.round, is_repeated: false, is_single: true };
        deliver(context, round).await
    }
}

async fn deliver(context: &Context<Deliveries>, round: Round) -> Result<(), JobError> {
    let attempt = Attempt { job: context.id, number: context.attempt };
    context.state.deliver(round, attempt).await.map_err(JobError::retry)
}
