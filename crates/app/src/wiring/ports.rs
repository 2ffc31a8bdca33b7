//! What one capability asks of another, answered here because neither knows the other.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_boletos::{Beneficiaries, Beneficiary};
use comporta_db::Tx;
use comporta_http::Principal;
use comporta_identity::{Clients, ClientsUnavailable};
use comporta_kernel::{CompanyId, Timestamp};
use comporta_ledger::Ledger;
use comporta_partners::{KeyRing, OnCompanyCreated, Partners, Refusal};

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

/// An OAuth client is an API key: its id, and its text for a secret. From where its tokens may be used is looked at
/// with each use.
pub(super) struct KeysAsClients(pub(super) KeyRing);

#[async_trait]
impl Clients for KeysAsClients {
    async fn authenticate(
        &self,
        _: &str,
        secret: &str,
    ) -> Result<Option<Arc<Principal>>, ClientsUnavailable> {
        match self.0.authenticate_or_ask(secret, None).await {
            Ok(principal) => Ok(Some(principal)),
            Err(Refusal::CutOff) => Err(ClientsUnavailable),
            Err(_) => Ok(None),
        }
    }
}

/// Who issues boletos is a company.
#[derive(Debug)]
pub(super) struct CompaniesAsBeneficiaries(pub(super) Partners);

#[async_trait]
impl Beneficiaries for CompaniesAsBeneficiaries {
    async fn beneficiary(
        &self,
        company: CompanyId,
    ) -> Result<Beneficiary, Box<dyn std::error::Error + Send + Sync>> {
        let company = self.0.company(company).await?;
        Ok(Beneficiary {
            name: company.name.to_string(),
            document: company.document.map(|document| document.to_string()),
            address: company.address.map(|address| address.to_string()),
            email: company.email.map(|email| email.to_string()),
        })
    }
}
