//! Asking for letters.

use comporta_http::Remembered;
use comporta_jobs::EnqueueOptions;
use comporta_kernel::{CompanyId, RequestKey};

use super::{Boletos, Outcome, PixCodes};
use crate::error::Error;
use crate::jobs::{DeliverBoleto, DeliverBoletos};
use crate::model::{Boleto, BoletoId, DeliveryStatus, ImportId, Status};

impl Boletos {
    /// Queues another letter for a boleto that is still to be paid: the answer to a letter of unknown fate, a mailbox that
    /// is there again, or a payer who has lost it. `answer` says what to remember under the request's key.
    pub(crate) async fn resend(
        &self,
        company: CompanyId,
        id: BoletoId,
        key: Option<&RequestKey>,
        answer: impl Fn(&Boleto, &PixCodes) -> Remembered + Send,
    ) -> Result<Outcome<(Boleto, PixCodes)>, Error> {
        // Its account never changes: what it says is read before others wait for us.
        let codes = self.pix_codes(company, &[self.find(company, id).await?]).await?;
        let mut tx = self.0.db.begin().await?;
        if let Some(key) = key
            && let Some(before) = self.0.idempotency.claim(&mut tx, company, key).await?
        {
            return Ok(Outcome::Repeated(before));
        }
        let boleto = self.store().boleto_to_change(&mut tx, company, id).await?;
        let mut boleto = boleto.ok_or(Error::NoSuchBoleto)?;
        if boleto.status != Status::Open {
            return Err(Error::NotOpen { status: boleto.status });
        }
        if boleto.payer.email.is_none() {
            return Err(Error::NoAddress);
        }
        if matches!(boleto.delivery.status, DeliveryStatus::Queued | DeliveryStatus::Sending) {
            return Err(Error::OnItsWay);
        }
        let now = self.0.clock.now();
        self.store().queue_again(&mut tx, company, id, now).await?;
        boleto.delivery.status = DeliveryStatus::Queued;
        boleto.delivery.last_error = None;
        boleto.updated_at = now;
        self.enqueue_letter(&mut tx, &boleto).await?;
        if let Some(key) = key {
            self.0.idempotency.remember(&mut tx, company, key, &answer(&boleto, &codes)).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done((boleto, codes)))
    }

    /// Enqueues the job that sends a boleto's letter, if that is queued.
    pub(super) async fn enqueue_letter(
        &self,
        tx: &mut comporta_db::Tx,
        boleto: &Boleto,
    ) -> Result<(), Error> {
        if boleto.delivery.status == DeliveryStatus::Queued {
            let job = DeliverBoleto::new(boleto.company_id, boleto.id);
            self.0.queue.enqueue_in(tx, &job, EnqueueOptions::default()).await?;
        }
        Ok(())
    }

    /// Enqueues the jobs that send what an import has issued, one for each chunk; once.
    pub(super) async fn enqueue_letters_of(
        &self,
        tx: &mut comporta_db::Tx,
        company: CompanyId,
        import: ImportId,
    ) -> Result<(), Error> {
        for first_id in self.store().chunks_of(tx, company, import).await? {
            let unique_key = Some(first_id.simple().to_string());
            let options = EnqueueOptions { unique_key, ..EnqueueOptions::default() };
            self.0.queue.enqueue_in(tx, &DeliverBoletos::of_chunk(company, first_id), options).await?;
        }
        Ok(())
    }
}
