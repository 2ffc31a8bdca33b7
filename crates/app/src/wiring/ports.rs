//! What one capability asks of another, answered here because neither knows the other.

use async_trait::async_trait;
use comporta_db::Tx;
use comporta_kernel::{CompanyId, Timestamp};
use comporta_ledger::Ledger;
use comporta_partners::OnCompanyCreated;

/// Every company has a ledger from its first moment.
#[derive(Debug)]
pub(super) struct OpensLedger(pub(super) Ledger);

#[async_trait]
impl OnCompanyCreated for OpensLedger {
    async fn company_created(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        at: Timestamp,
    ) -> Result<(), comporta_db::Error> {
        self.0.open_in(tx, company, at).await
    }
}
