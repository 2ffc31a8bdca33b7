//! One new invoice on its way.

use comporta_jobs::{Context, Job, JobError};
use serde::{Deserialize, Serialize};

use crate::{Bills, InvoiceId};

/// Has a new invoice billed.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendInvoice {
    pub(crate) invoice_id: InvoiceId,
}

impl Job for SendInvoice {
    const NAME: &'static str = "send_invoice";
    type State = Bills;

    async fn run(&self, context: &Context<Bills>) -> Result<(), JobError> {
        context.state.bill(self.invoice_id).await
    }
}
